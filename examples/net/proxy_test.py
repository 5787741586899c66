"""The proxy between plain sockets, and the question to many servers at once."""

import contextlib
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

from harness import pattern, refuses, run, running

PROGRAMS, HELLO = pathlib.Path(sys.argv[1]), sys.argv[2]
PROXY, FAN_OUT = PROGRAMS / "net_tcp_proxy", PROGRAMS / "net_fan_out"


@contextlib.contextmanager
def listening(backlog=1024):
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(backlog)
        server.settimeout(20)
        yield server, "127.0.0.1:%d" % server.getsockname()[1]


@contextlib.contextmanager
def full():
    """A server that takes no connection: connecting to it waits."""
    with listening(0) as (server, address), contextlib.ExitStack() as waiting:
        while True:
            client = waiting.enter_context(socket.socket())
            client.settimeout(0.5)
            try:
                client.connect(server.getsockname())
            except socket.timeout:
                break
        yield address


def connect(port):
    return socket.create_connection(("127.0.0.1", int(port)), timeout=20)


def all_of(client):
    heard = b""
    while more := client.recv(65536):
        heard += more
    return heard


def is_reset(client):
    try:
        client.recv(1)
        return False
    except ConnectionResetError:
        return True


def passes_both_ways_to_their_ends():
    with listening() as (server, target), \
            running(PROXY, "127.0.0.1:0", target, interrupted=0) as port:
        client = connect(port)
        behind, _ = server.accept()
        behind.settimeout(20)
        # One end is passed on while the other direction goes on.
        there, back = pattern(3_000_000), pattern(2_000_000)[::-1]
        sending = threading.Thread(target=lambda: (client.sendall(there), client.shutdown(socket.SHUT_WR)))
        sending.start()
        assert all_of(behind) == there
        sending.join()
        sending = threading.Thread(target=lambda: (behind.sendall(back), behind.close()))
        sending.start()
        assert all_of(client) == back
        sending.join()
        # Who vanishes is not kept by the other.
        client = connect(port)
        behind, _ = server.accept()
        behind.settimeout(20)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()
        try:
            assert behind.recv(1) == b""
        except ConnectionResetError:
            pass
        # Ctrl-C ends what is under way.
        client = connect(port)
        behind, _ = server.accept()
        client.sendall(b"x")
        assert behind.recv(1) == b"x"


def says_when_nobody_is_there():
    with listening() as (server, target):
        server.close()
        with tempfile.TemporaryFile("w+") as errors:
            with running(PROXY, "127.0.0.1:0", target, errors=errors, interrupted=0) as port:
                assert is_reset(connect(port)), "an end that looks like an empty answer"
            errors.seek(0)
            assert f"to {target}: Connection refused" in errors.read()
    with full() as target, tempfile.TemporaryFile("w+") as errors:
        with running(PROXY, "127.0.0.1:0", target, 50, errors=errors, interrupted=0) as port:
            assert is_reset(connect(port))
        errors.seek(0)
        assert f"to {target}: Connection timed out" in errors.read()


def stands_between_stock_peers():
    if shutil.which("socat") is None:
        return
    with running(HELLO) as hello, \
            running(PROXY, "127.0.0.1:0", f"127.0.0.1:{hello}", interrupted=0) as port:
        done = subprocess.run(["socat", "-t", "10", "-", f"TCP:127.0.0.1:{port}"], input=pattern(500_000),
                              capture_output=True, timeout=30, check=True)
        assert done.stdout == pattern(500_000)


def asks_all_of_them():
    with contextlib.ExitStack() as servers:
        addresses = [f"127.0.0.1:{servers.enter_context(running(HELLO))}" for _ in range(3)]
        said, _ = run(FAN_OUT, 20_000, "who is there?", *addresses * 20)
        assert said == "".join(f"{each}: who is there?\n" for each in addresses * 20), said
        # What the others say does not wait for those who say nothing.
        silent, silent_address = servers.enter_context(listening())
        gone, gone_address = servers.enter_context(listening())
        gone.close()
        said, errors = run(FAN_OUT, 700, "hello", addresses[0], silent_address, gone_address,
                           servers.enter_context(full()), status=1)
        assert said == f"{addresses[0]}: hello\n", said
        assert f"{silent_address}: Connection timed out\n{gone_address}: Connection refused\n" in errors
        assert errors.endswith(": timed out\n"), errors
        # One that ends without a line, one that ends in the midst of it.
        ending = threading.Thread(target=lambda: [silent.accept()[0].close() for _ in range(2)])
        ending.start()
        _, errors = run(FAN_OUT, 20_000, "hello", silent_address, status=1)
        ending.join()
        assert errors.startswith(silent_address), errors


passes_both_ways_to_their_ends()
says_when_nobody_is_there()
stands_between_stock_peers()
asks_all_of_them()
refuses(PROXY, ("", "too few"), ("127.0.0.1:0", "too few"), ("127.0.0.1:0 here:1", "'here:1'"),
        ("127.0.0.1 127.0.0.1:1", "'127.0.0.1' is not ADDRESS:PORT"), ("127.0.0.1:0 127.0.0.1:1 1s", "'1s'"))
refuses(FAN_OUT, ("100 hello", "too few"), ("0 hello 127.0.0.1:1", "'0'"), ("100 hello a:1", "'a:1'"))
