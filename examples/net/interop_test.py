"""The examples and the tools everybody has: socat over TCP, UDP and Unix sockets, curl for a file."""

import pathlib
import shutil
import subprocess
import sys
import tempfile

from harness import pattern, running

PROGRAMS, HELLO = pathlib.Path(sys.argv[1]), sys.argv[2]

MISSING = [tool for tool in ("socat", "curl") if shutil.which(tool) is None]
if MISSING:
    print("not installed:", *MISSING)
    sys.exit(77)


def through(command, said=b""):
    done = subprocess.run(command, input=said, capture_output=True, timeout=30, check=True)
    return done.stdout


def socat_echoes(target, said, *options):
    heard = through(["socat", "-t", "10", *options, "-", target], said)
    assert heard == said, f"{target}: {len(heard)} of {len(said)} bytes came back"


with tempfile.TemporaryDirectory() as scratch:
    folder = pathlib.Path(scratch)
    with running(HELLO) as port:
        socat_echoes(f"TCP:127.0.0.1:{port}", pattern(1_000_000))
    with running(PROGRAMS / "net_udp_echo") as port:
        # A datagram has no end: one answer, and socat is content.
        with subprocess.Popen(["socat", "-b", "65507", "-", f"UDP:127.0.0.1:{port}"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE) as talk:
            for size in (5, 1472, 60_000):
                talk.stdin.write(pattern(size))
                talk.stdin.flush()
                heard = b""
                while len(heard) < size:
                    heard += talk.stdout.read1(65536)
                assert heard == pattern(size)
            talk.kill()
    with running(PROGRAMS / "net_pass_descriptor", folder / "socket") as path:
        socat_echoes(f"UNIX-CONNECT:{path}", pattern(200_000))
    file = folder / "file"
    file.write_bytes(pattern(500_000))
    with running(PROGRAMS / "net_send_file", file) as port:
        assert through(["curl", "-s", "-S", "-m", "20", f"http://127.0.0.1:{port}/"]) == file.read_bytes()
