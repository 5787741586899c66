"""Datagrams that are counted, and datagrams that are logged."""

import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile

from harness import refuses, run, running, wait_for

PROGRAMS = pathlib.Path(sys.argv[1])
SEND, COUNT, LOG = (PROGRAMS / f"net_{name}" for name in ("udp_send", "udp_count", "log_collector"))


def counts_what_is_sent():
    counting = subprocess.Popen([COUNT, "127.0.0.1:0", "200"], stdout=subprocess.PIPE, text=True)
    address = counting.stdout.readline().split()[-1]
    try:
        # What the receive buffer holds is not lost, however slow the receiver is.
        for count, size in ((1, 8), (200, 8), (130, 1200), (7, 60_000), (1, 65_507)):
            said, _ = run(SEND, count, size, address)
            assert said.startswith(f"{count} datagrams sent, "), said
            came = rows = 0
            while came < count:  # a slow sender is taken for several, who leave off in the middle
                words = counting.stdout.readline().split()
                came += int(words[0])
                rows += int(words[5])
                assert words[2] == str(count) or came < count, words
            assert came == count and rows <= count, words
        assert words[7] == "65507", words
        # Others are told apart; rows are seen apart where their datagrams differ in length.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            host, port = address.rsplit(":", 1)
            other.connect((host, int(port)))
            other.send(b"")
            other.send(b"short")
            other.send((41).to_bytes(8, "big") + b"and more")
            said = counting.stdout.readline()
            assert said == "1 of 42 datagrams in 3 rows, 21 bytes, 2 without a number\n", said
    finally:
        counting.send_signal(2)
        assert counting.wait(30) == 0
        counting.stdout.close()
    # The socket hears that nobody is there, a little later.
    said, errors = run(SEND, 1_000_000_000, 1200, address, status=1)
    assert f"{address}: Connection refused" in errors and "datagrams sent" in said, errors


def log(path, message):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.connect(path)
        sender.send(message)


def logs_what_comes(folder):
    path, file = str(folder / "log"), folder / "lines"
    file.write_text("what was there\n")
    right = ["what was there"]
    with running(LOG, path, file, interrupted=0) as said:
        assert said == path
        for message, line in ((b"<30>in order", "daemon.info in order"), (b"<191>x", "local7.debug x"),
                              (b"none", "user.notice none"), (b"<192>big", "user.notice <192>big"),
                              (b"<>a>", "user.notice <>a>"), (b"<1", "user.notice <1"),
                              (b"<-1>", "user.notice <-1>"), (b"", "user.notice "),
                              (b"<0>two\nlines", "kern.emerg two lines"),
                              (b"y" * 9000, "user.notice " + "y" * 8192 + " [cut: 9000 bytes]")):
            log(path, message)
            right.append(line)
        if shutil.which("logger") is not None:
            run("logger", "-d", "-u", path, "-p", "cron.warning", "-t", "me", "from logger")
            right.append("me: from logger")
        if shutil.which("socat") is not None:
            run("socat", "-u", "-", f"UNIX-SENDTO:{path}", input="<13>from socat")
            right.append("user.notice from socat")
        wait_for(lambda: file.read_bytes().count(b"\n") == len(right))
        for line, wanted in zip(file.read_text().splitlines(), right, strict=True):
            assert line == wanted or (wanted == "me: from logger" and line.startswith("cron.warning ")
                                      and line.endswith(wanted)), line
        # One that lives keeps its path.
        _, said = run(LOG, path, file, status=1)
        assert said == f"{path}: Address already in use\n", said
    assert not os.path.exists(path)


def takes_a_stale_path_over_and_bears_a_full_disk(folder):
    path = str(folder / "stale")
    socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).bind(path)
    with open(folder / "errors", "w+", encoding="utf-8") as errors:
        with running(LOG, path, "/dev/full", errors=errors, interrupted=0):
            log(path, b"<13>one")
            log(path, b"<13>two")
            wait_for(lambda: (folder / "errors").read_text().count("\n") == 2)
        errors.seek(0)
        assert errors.read() == "".join(f"/dev/full: No space left on device, lost: user.notice {each}\n"
                                        for each in ("one", "two"))
    for file, why in ((folder, "Is a directory"), (folder / "no" / "such", "No such file or directory")):
        _, said = run(LOG, path, file, status=1)
        assert said == f"{file}: {why}\n", said
        assert not os.path.exists(path), "a socket that nobody receives from"
    _, said = run(LOG, folder / "lines", folder / "lines", status=1)
    assert said == f"{folder / 'lines'}: Address already in use\n", said


with tempfile.TemporaryDirectory() as scratch:
    counts_what_is_sent()
    logs_what_comes(pathlib.Path(scratch))
    takes_a_stale_path_over_and_bears_a_full_disk(pathlib.Path(scratch))
refuses(SEND, ("1 8", "too few"), ("0 8 127.0.0.1:1", "'0'"), ("1 7 127.0.0.1:1", "'7'"),
        ("1 65508 127.0.0.1:1", "'65508'"), ("1 8 here", "'here'"))
refuses(COUNT, ("", "too few"), ("here", "'here'"), ("127.0.0.1:0 0", "'0'"))
refuses(LOG, ("a", "too few"), ("x" * 200 + " b", "is no path of a socket: File name too long"))
