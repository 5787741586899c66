"""Starts hello, talks to it over a few connections at once, and ends it."""

import socket
import subprocess
import sys

server = subprocess.Popen([sys.argv[1]], stdout=subprocess.PIPE, text=True)
try:
    port = int(server.stdout.readline().rsplit(" ", 1)[1])
    clients = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(8)]
    for i, client in enumerate(clients):
        said = f"hello from {i}".encode() * 1000
        client.sendall(said)
        heard = b""
        while len(heard) < len(said):
            more = client.recv(65536)
            assert more, "the connection ended early"
            heard += more
        assert heard == said
    for client in clients:
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b"", "something came back that was not said"
finally:
    server.kill()
    server.wait()
