"""Starts the real server and looks at what it leaves behind."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import time
import unittest

from wire import Client

PROGRAMS = {}  # "server" and "client", set by run.py
WORK = None  # a directory of this run, set by run.py
PATIENCE_S = 30


def eventually(condition, what, patience=PATIENCE_S):
    """Waits for something that must come; fails when it does not."""
    end = time.monotonic() + patience
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"did not happen in {patience} s: {what}")
        time.sleep(0.005)


def shard_rows(report):
    """What the server's report says of its shards: a dictionary of numbers each."""
    lines = iter(report.splitlines())
    for line in lines:
        if line.startswith("shard  sessions"):
            break
    names = ("shard", "sessions", "files", "megabytes", "errors", "vanished", "cut_off")
    rows = []
    for line in lines:
        if line.startswith("shard"):
            break
        rows.append(dict(zip(names, map(float, line.split()), strict=True)))
    return rows


class Server:
    def __init__(self, store, *arguments, program=None, listen="127.0.0.1:0", **how):
        self.store = pathlib.Path(store)
        command = [program or PROGRAMS["server"], "--listen", listen, "--store", str(store)]
        self.process = subprocess.Popen(
            command + list(arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **how,
        )
        self.first_line = self.process.stdout.readline()
        found = re.match(r"listening on 127\.0\.0\.1:(\d+), ", self.first_line)
        if not found:
            out, err = self.process.communicate(timeout=PATIENCE_S)
            raise AssertionError(f"no start: {self.first_line}{out}{err}")
        self.port = int(found[1])

    def client(self):
        return Client(self.port)

    def stored(self):
        """What the store holds, hidden files too."""
        return {p.name: p.read_bytes() for p in self.store.iterdir()}

    def unfinished(self):
        return [p.name for p in self.store.iterdir() if p.name.startswith(".")]

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")")[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def interrupt(self, number=signal.SIGINT):
        self.process.send_signal(number)

    def wait(self):
        """Returns (exit code, standard output, standard error) of a server that ends."""
        out, err = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, out, err

    def stop(self):
        if self.process.poll() is None:
            self.interrupt()
        try:
            return self.wait()
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise AssertionError("the server does not end after SIGINT") from None


class IngestTest(unittest.TestCase):
    """Each test has a directory of its own, empty, and ends with a server that ends cleanly."""

    def setUp(self):
        self.work = pathlib.Path(WORK) / self.id().replace("/", "_")
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True)
        self.servers = []
        self.addCleanup(self.end_servers)

    def start(self, *arguments, store=None, **how):
        if store is None:
            store = self.work / "store"
            store.mkdir(exist_ok=True)
        server = Server(store, *arguments, **how)
        self.servers.append(server)
        return server

    def end_servers(self):
        for server in self.servers:
            if server.process.returncode is None:
                code, _, err = server.stop()
                self.assertEqual((code, err), (0, ""))
                self.assertEqual(server.unfinished(), [])

    def stop(self, server):
        """Ends the server and returns its report."""
        code, out, err = server.stop()
        self.assertEqual((code, err), (0, ""))
        return out

    def run_to_end(self, *arguments, **how):
        """Runs the server where it must not start. Returns (exit code, standard error)."""
        done = subprocess.run(
            [PROGRAMS["server"], *arguments],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
            **how,
        )
        self.assertEqual(done.stdout, "")
        return done.returncode, done.stderr

    def assert_serves(self, server, name="still-serving"):
        with server.client() as client:
            self.assertEqual(client.store(name, b"still here"), "ok")
        self.assertEqual((server.store / name).read_bytes(), b"still here")
