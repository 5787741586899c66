#!/usr/bin/env python3
"""The scripts are understood wherever they are called from, and refuse what they do not know before
they install, build or run anything."""

import os
import shutil
import signal
import subprocess
import tempfile
import unittest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
SCRIPTS = ["demo", "test", "bench", "check"]


def call(*command, cwd=ROOT, env=None):
    # One that does not refuse begins to build: it is ended, with what it started.
    started = subprocess.Popen(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, start_new_session=True,
                               env=env)
    try:
        output, _ = started.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        os.killpg(started.pid, signal.SIGKILL)
        return "went on", started.communicate()[0]
    return started.returncode, output


class Scripts(unittest.TestCase):
    def expect_help(self, name, *command, cwd=ROOT):
        with self.subTest(command):
            code, output = call(*command, "--help", cwd=cwd)
            self.assertEqual(0, code, output)
            self.assertIn(f"  scripts/{name}", output)
            self.assertNotIn("No such file", output)

    def expect_refusal(self, reason, *command):
        with self.subTest(command):
            code, output = call(*command)
            self.assertNotIn(code, (0, "went on"), output)
            self.assertIn(reason, output)
            self.assertNotIn("== preparing", output)

    def test_help_from_any_folder(self):
        for name in SCRIPTS:
            self.expect_help(name, f"scripts/{name}")
            self.expect_help(name, f"./{name}", cwd=os.path.join(ROOT, "scripts"))
            self.expect_help(name, os.path.join(ROOT, "scripts", name), cwd="/")

    def test_help_through_a_link(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in SCRIPTS:
                os.symlink(os.path.join(ROOT, "scripts", name), os.path.join(folder, name))
                self.expect_help(name, f"./{name}", cwd=folder)

    def test_what_nobody_knows_is_refused_at_once(self):
        self.expect_refusal("no such option: --no-such", "scripts/demo", "--no-such")
        self.expect_refusal("no such option: --no-such", "scripts/check", "--no-such")
        self.expect_refusal("--san=no_such: ", "scripts/test", "--san=no_such")
        self.expect_refusal("no such option: --sna=thread", "scripts/test", "--sna=thread")
        self.expect_refusal("unknown workload: no_such", "scripts/bench", "no_such")
        self.expect_refusal("unknown variant: no_such", "scripts/bench", "--only=no_such")
        self.expect_refusal("unrecognized arguments: --no-such", "scripts/bench", "--no-such")
        self.expect_refusal("--rounds: at least 1", "scripts/bench", "--rounds=0")
        self.expect_refusal("no such file: no_such", "scripts/bench", "--guard=no_such")

    def test_an_option_of_ctest_goes_on_to_it(self):
        for option in ("--repeat", "--rerun-failed", "--verbose", "--timeout", "--no-tests=error"):
            self.assertIn("--san=no_such: ", call("scripts/test", option, "--san=no_such")[1])


class OwnTree(unittest.TestCase):
    """The scripts in a tree of their own where nothing is built and ctest tells its arguments."""

    STANDS_IN = {"cmake": "exit 0", "dpkg-query": "printf installed", "apt-get": "exit 1",
                 "ctest": '[ "$1" = --help ] && exec REAL --help; printf "<%s>" "$@"'}

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.tree = folder.name
        shutil.copytree(os.path.join(ROOT, "scripts"), os.path.join(self.tree, "scripts"))
        programs = os.path.join(self.tree, "programs")
        os.mkdir(programs)
        for name, does in self.STANDS_IN.items():
            path = os.path.join(programs, name)
            with open(path, "w", encoding="utf-8") as script:
                script.write(f"#!/bin/sh\n{does}\n".replace("REAL", shutil.which("ctest")))
            os.chmod(path, 0o755)
        self.env = dict(os.environ, PATH=f"{programs}:{os.environ['PATH']}")


class Packages(OwnTree):
    def test_who_configures_the_examples_asks_for_their_packages(self):
        for name in SCRIPTS:
            with self.subTest(name):
                _, output = call(f"scripts/{name}", cwd=self.tree, env=self.env)
                for package in ("libboost-dev", "libcli11-dev", "libssl-dev"):
                    self.assertRegex(output, f"packages present: .*{package}")


    def test_what_stands_beside_the_programs_in_tests_is_asked_for(self):
        _, output = call("scripts/test", cwd=self.tree, env=self.env)
        for package in ("socat", "curl", "bind9-dnsutils", "redis-tools", "redis-server"):
            self.assertRegex(output, rf"packages present: .*\b{package}\b")


class WhatCtestIsAsked(OwnTree):
    def expect_asked(self, asked, *arguments):
        with self.subTest(arguments):
            code, output = call("scripts/test", *arguments, cwd=self.tree, env=self.env)
            self.assertEqual(0, code, output)
            self.assertTrue(output.endswith(asked), output)

    def test_a_word_is_part_of_a_name(self):
        self.expect_asked("<-R><Cancel>", "Cancel")
        self.expect_asked("<-R><Cancel|net/Tcp>", "Cancel", "net/Tcp")
        self.expect_asked("<--verbose><-LE><stress><-R><Cancel>", "--verbose", "Cancel", "-LE",
                          "stress")

    def test_the_value_of_an_option_is_no_word(self):
        for arguments in (("-R", "Cancel"), ("-L", "net", "-E", "Storm"), ("-j", "4"),
                          ("--repeat", "until-fail:10"), ("--timeout", "5"), ("-I", "1,3")):
            self.expect_asked("".join(f"<{each}>" for each in arguments), *arguments)

    def test_names_are_chosen_in_one_way(self):
        code, output = call("scripts/test", "-R", "Cancel", "Timer", cwd=self.tree, env=self.env)
        self.assertNotEqual(0, code)
        self.assertIn("Timer: names are chosen by -R already", output)
        self.assertNotIn("== preparing", output)


if __name__ == "__main__":
    unittest.main()
