"""The echo that others listen for: passed sockets, descriptor 0, and stock programs that do it."""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

from harness import pattern, refuses, run, wait_for

ECHO = pathlib.Path(sys.argv[1]) / "net_activated_echo"


def activated(listener, *arguments):
    """Started as systemd does it, with the socket as descriptor 3."""
    command = f'exec env LISTEN_PID=$$ LISTEN_FDS=1 "$0" "$@" 3<&{listener.fileno()}'
    return subprocess.Popen(["bash", "-c", command, ECHO, *arguments], pass_fds=[listener.fileno()],
                            stderr=subprocess.PIPE, text=True)


def echoes(client, said=b"hello\n"):
    client.settimeout(20)
    client.sendall(said)
    client.shutdown(socket.SHUT_WR)
    heard = b""
    while more := client.recv(65536):
        heard += more
    assert heard == said, heard


def serves_a_listener_that_is_passed(folder):
    for family, address in ((socket.AF_INET, ("127.0.0.1", 0)), (socket.AF_INET6, ("::1", 0)),
                            (socket.AF_UNIX, str(folder / "socket"))):
        with socket.socket(family) as listener:
            try:
                listener.bind(address)
            except OSError:
                continue  # a machine without version 6
            listener.listen()
            listener.setblocking(False)  # what it is passed may be
            # Ends when nobody has come for a while; who comes then is served by the next.
            with activated(listener, "100") as serving:
                assert serving.wait(30) == 0, serving.stderr.read()
            with activated(listener, "600000") as serving:
                for _ in range(3):
                    with socket.socket(family) as client:
                        client.connect(listener.getsockname())
                        echoes(client)
                serving.send_signal(signal.SIGINT)
                assert serving.wait(30) == 0
            # One who is silent keeps it, and it goes on after that.
            with activated(listener, "50") as serving, socket.socket(family) as client:
                client.connect(listener.getsockname())
                client.sendall(b"x")
                client.settimeout(20)
                assert client.recv(1) == b"x"
                try:
                    serving.wait(0.3)
                    assert False, "it left a client alone"
                except subprocess.TimeoutExpired:
                    client.close()
                assert serving.wait(30) == 0


def serves_the_connection_it_is_started_for():
    for family, address in ((socket.AF_INET, ("127.0.0.1", 0)), (socket.AF_UNIX, None)):
        if address is None:
            ours, theirs = socket.socketpair()
        else:
            with socket.socket(family) as listener:
                listener.bind(address)
                listener.listen()
                ours = socket.create_connection(listener.getsockname())
                theirs, _ = listener.accept()
        with subprocess.Popen([ECHO], stdin=theirs) as serving:
            theirs.close()
            echoes(ours, pattern(100_000))
            assert serving.wait(30) == 0
        ours.close()


def says_what_it_cannot_serve():
    with open("/dev/null", "rb") as file:
        _, said = run(ECHO, stdin=file, status=1)
        assert said == "descriptor 0: no stream socket\n", said
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        _, said = run(ECHO, stdin=datagrams, status=1)
        assert said == "descriptor 0: no stream socket\n", said
        # Whose environment it is counts: this one is for another process.
        _, said = run(ECHO, stdin=datagrams, status=1, env=dict(os.environ, LISTEN_PID="1", LISTEN_FDS="1"))
        assert said.startswith("descriptor 0"), said
    _, said = run("bash", "-c", 'exec env LISTEN_PID=$$ LISTEN_FDS=1 "$0" 3<&-', ECHO, status=1)
    assert said == "descriptor 3: no stream socket\n", said


@contextlib.contextmanager
def starter(path, *command):
    """A program that listens at `path`, from when it does."""
    with subprocess.Popen([str(c) for c in command], stderr=subprocess.DEVNULL) as program:
        try:
            wait_for(lambda: socket.socket(socket.AF_UNIX).connect_ex(str(path)) == 0)
            yield program
        finally:
            program.terminate()


def is_started_by_stock_programs(folder):
    if shutil.which("socat") is not None:
        path = folder / "inetd"
        with starter(path, "socat", f"UNIX-LISTEN:{path},fork", f"EXEC:{ECHO}"):
            for _ in range(3):
                done = subprocess.run(["socat", "-t", "10", "-", f"UNIX-CONNECT:{path}"], input=b"hello",
                                      capture_output=True, timeout=30, check=True)
                assert done.stdout == b"hello"
    if shutil.which("systemd-socket-activate") is not None:
        path = folder / "activate"
        # It becomes the program when the first client comes, who may be gone by then.
        with starter(path, "systemd-socket-activate", "-l", path, ECHO, "1000") as serving:
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(path))
                echoes(client, pattern(100_000))
            assert serving.wait(30) == 0


with tempfile.TemporaryDirectory() as scratch:
    serves_a_listener_that_is_passed(pathlib.Path(scratch))
    serves_the_connection_it_is_started_for()
    says_what_it_cannot_serve()
    is_started_by_stock_programs(pathlib.Path(scratch))
refuses(ECHO, ("0", "'0' is not a number"), ("1 2", "too many"))
