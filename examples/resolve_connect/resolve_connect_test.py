"""A page by name: found, refused, misspelt, given up and interrupted."""

import contextlib
import http.server
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading

PROGRAM = sys.argv[1]
PAGE = b"found by name\n" * 1000


class Pages(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def name_server(known):
    """Answers questions about `known`, a name to its version 4 address; None: does not answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        asked = threading.Event()

        def serve():
            while True:
                message, peer = udp.recvfrom(512)
                if not message:
                    return
                asked.set()
                labels, at = [], 12
                while message[at]:
                    labels.append(message[at + 1:at + 1 + message[at]].decode())
                    at += 1 + message[at]
                kind, = struct.unpack("!H", message[at + 1:at + 3])
                name = ".".join(labels)
                if name in known and known[name] is None:
                    continue
                record = b""
                if name in known and kind == 1:
                    record = struct.pack("!HHHIH", 0xc00c, 1, 1, 0, 4) + socket.inet_aton(known[name])
                head = struct.pack("!HHHHH", 0x8180 | (0 if name in known else 3), 1, bool(record), 0, 0)
                udp.sendto(message[:2] + head + message[12:at + 5] + record, peer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield "127.0.0.1:%d" % udp.getsockname()[1], asked
        finally:
            udp.sendto(b"", udp.getsockname())
            thread.join()


def run(*arguments, status):
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, timeout=30)
    assert done.returncode == status, f"{arguments}: {done.returncode}, {done.stderr}"
    return done.stdout, done.stderr.decode()


pages = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
threading.Thread(target=pages.serve_forever, daemon=True).start()
port = str(pages.server_port)

with name_server({"page.test": "127.0.0.1", "silent.test": None}) as (server, asked):
    output, said = run("--server", server, "--", "page.test", port, status=0)
    assert output.endswith(PAGE), output[:200]
    assert f"connected to 127.0.0.1:{port}" in said, said

    _, said = run("--server", server, "--", "none.test", port, status=1)
    assert f"none.test {port}: no such name" in said, said
    _, said = run("--server", server, "--", "not a name", port, status=1)
    assert "not the name of a host" in said, said
    _, said = run("--server", server, "--", "page.test", "no-such-service", status=1)
    assert "no such service" in said, said
    _, said = run("--timeout-ms", "50", "--server", server, "--", "silent.test", port, status=1)
    assert "timed out" in said, said

    with tempfile.NamedTemporaryFile("w") as hosts:
        hosts.write("127.0.0.1 home.test\n")
        hosts.flush()
        output, _ = run("--hosts", hosts.name, "--server", server, "--", "home.test", port, status=0)
        assert output.endswith(PAGE)

    asked.clear()
    waiting = subprocess.Popen([PROGRAM, "--server", server, "--", "silent.test", port])
    assert asked.wait(30)
    waiting.send_signal(signal.SIGINT)
    assert waiting.wait(30) == 130

# A page that did not reach the output is no success.
with open("/dev/full", "wb") as full:
    done = subprocess.run([PROGRAM, "127.0.0.1", port], stdout=full, stderr=subprocess.PIPE,
                          timeout=30)
    assert done.returncode == 1 and b"No space left" in done.stderr, done

output, _ = run("--system", "localhost", port, status=0)
assert output.endswith(PAGE)
for arguments, named in [(["page.test"], "service"), (["--server", "here", "--", "a", "80"], "'here'"),
                         (["--timeout-ms", "0", "a", "80"], "--timeout-ms"), (["--colour", "a", "80"], "--colour"),
                         (["--system", "--server", "127.0.0.1:53", "--", "a", "80"], "--system")]:
    _, said = run(*arguments, status=2)
    assert named in said, said
pages.shutdown()
