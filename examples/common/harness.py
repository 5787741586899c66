"""Starts the examples, and ends them."""

import contextlib
import resource
import signal
import subprocess
import time


@contextlib.contextmanager
def running(*command, descriptors=1024, errors=None, interrupted=None, **options):
    """The server, and what its first line says last: a port or a path. `interrupted`: with what it
    ends when Ctrl-C comes; without it is killed."""
    server = subprocess.Popen(
        [str(c) for c in command], stdout=subprocess.PIPE, stderr=errors, text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors)),
        **options)
    try:
        yield server.stdout.readline().strip().replace(":", " ").rsplit(" ", 1)[1]
        if interrupted is not None:
            server.send_signal(signal.SIGINT)
            ended = server.wait(timeout=30)
            assert ended == interrupted, f"{command} ended with {ended}"
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


def run(*command, status=0, **options):
    """What a program that ends with `status` says, on standard output and on standard error."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=40,
                          **options)
    assert done.returncode == status, f"{command}: {done.returncode}, {done.stdout}{done.stderr}"
    return done.stdout, done.stderr


def refuses(program, *bad):
    """Each of `bad` is a line of arguments, and what is said about them; --help is answered."""
    said, _ = run(program, "--help")
    usage = said.splitlines()[0]
    for arguments, why in bad:
        _, said = run(program, *arguments.split(), status=2)
        assert why in said and f"usage: {usage}\n" in said, said


def wait_for(condition):
    """Until it holds; that it never will is an error."""
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.002)


def pattern(size):
    """Bytes that differ from place to place."""
    # It repeats itself after 2048.
    row = bytes((i * 31 >> 3) % 256 for i in range(2048))
    return row * (size // len(row)) + row[:size % len(row)]
