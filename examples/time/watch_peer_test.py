"""Watches a server that is there, that goes, and that was never there; for a while, or until Ctrl-C."""

import signal
import socket
import subprocess
import sys

from harness import refuses, run

PROGRAM = sys.argv[1]


def listen(port=0):
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("127.0.0.1", port))
    server.listen(1024)
    return server, "127.0.0.1:%d" % server.getsockname()[1]


# The whole while, on any policy; a look takes part of a period, so most ticks have one.
server, address = listen()
for policy in ("burst", "delay", "skip"):
    said, _ = run(PROGRAM, address, 1, 60_000, 300, policy)
    assert said == "look 1: there\nwatched for 300 ms\n", said

# It goes, and is missed; it was never there.
watching = subprocess.Popen([PROGRAM, address, "5", "400", "600000"], stdout=subprocess.PIPE, text=True)
assert watching.stdout.readline() == "look 1: there\n"
server.close()
line = watching.stdout.readline()
assert line.startswith("look ") and line.endswith(": Connection refused\n"), line
assert watching.stdout.readline() == "not there for 400 ms\n"
assert watching.wait(30) == 3
said, _ = run(PROGRAM, address, 20, 100, 600_000, status=3)
assert said == "look 1: Connection refused\nnot there for 100 ms\n", said

# Each look that succeeds sets the watchdog back: it does not bark although much more time passes.
server, address = listen(int(address.rsplit(":", 1)[1]))
said, _ = run(PROGRAM, address, 20, 1000, 2500)
assert said == "look 1: there\nwatched for 2500 ms\n", said

watching = subprocess.Popen([PROGRAM, address, "5", "60000", "600000"], stdout=subprocess.PIPE, text=True)
assert watching.stdout.readline() == "look 1: there\n"
# Stopped for many periods, which are made up for or left out; then asked to end.
watching.send_signal(signal.SIGSTOP)
watching.send_signal(signal.SIGCONT)
watching.send_signal(signal.SIGINT)
assert watching.wait(30) == 130
server.close()

with open("/dev/full", "w", encoding="ascii") as full:
    done = subprocess.run([PROGRAM, address, "20", "60000", "50"], stdout=full, stderr=subprocess.PIPE,
                          timeout=30, text=True)
    assert done.returncode == 1 and "standard output" in done.stderr, done

refuses(PROGRAM, ("127.0.0.1:1 1 1", "too few"), ("localhost:1 1 1 1", "'localhost:1'"),
        ("127.0.0.1:1 0 1 1", "'0'"), ("127.0.0.1:1 1 x 1", "'x'"), ("127.0.0.1:1 1 1 -1", "'-1'"),
        ("127.0.0.1:1 1 1 1 often", "'often' is not burst"))
