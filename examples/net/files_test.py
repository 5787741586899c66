"""A file over HTTP: sent in every form, taken from stock clients, and what is said when it fails."""

import http.server
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

from harness import pattern, refuses, run, running, wait_for

PROGRAMS = pathlib.Path(sys.argv[1])
PUT, TAKE = PROGRAMS / "net_put_file", PROGRAMS / "net_take_file"
FORMS = ("copied", "owned", "batched", "zero-copy")


class Files(http.server.BaseHTTPRequestHandler):
    taken = {}

    def do_PUT(self):
        self.taken[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201)
        self.end_headers()

    def log_message(self, *_):
        pass


def sends_in_every_form(folder):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"127.0.0.1:{server.server_port}"
    for size in (0, 1, 262_144, 5_000_000):
        file = folder / f"of-{size}"
        file.write_bytes(pattern(size))
        for form in FORMS:
            said, _ = run(PUT, address, file, form)
            assert said == "HTTP/1.0 201 Created\n", said
            assert Files.taken.pop(f"/{file.name}") == pattern(size), f"{form}, {size}"
    server.shutdown()
    server.server_close()
    _, said = run(PUT, address, file, status=1)
    assert said == f"{address}: Connection refused\n", said
    _, said = run(PUT, address, folder / "none", status=1)
    assert said == f"{folder / 'none'}: No such file or directory\n", said
    _, said = run(PUT, address, folder, status=1)
    assert said.startswith(f"{folder}: ") or said.startswith(address), said


def meets_a_server_that_vanishes(folder):
    file = folder / "large"
    with open(file, "wb") as sparse:
        sparse.truncate(50_000_000)
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        for form in FORMS:
            sending = subprocess.Popen([PUT, "127.0.0.1:%d" % server.getsockname()[1], file, form],
                                       stderr=subprocess.PIPE, text=True)
            client, _ = server.accept()
            client.recv(1000)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            client.close()
            _, said = sending.communicate(timeout=30)
            assert sending.returncode == 1, sending.returncode
            assert "Connection reset by peer" in said or "Broken pipe" in said, said


def takes_whole_files(folder):
    file, source = folder / "taken", folder / "source"
    with running(TAKE, "127.0.0.1:0", file, interrupted=0) as port:
        address = f"127.0.0.1:{port}"
        for size in (0, 1, 3_000_000):
            source.write_bytes(pattern(size))
            said, _ = run(PUT, address, source, "batched")
            assert said == "HTTP/1.1 201 Created\n", said
            assert file.read_bytes() == pattern(size)
        if shutil.which("curl") is not None:
            for size in (2_000_000, 10):  # one for which curl asks first, and one for which not
                source.write_bytes(pattern(size))
                said, _ = run("curl", "-sS", "-m", 20, "-T", source, "-w", "%{http_code}",
                              "-H", "Expect: 100-continue", f"http://{address}/")
                assert said == "201" and file.read_bytes() == pattern(size), said
        # One that is cut short, and nonsense, leave what was there.
        for begun in (b"PUT / HTTP/1.0\r\nContent-Length: 1000\r\n\r\nonly this", b"GET / HTTP/1.0\r\n\r\n",
                      b"PUT / HTTP/1.0\r\nContent-Length: x\r\n\r\n", b"x" * 10_000, b"PUT /",
                      b"PUT / HTTP/1.0\r\nContent-Length: 1\r\n\r\ntwo"):
            with socket.create_connection(("127.0.0.1", int(port)), timeout=20) as client:
                client.sendall(begun)
                client.shutdown(socket.SHUT_WR)
                heard = b""
                while more := client.recv(4096):
                    heard += more
                assert heard.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 500 ")), heard
            assert file.read_bytes() == pattern(10)
        assert not (folder / "taken.part").exists()
        # Ctrl-C in the midst of one.
        half = socket.create_connection(("127.0.0.1", int(port)), timeout=20)
        half.sendall(b"PUT / HTTP/1.0\r\nContent-Length: 1000\r\n\r\nhalf")
        wait_for((folder / "taken.part").exists)
    assert file.read_bytes() == pattern(10) and not (folder / "taken.part").exists()


def says_when_there_is_no_room(folder):
    source, errors = folder / "source", folder / "errors"
    source.write_bytes(pattern(1_000_000))
    (folder / "full.part").symlink_to("/dev/full")
    with open(errors, "w", encoding="ascii") as log:
        with running(TAKE, "127.0.0.1:0", folder / "full", errors=log, interrupted=0) as port:
            said, _ = run(PUT, f"127.0.0.1:{port}", source, status=1)
            assert said == "HTTP/1.1 507 Insufficient Storage\n", said
    assert errors.read_text() == f"{folder / 'full'}: No space left on device\n"
    assert not (folder / "full").exists()


with tempfile.TemporaryDirectory() as scratch:
    sends_in_every_form(pathlib.Path(scratch))
    meets_a_server_that_vanishes(pathlib.Path(scratch))
    takes_whole_files(pathlib.Path(scratch))
    says_when_there_is_no_room(pathlib.Path(scratch))
refuses(PUT, ("127.0.0.1:1", "too few"), ("here file", "'here'"), ("127.0.0.1:1 file fast", "'fast'"))
refuses(TAKE, ("127.0.0.1:0", "too few"), ("here file", "'here'"), ("127.0.0.1:0 /no/such", "/no is no folder"),
        ("127.0.0.1:0 file more", "too many"))
