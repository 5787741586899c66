"""A second, independent client of the ingest protocol, written from PROTOCOL.md."""

import hashlib
import socket
import struct

STATUS = {
    0: "ok",
    1: "malformed_frame",
    2: "bad_name",
    3: "file_too_large",
    4: "disk_full",
    5: "permission_denied",
    6: "too_many_open_files",
    7: "io_error",
    8: "busy",
    9: "timed_out",
    10: "shutting_down",
}
PATIENCE_S = 20


def frame_start(name, length, magic=b"SPIN", version=1, flags=0, name_length=None):
    name = name.encode() if isinstance(name, str) else name
    if name_length is None:
        name_length = len(name)
    return struct.pack(">4sBBHQ", magic, version, flags, name_length, length) + name


def frame(name, content):
    return frame_start(name, len(content)) + content


class Closed(Exception):
    """The server ended the connection."""


class Client:
    def __init__(self, port):
        self.socket = socket.socket()
        self.socket.settimeout(PATIENCE_S)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def receive_exactly(self, size):
        data = b""
        while len(data) < size:
            try:
                more = self.socket.recv(size - len(data))
            except ConnectionResetError:
                more = b""
            if not more:
                raise Closed(f"after {len(data)} of {size} bytes")
            data += more
        return data

    def answer(self):
        """Returns (name of the status, checksum in hex)."""
        fixed = self.receive_exactly(40)
        magic, version, status, text_length, checksum = struct.unpack(">4sBBH32s", fixed)
        assert (magic, version) == (b"SPIA", 1), fixed
        text = self.receive_exactly(text_length).decode()
        assert STATUS[status] == text, (status, text)
        assert status == 0 or checksum == bytes(32), "a checksum with an error"
        return text, checksum.hex()

    def store(self, name, content):
        """Sends one file. Returns the name of the status; an `ok` has the right checksum."""
        self.send(frame(name, content))
        status, checksum = self.answer()
        if status == "ok":
            assert checksum == hashlib.sha256(content).hexdigest()
        return status

    def is_closed(self):
        """Whether the server ends the connection, with nothing more to read."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def finish(self):
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()
