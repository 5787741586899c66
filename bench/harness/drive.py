"""Starts variants, sends them commands, reads their answers."""

import json
import os
import select
import subprocess
import time

# Executable of each variant; all variants of one executable run as separate processes.
EXECUTABLES = ["spargio", "tokio", "asio", "asio_uring", "tbb", "limit"]
COMMAND_TIMEOUT_S = 10


class VariantError(Exception):
    pass


def parsed(who, line):
    """A JSON line as a dictionary; one that tells of an error is raised."""
    try:
        answer = json.loads(line)
    except ValueError:
        raise VariantError(f"{who}: not JSON: {line[:200]!r}") from None
    if "error" in answer:
        raise VariantError(f"{who}: {answer['error']}")
    return answer


class Process:
    """One executable, asked one command at a time. It blocks on its standard input in between."""

    def __init__(self, path, arguments=()):
        self.path = path
        self.child = subprocess.Popen([path, *arguments], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE)
        self.pending = b""

    def ask(self, command, timeout):
        try:
            self.child.stdin.write(command.encode() + b"\n")
            self.child.stdin.flush()
        except BrokenPipeError:
            raise VariantError(f"{self.path}: ended early, status {self.child.wait()}") from None
        return self.answer(timeout)

    def answer(self, timeout):
        return parsed(os.path.basename(self.path), self._line(timeout))

    def _line(self, timeout):
        deadline = time.monotonic() + timeout
        while b"\n" not in self.pending:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.child.stdout], [], [], left)[0]:
                self.child.kill()
                raise VariantError(f"{self.path}: no answer within {timeout:.0f} s")
            chunk = os.read(self.child.stdout.fileno(), 1 << 16)
            if not chunk:
                raise VariantError(f"{self.path}: ended early, status {self.child.wait()}")
            self.pending += chunk
        line, self.pending = self.pending.split(b"\n", 1)
        return line

    def close(self):
        try:
            self.child.stdin.close()
            self.child.wait(timeout=10)
        except (BrokenPipeError, subprocess.TimeoutExpired):
            self.child.kill()
            self.child.wait()
        self.child.stdout.close()


def locate(build):
    """{name: path} of the executables that exist below a build directory."""
    found = {}
    for name in EXECUTABLES:
        for path in (f"{build}/bench_{name}", f"{build}/{name}/release/bench_{name}"):
            if os.access(path, os.X_OK):
                found[name] = path
    return found


def catalogue(executables, arguments):
    """{(workload, variant): {path, waits, pins}} as the executables themselves tell it."""
    rows = {}
    for path in executables.values():
        process = Process(path, arguments)
        try:
            row = process.ask("list", 10)
            while "end" not in row:
                rows[row["workload"], row["variant"]] = {**row, "path": path}
                row = process.answer(10)
        finally:
            process.close()
    return rows


class EchoPeer:
    """bench_peer, the blocking other end of the client-side socket workloads."""

    def __init__(self, build):
        self.child = subprocess.Popen([f"{build}/bench_peer"], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE)
        self.port = int(self.child.stdout.readline())

    def close(self):
        self.child.stdin.close()
        self.child.wait(timeout=10)
        self.child.stdout.close()


def make_blocks(path):
    """The 16 MiB file of bench/common/file_blocks.hpp; reading it back puts it in page cache."""
    size = 16 << 20
    if not os.path.exists(path) or os.path.getsize(path) != size:
        filler = bytes((i * 131 + (i >> 8) * 17) & 0xFF for i in range(4096 - 16))
        with open(path + ".new", "wb") as file:
            for block in range(4096):
                file.write((block * 0x9E3779B97F4A7C15 & (1 << 64) - 1).to_bytes(8, "little"))
                file.write(filler)
                file.write((~block * 0xBF58476D1CE4E5B9 & (1 << 64) - 1).to_bytes(8, "little"))
            file.flush()
            os.fsync(file.fileno())
        os.replace(path + ".new", path)
    with open(path, "rb") as file:
        while file.read(1 << 20):
            pass
