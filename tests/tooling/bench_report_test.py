#!/usr/bin/env python3
"""No workload is missing from a report without a word: each has figures, or a reason why not."""

import argparse
import contextlib
import io
import json
import os
import sys
import tempfile
import unittest
from unittest import mock

sys.dont_write_bytecode = True
ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "bench"))

import run as bench  # noqa: E402


def figures(name, spec, *_):
    """As measure.run_workload() answers, without a variant that ran."""
    return {"name": name, "summary": spec["summary"], "iteration": "", "iterations_per_sample": 1,
            "rounds": 1, "skipped": [], "variants": [{"name": "spargio"}]}


class Reports(unittest.TestCase):
    def setUp(self):
        with open(os.path.join(ROOT, "bench", "workloads.json"), encoding="utf-8") as file:
            self.specs = json.load(file)

    def report(self, measured, served):
        """Of all workloads, when measuring and serving them goes like that."""
        with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stand_in:
            for module, name, does in (
                    (bench.drive, "make_blocks", mock.DEFAULT), (bench.drive, "EchoPeer", mock.DEFAULT),
                    (bench.drive, "catalogue", mock.DEFAULT), (bench.load, "Generator", mock.DEFAULT),
                    (bench.machine, "describe", lambda *_: {}), (bench.measure, "run_workload", measured),
                    (bench.redis, "run_workloads", served), (bench.table, "text", lambda _: "")):
                stand_in.enter_context(mock.patch.object(module, name, does)
                                       if does is not mock.DEFAULT else mock.patch.object(module, name))
            stand_in.enter_context(contextlib.redirect_stdout(io.StringIO()))
            args = argparse.Namespace(out=folder, build=folder, realtime=False, smoke=True)
            return bench.run_all(args, self.specs)

    def test_every_workload_has_figures_when_all_is_there(self):
        report, failures = self.report(figures, lambda name, spec, *_: [figures(name, spec)])
        self.assertEqual(list(self.specs), [workload["name"] for workload in report["workloads"]])
        self.assertEqual(({}, []), (report["missing"], failures))

    def test_what_is_not_built_is_said(self):
        report, failures = self.report(lambda *a: {**figures(*a), "variants": []}, lambda *_: [])
        self.assertEqual(set(self.specs), set(report["missing"]))
        self.assertEqual([], failures)

    def test_what_fails_is_said_and_fails_the_run(self):
        def fail(name, *_):
            raise bench.drive.VariantError(f"{name}: broken")

        report, failures = self.report(fail, fail)
        self.assertEqual({name: f"{name}: broken" for name in self.specs}, report["missing"])
        self.assertEqual(len(self.specs), len(failures))


if __name__ == "__main__":
    unittest.main()
