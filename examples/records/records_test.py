"""Starts records, talks to it in lines and in frames, in pieces and all at once, and ends it."""

import resource
import socket
import struct
import subprocess
import sys


def connect(port):
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def exactly(client, size):
    heard = b""
    while len(heard) < size:
        more = client.recv(size - len(heard))
        assert more, "the connection ended early"
        heard += more
    return heard


def ask_in_frames(client, request):
    client.sendall(struct.pack(">H", len(request)) + request)
    (size,) = struct.unpack(">H", exactly(client, 2))
    return exactly(client, size)


server = subprocess.Popen([sys.argv[1]], stdout=subprocess.PIPE, text=True)
try:
    line_port, frame_port = (int(server.stdout.readline().rsplit(" ", 1)[1]) for _ in range(2))

    lines = connect(line_port)
    lines.sendall(b"+first\n+second\r\n+third")
    assert exactly(lines, 4) == b"0\n1\n"
    for byte in b"\n2\n7\nnone such\n":
        lines.sendall(bytes([byte]))
    assert exactly(lines, 2 + 6 + 5 + 5) == b"2\nthird\nnone\nnone\n"

    # A frame may hold what a line cannot, and both kinds of clients see the same records.
    frames = connect(frame_port)
    assert ask_in_frames(frames, b"1") == b"second"
    assert ask_in_frames(frames, b"+two\nlines") == b"3"
    assert ask_in_frames(frames, b"+" + b"x" * 1023) == b"4"
    assert ask_in_frames(frames, b"4") == b"x" * 1023
    assert ask_in_frames(frames, b"") == b"none"

    # Too long: the client is let go, the others stay.
    frames.sendall(struct.pack(">H", 1025))
    assert frames.recv(1) == b""
    long_line = connect(line_port)
    long_line.sendall(b"x" * 1024)
    assert long_line.recv(1) == b""

    lines.sendall(b"3\n")
    assert exactly(lines, 10) == b"two\nlines\n"
    lines.shutdown(socket.SHUT_WR)
    assert lines.recv(1) == b"", "something came back that was not asked for"

    # More clients than it has descriptors wait, and are served when others leave.
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (40, 40))
    crowd = [connect(line_port) for _ in range(60)]
    for client in crowd:
        client.sendall(b"3\n")
    assert exactly(crowd[0], 10) == b"two\nlines\n"
    for client in crowd[:59]:
        client.close()
    assert exactly(crowd[59], 10) == b"two\nlines\n"
finally:
    server.kill()
    server.wait()
