"""Starts the examples of this folder, and ends them."""

import contextlib
import pathlib
import resource
import subprocess
import sys

PROGRAMS = pathlib.Path(sys.argv[1])
HELLO = sys.argv[2]


@contextlib.contextmanager
def running(*command, descriptors=1024, errors=None):
    """The server, and what its first line says last: a port or a path."""
    server = subprocess.Popen(
        [str(c) for c in command], stdout=subprocess.PIPE, stderr=errors, text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors)))
    try:
        yield server.stdout.readline().strip().replace(":", " ").rsplit(" ", 1)[1]
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


def pattern(size):
    """Bytes that differ from place to place."""
    return bytes((i * 31 >> 3) % 256 for i in range(size))
