"""The calculator's own check, its conversation over TCP, and what it refuses."""

import socket
import sys

from harness import refuses, run, running

PROGRAM = sys.argv[1]


def hear(client, what):
    heard = b""
    while len(heard) < len(what):
        more = client.recv(len(what) - len(heard))
        assert more, f"the connection ended after {heard}"
        heard += more
    assert heard == what, heard


def connect(port):
    client = socket.create_connection(("127.0.0.1", int(port)), timeout=20)
    hear(client, b"calculator 1\n")
    return client


said, _ = run(PROGRAM, "--check")
assert said == "1000 questions were answered right\n", said

with running(PROGRAM, "127.0.0.1:0", interrupted=0) as port:
    client = connect(port)
    # In pieces, many at once, and the last one without its end.
    client.sendall(b"6 *")
    client.sendall(b" 7\r\n1/8\n3 - -2\n1e3+0.5\n")
    hear(client, b"42\n0.125\n5\n1000.5\n")
    for nonsense in (b"\n", b"6 times 7\n", b"6*\n", b"*6\n", b"1+2+3\n", b"1\0+2\n"):
        client.sendall(nonsense)
        hear(client, b"not understood: NUMBER + - * / NUMBER\n")
    client.sendall(b"1/0\n2+2")
    client.shutdown(socket.SHUT_WR)
    hear(client, b"inf\n4\n")
    assert client.recv(1) == b""

    longest = connect(port)
    longest.sendall(b"1" * 254 + b"+")
    longest.sendall(b"1" * 100)
    hear(longest, b"good-bye: ")
    # One who leaves in the midst of an answer keeps nobody else from being served.
    for _ in range(20):
        connect(port).sendall(b"1+1\n" * 1000)
    hear_again = connect(port)
    hear_again.sendall(b"2*2\n")
    hear(hear_again, b"4\n")

    _, said = run(PROGRAM, f"127.0.0.1:{port}", status=1)
    assert f"127.0.0.1:{port}: Address already in use" in said, said

with running(PROGRAM, "127.0.0.1:0", "50", interrupted=0) as port:
    hear(connect(port), b"good-bye: Connection timed out\n")

refuses(PROGRAM, ("", "too few"), ("here", "'here' is not ADDRESS:PORT"), ("unix:/tmp/x", "'unix:/tmp/x'"),
        ("127.0.0.1:0 0", "'0' is not a number from 1"), ("--check 1 2", "too many"))
