"""What the examples of this folder do, seen by plain sockets."""

import array
import os
import pathlib
import select
import socket
import sys
import tempfile

from harness import pattern, running

PROGRAMS, HELLO = pathlib.Path(sys.argv[1]), sys.argv[2]


def udp_echo():
    with running(PROGRAMS / "net_udp_echo") as port:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(20)
            client.setsockopt(socket.IPPROTO_IP, 13, 1)  # IP_RECVTOS
            client.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 2)
            client.connect(("127.0.0.1", int(port)))
            for size in (1, 0, 1200, 60_000):
                client.send(pattern(size))
                heard, control, _, _ = client.recvmsg(65536, 100)
                assert heard == pattern(size)
                assert control[0][2][0] & 3 == 2, "the mark did not come back"
            # A row of datagrams, sent as one.
            client.setsockopt(17, 103, 1000)  # UDP_SEGMENT
            client.send(pattern(4500))
            heard = [client.recv(65536) for _ in range(5)]
            assert [len(h) for h in heard] == [1000] * 4 + [500]
            assert b"".join(heard) == pattern(4500)


def leased_echo():
    with running(PROGRAMS / "net_leased_echo", "60000") as port:
        clients = [socket.create_connection(("127.0.0.1", int(port)), timeout=20) for _ in range(50)]
        for client in clients:
            client.sendall(b"hello")
        assert all(client.recv(100) == b"hello" for client in clients)
        sent = pattern(200_000)
        clients[0].sendall(sent)
        heard = b""
        while len(heard) < len(sent):
            heard += clients[0].recv(65536)
        assert heard == sent
        for client in clients:
            client.close()
    with running(PROGRAMS / "net_leased_echo", "50") as port:
        with socket.create_connection(("127.0.0.1", int(port)), timeout=20) as client:
            assert client.recv(100) == b"", "who says nothing is cut off"


def pass_descriptor(folder):
    path = str(folder / "socket")
    with running(PROGRAMS / "net_pass_descriptor", path) as said:
        assert said == path
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(20)
            client.connect(path)
            client.sendall(b"hello\n")
            assert client.recv(100) == b"hello\n"
            secret = folder / "secret"
            secret.write_bytes(b"x" * 12345)
            with open(secret, "rb") as file:
                os.unlink(secret)
                passed = array.array("i", [file.fileno(), file.fileno()])
                client.sendmsg([b"!"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, passed)])
            assert client.recv(100) == b"12345 bytes\n12345 bytes\n"


def send_file(folder):
    file = folder / "file"
    file.write_bytes(pattern(300_000))
    with running(PROGRAMS / "net_send_file", file) as port:
        for _ in range(8):
            with socket.create_connection(("127.0.0.1", int(port)), timeout=20) as client:
                client.sendall(b"GET / HTTP/1.0\r\n\r\n")
                answer = b""
                while more := client.recv(65536):
                    answer += more
                head, body = answer.split(b"\r\n\r\n", 1)
                assert b"200 OK" in head and b"Content-Length: 300000" in head
                assert body == file.read_bytes()


def outlives_a_crowd(folder):
    """More clients than the server has descriptors wait, and are served when others leave."""
    path = str(folder / "crowd")
    for command in ([HELLO], [PROGRAMS / "net_leased_echo", "60000"],
                    [PROGRAMS / "net_pass_descriptor", path]):
        with tempfile.TemporaryFile() as errors:
            with running(*command, descriptors=40, errors=errors) as said:
                family = socket.AF_UNIX if said == path else socket.AF_INET
                crowd = [socket.socket(family) for _ in range(60)]
                for client in crowd:
                    client.settimeout(20)
                    client.connect(path if said == path else ("127.0.0.1", int(said)))
                    client.sendall(b"hello\n")
                # Not always the first one: each shard of hello has its own clients that wait.
                served = select.select(crowd, [], [], 20)[0]
                assert served and served[0].recv(100, socket.MSG_PEEK) == b"hello\n"
                # Those who came last are reached when enough of those before have gone.
                for client in crowd[:59]:
                    client.close()
                assert crowd[59].recv(100) == b"hello\n", f"{command} did not come round"
                crowd[59].close()
            assert errors.tell() < 10_000, f"{command} says the same again and again"


with tempfile.TemporaryDirectory() as scratch:
    udp_echo()
    leased_echo()
    pass_descriptor(pathlib.Path(scratch))
    send_file(pathlib.Path(scratch))
    outlives_a_crowd(pathlib.Path(scratch))
