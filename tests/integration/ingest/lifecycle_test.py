"""Starting, refusing to start, running out of descriptors, and stopping."""

import concurrent.futures
import ctypes
import itertools
import os
import resource
import signal
import struct
import time

from harness import PATIENCE_S, IngestTest, eventually, shard_rows
from wire import Closed, frame


def limit_descriptors(count):
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))


def refuse_io_uring():
    """Makes io_uring_setup fail with EPERM, as a container's seccomp profile does."""
    io_uring_setup, return_eperm, allow = 425, 0x00050001, 0x7FFF0000
    program = b"".join(
        struct.pack("HBBI", *instruction)
        for instruction in (
            (0x20, 0, 0, 0),  # load the system call's number
            (0x15, 0, 1, io_uring_setup),
            (0x06, 0, 0, return_eperm),
            (0x06, 0, 0, allow),
        )
    )
    text = ctypes.create_string_buffer(program, len(program))
    filter_program = struct.pack("HxxxxxxP", 4, ctypes.addressof(text))
    libc = ctypes.CDLL(None, use_errno=True)
    no_new_privileges, set_seccomp, mode_filter = 38, 22, 2
    if libc.prctl(no_new_privileges, 1, 0, 0, 0) != 0:
        os._exit(99)
    if libc.prctl(set_seccomp, mode_filter, ctypes.c_char_p(filter_program), 0, 0) != 0:
        os._exit(99)


class Start(IngestTest):
    def assert_one_line(self, text, *parts):
        self.assertEqual(text.count("\n"), 1, text)
        for part in parts:
            self.assertIn(part, text)

    def test_an_address_in_use_is_said(self):
        server = self.start()
        other_store = self.work / "other"
        other_store.mkdir()
        taken = f"127.0.0.1:{server.port}"
        code, err = self.run_to_end("--listen", taken, "--store", str(other_store))
        self.assertEqual(code, 3)
        self.assert_one_line(err, "cannot listen on " + taken, "Address already in use")
        self.assert_serves(server)

    def test_a_restart_takes_the_same_address_at_once(self):
        server = self.start()
        with server.client() as client:
            self.assertEqual(client.store("before", b"x"), "ok")
            self.stop(server)
        again = self.start(listen=f"127.0.0.1:{server.port}")
        self.assertEqual(again.port, server.port)
        self.assert_serves(again)

    def test_a_store_that_cannot_be_used_is_said(self):
        file = self.work / "file"
        file.touch()
        for path, why in ((self.work / "absent", "No such file"), (file, "Not a directory")):
            with self.subTest(path=path):
                code, err = self.run_to_end("--listen", "127.0.0.1:0", "--store", str(path))
                self.assertEqual(code, 4)
                self.assert_one_line(err, str(path), "cannot be opened", why)

    def test_a_store_that_is_not_writable_is_said(self):
        if os.geteuid() == 0:
            store = "/proc/self"  # where even root may not write
        else:
            store = self.work / "read-only"
            store.mkdir(mode=0o555)
        code, err = self.run_to_end("--listen", "127.0.0.1:0", "--store", str(store))
        self.assertEqual(code, 4)
        self.assert_one_line(err, "is not writable")

    def test_two_servers_do_not_share_a_store(self):
        server = self.start()
        code, err = self.run_to_end("--listen", "127.0.0.1:0", "--store", str(server.store))
        self.assertEqual(code, 4)
        self.assert_one_line(err, "is in use by another server")
        self.assert_serves(server)

    def test_bad_arguments_are_said(self):
        store = str(self.work)
        for arguments in (
            [],
            ["--store", store, "--shards", "0"],
            ["--store", store, "--shards", "257"],
            ["--store", store, "--shards", "two"],
            ["--store", store, "--listen", "localhost"],
            ["--store", store, "--listen", "127.0.0.1:65536"],
            ["--store", store, "--buffer-bytes", "1"],
            ["--store", store, "--no-such-option"],
        ):
            with self.subTest(arguments=arguments):
                code, err = self.run_to_end(*arguments)
                self.assertEqual(code, 2)
                self.assert_one_line(err, "ingest-server: ", "--help")

    def test_no_io_uring_is_said(self):
        code, err = self.run_to_end(
            "--listen", "127.0.0.1:0", "--store", str(self.work), preexec_fn=refuse_io_uring
        )
        self.assertEqual(code, 5)
        self.assert_one_line(err, "io_uring", "seccomp")


class Descriptors(IngestTest):
    def test_running_out_of_descriptors_in_accept_ends_when_clients_leave(self):
        limit = 64
        server = self.start("--shards", "2", preexec_fn=limit_descriptors(limit))
        # More than it has descriptors for: the last ones wait in the backlog.
        clients = [server.client() for _ in range(limit + 16)]
        for i, client in enumerate(clients):
            client.send(frame(f"c{i}", b"content"))

        def descriptors():
            return len(os.listdir(f"/proc/{server.process.pid}/fd"))

        eventually(lambda: descriptors() >= limit - 1, "all descriptors are used")
        start, cpu = time.monotonic(), server.cpu_seconds()
        time.sleep(1)  # what is measured is what it burns meanwhile
        share = (server.cpu_seconds() - cpu) / (time.monotonic() - start)
        self.assertLess(share, 0.3, "it spins while it cannot accept")

        # Everybody gets an answer, those in the backlog too, when others have left.
        answers = set()
        for client in clients:
            answers.add(client.answer()[0])
            client.socket.close()
        self.assertLessEqual(answers, {"ok", "too_many_open_files"})
        self.assertEqual(server.unfinished(), [])

        def stores():
            with server.client() as client:
                return client.store("later", b"still here") == "ok"

        eventually(stores, "it serves as before")
        report = self.stop(server)
        pauses = int(report.rsplit("accept pauses ", 1)[1].split()[0])
        self.assertGreater(pauses, 0)
        self.assertLess(pauses, 200, "it spins while it cannot accept")


class Stop(IngestTest):
    def test_both_signals_end_an_idle_server_cleanly(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number=number):
                server = self.start()
                server.interrupt(number)
                code, out, err = server.wait()
                self.assertEqual((code, err), (0, ""))
                self.assertIn("accepted 0", out)

    def test_it_ends_cleanly_though_nobody_reads_what_it_says(self):
        server = self.start()
        server.process.stdout.close()
        server.interrupt(signal.SIGINT)
        self.assertEqual(server.process.wait(PATIENCE_S), 0)

    def test_idle_connections_are_closed_at_once(self):
        server = self.start("--drain-ms", "3600000")
        clients = [server.client() for _ in range(8)]
        for i, client in enumerate(clients):
            self.assertEqual(client.store(f"c{i}", b"x"), "ok")
        server.interrupt()
        for client in clients:
            self.assertTrue(client.is_closed())
            client.socket.close()
        self.assertEqual(server.wait()[0], 0)

    def test_a_file_that_has_begun_is_finished_and_no_other_begins(self):
        server = self.start()
        whole = frame("begun", os.urandom(300_000))
        with server.client() as client:
            client.send(whole[:150_000])
            eventually(server.unfinished, "the file is being received")
            server.interrupt()
            self.assertIn("stopping", server.process.stdout.readline())
            with self.assertRaises(ConnectionRefusedError):
                eventually(lambda: server.client() is None, "the port is closed")
            client.send(whole[150_000:] + frame("late", b"late"))
            self.assertEqual(client.answer()[0], "ok")
            self.assertEqual(client.answer()[0], "shutting_down")
            client.finish()
            self.assertTrue(client.is_closed())
        code, out, err = server.wait()
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(list(server.stored()), ["begun"])
        self.assertEqual(server.stored()["begun"], whole[-300_000:])

    def assert_cut_off(self, server, client):
        with self.assertRaises(Closed):
            client.answer()
        code, out, err = server.wait()
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(server.stored(), {}, "no partial file stays")
        self.assertEqual(sum(row["cut_off"] for row in shard_rows(out)), 1)

    def test_a_file_that_does_not_end_is_cut_off_at_the_deadline(self):
        server = self.start("--drain-ms", "300")
        with server.client() as client:
            client.send(frame("stuck", b"s" * 300_000)[:150_000])
            eventually(server.unfinished, "the file is being received")
            server.interrupt()
            self.assert_cut_off(server, client)

    def test_a_second_signal_does_not_wait_for_the_deadline(self):
        server = self.start("--drain-ms", "3600000")
        with server.client() as client:
            client.send(frame("stuck", b"s" * 300_000)[:150_000])
            eventually(server.unfinished, "the file is being received")
            server.interrupt()
            self.assertIn("stopping", server.process.stdout.readline())
            server.interrupt(signal.SIGTERM)
            self.assert_cut_off(server, client)

    def test_a_stop_under_load_keeps_what_was_answered_and_no_partial_file(self):
        server = self.start("--drain-ms", "0")
        contents = [os.urandom(size) for size in (1, 5_000, 70_000, 1_000_000)]
        answered = []

        def store_until_closed(number):
            with server.client() as client:
                for i in itertools.count():
                    name = f"c{number}-{i}"
                    try:
                        status = client.store(name, contents[i % 4])
                    except (Closed, OSError):
                        return
                    if status != "ok":
                        self.assertEqual(status, "shutting_down")
                        return
                    answered.append(name)

        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            clients = [pool.submit(store_until_closed, number) for number in range(16)]
            eventually(lambda: len(answered) > 100, "files are stored")
            server.interrupt()
            code, _, err = server.wait()
            for client in clients:
                client.result()
        self.assertEqual((code, err), (0, ""))
        stored = server.stored()
        self.assertLessEqual(set(answered), set(stored), "what was answered is stored")
        for name, kept in stored.items():
            self.assertEqual(kept, contents[int(name.split("-")[1]) % 4], name)
