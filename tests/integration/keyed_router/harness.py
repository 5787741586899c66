"""A server for each test, and a client that speaks the protocol by hand."""

import os
import re
import shutil
import signal
import socket
import subprocess
import unittest

PROGRAM = None
PATIENCE_S = 60


class Server:
    def __init__(self, *options):
        self.child = subprocess.Popen(
            [PROGRAM, "--listen", "127.0.0.1:0", "--shards", "2", *options],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.child.stdout.readline()
        match = re.fullmatch(r"listening on 127\.0\.0\.1:(\d+), \d+ shards\n", line)
        if not match:
            raise AssertionError(f"it says {line!r} {self.child.stderr.read()!r}")
        self.port = int(match.group(1))

    def stop(self, signum=signal.SIGINT):
        """Its exit code and what it said."""
        self.child.send_signal(signum)
        out, err = self.child.communicate(timeout=PATIENCE_S)
        return self.child.returncode, out + err

    def kill(self):
        if self.child.poll() is None:
            self.child.kill()
        self.child.communicate()

    def resident_bytes(self):
        with open(f"/proc/{self.child.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")

    def most_resident_bytes(self):
        """The most it ever was."""
        with open(f"/proc/{self.child.pid}/status", encoding="ascii") as file:
            return int(re.search(r"VmHWM:\s*(\d+) kB", file.read()).group(1)) * 1024


class Client:
    """One connection. Replies are read as Python values: bytes, int, None, list; an error is an
    Error."""

    def __init__(self, server, receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(PATIENCE_S)
        self.socket.connect(("127.0.0.1", server.port))
        self.file = self.socket.makefile("rb")

    def send(self, *requests):
        self.socket.sendall(b"".join(encoded(request) for request in requests))

    def send_raw(self, data):
        self.socket.sendall(data)

    def ask(self, *words):
        self.send(words)
        return self.reply()

    def reply(self):
        line = self.file.readline()
        if not line:
            raise EOFError("the connection ended")
        kind, text = line[:1], line[1:-2]
        if kind == b"+":
            return text
        if kind == b"-":
            return Error(text.decode())
        if kind == b":":
            return int(text)
        if kind == b"$":
            if text == b"-1":
                return None
            data = self.file.read(int(text) + 2)
            return data[:-2]
        if kind == b"*":
            return [self.reply() for _ in range(int(text))]
        raise AssertionError(f"not a reply: {line!r}")

    def at_end(self):
        return self.file.read(1) == b""

    def close(self):
        self.file.close()
        self.socket.close()


class Error(str):
    pass


def encoded(words):
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        data = word if isinstance(word, bytes) else str(word).encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(data), data))
    return b"".join(parts)


class ServedTest(unittest.TestCase):
    options = ()

    def setUp(self):
        self.server = Server(*self.options)
        self.addCleanup(self.server.kill)

    def client(self, **settings):
        made = Client(self.server, **settings)
        self.addCleanup(made.close)
        return made

    def need(self, program):
        if not shutil.which(program):
            self.skipTest(f"{program} is not installed")
