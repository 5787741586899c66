"""What the server does with frames, good and bad."""

import hashlib
import os

from harness import IngestTest, eventually, shard_rows
from wire import Closed, frame, frame_start


class Frames(IngestTest):
    def test_files_are_stored_whole_and_answered_with_their_checksum(self):
        server = self.start()
        files = {"empty": b"", "small": b"a", "large": os.urandom(3_000_001)}
        with server.client() as client:
            for name, content in files.items():
                self.assertEqual(client.store(name, content), "ok")
            client.finish()
            self.assertTrue(client.is_closed())
        self.assertEqual(server.stored(), files)

    def test_frames_sent_ahead_are_answered_in_order(self):
        server = self.start()
        contents = [bytes([i]) * (i * 97) for i in range(200)]
        with server.client() as client:
            client.send(b"".join(frame(f"f{i}", c) for i, c in enumerate(contents)))
            for content in contents:
                self.assertEqual(client.answer(), ("ok", hashlib.sha256(content).hexdigest()))
        self.assertEqual(server.stored(), {f"f{i}": c for i, c in enumerate(contents)})

    def test_a_frame_that_arrives_byte_by_byte_is_one_frame(self):
        server = self.start()
        with server.client() as client:
            for byte in frame("slowly", b"0123456789"):
                client.send(bytes([byte]))
            self.assertEqual(client.answer()[0], "ok")
        self.assertEqual(server.stored(), {"slowly": b"0123456789"})

    def test_a_second_file_of_a_name_replaces_the_first(self):
        server = self.start()
        with server.client() as client:
            self.assertEqual(client.store("name", b"first, and longer"), "ok")
            self.assertEqual(client.store("name", b"second"), "ok")
        self.assertEqual(server.stored(), {"name": b"second"})

    def test_the_longest_name_is_stored(self):
        server = self.start()
        with server.client() as client:
            self.assertEqual(client.store("n" * 255, b"x"), "ok")
        self.assertEqual(server.stored(), {"n" * 255: b"x"})

    def test_malformed_frames_are_named_and_end_the_connection(self):
        server = self.start()
        wrong = {
            "magic": frame_start("name", 0, magic=b"SPIX"),
            "version": frame_start("name", 0, version=2),
            "flags": frame_start("name", 0, flags=1),
            "no name": frame_start("", 0),
            "name too long": frame_start("n" * 256, 0),
            "name far too long": frame_start("n" * 100, 0, name_length=65535),
            "another protocol": b"GET / HTTP/1.1\r\nHost: ingest.example\r\n\r\n",
        }
        with server.client() as other:
            for what, bad_bytes in wrong.items():
                with self.subTest(what), server.client() as client:
                    client.send(bad_bytes + b"more that nobody wants" * 1000)
                    self.assertEqual(client.answer()[0], "malformed_frame")
                    client.finish()
                    self.assertTrue(client.is_closed())
            self.assertEqual(other.store("other", b"goes on"), "ok")
        self.assertEqual(server.stored(), {"other": b"goes on"})

    def test_an_oversized_file_is_named_before_its_content_comes(self):
        server = self.start("--max-file-bytes", "1000")
        with server.client() as other:
            for length in (1001, 2**40, 2**64 - 1):
                with self.subTest(length=length), server.client() as client:
                    client.send(frame_start("big", length) + b"x" * 1001)
                    self.assertEqual(client.answer()[0], "file_too_large")
                    client.finish()
                    self.assertTrue(client.is_closed())
            self.assertEqual(other.store("fits", b"x" * 1000), "ok")
        self.assertEqual(list(server.stored()), ["fits"])

    def test_the_answer_reaches_a_client_that_sends_everything_first(self):
        # More than the socket buffers hold: a close on unread bytes would reset the connection
        # while the client still sends.
        server = self.start("--max-file-bytes", "1000")
        with server.client() as client:
            client.send(frame("big", b"x" * 8_000_000))
            client.finish()
            self.assertEqual(client.answer()[0], "file_too_large")
            self.assertTrue(client.is_closed())

    def test_bad_names_are_refused_and_the_connection_goes_on(self):
        server = self.start()
        outside = self.work / "outside"
        names = [
            b"../outside",
            b"..",
            b".",
            b"a..b",
            b"/etc/passwd",
            b"a/b",
            b"/",
            b".hidden",
            b".ingest-0.part",
            b"line\nbreak",
            b"nul\0byte",
            b"delete\x7f",
        ]
        with server.client() as client:
            for name in names:
                with self.subTest(name=name):
                    self.assertEqual(client.store(name, b"content" * 20_000), "bad_name")
            self.assertEqual(client.store("good", b"name"), "ok")
            self.assertEqual(client.store(b"\xff latin \xe9", b"any other byte"), "ok")
        self.assertFalse(outside.exists())
        stored = {os.fsencode(p.name) for p in server.store.iterdir()}
        self.assertEqual(stored, {b"good", b"\xff latin \xe9"})

    def test_a_reset_inside_a_frame_leaves_nothing(self):
        server = self.start()
        whole = frame("reset", b"r" * 200_000)
        with server.client() as other:
            for cut in (1, 15, 16, 18, 21, 22, 100, 65_536, 150_000, len(whole) - 1):
                with self.subTest(cut=cut):
                    client = server.client()
                    client.send(whole[:cut])
                    client.reset()
                    self.assertEqual(other.store("other", b"goes on"), "ok")
            eventually(lambda: not server.unfinished(), "the unfinished files are gone")
        self.assertEqual(server.stored(), {"other": b"goes on"})

    def test_an_end_of_stream_inside_a_frame_leaves_nothing(self):
        server = self.start()
        whole = frame("short", b"s" * 200_000)
        for cut in (1, 15, 16, 18, 21, 22, 100, 150_000, len(whole) - 1):
            with self.subTest(cut=cut), server.client() as client:
                client.send(whole[:cut])
                client.finish()
                with self.assertRaises(Closed):
                    client.answer()
        self.assertEqual(server.stored(), {})
        rows = shard_rows(self.stop(server))
        self.assertEqual(sum(row["vanished"] for row in rows), 9)

    def test_a_silent_client_is_timed_out(self):
        server = self.start("--idle-timeout-ms", "200")
        for sent in (b"", frame("silent", b"s" * 100_000)[:50_000]):
            with self.subTest(sent=len(sent)), server.client() as client:
                client.send(sent)
                self.assertEqual(client.answer()[0], "timed_out")
                self.assertTrue(client.is_closed())
        eventually(lambda: not server.unfinished(), "the unfinished file is gone")
        self.assertEqual(server.stored(), {})

    def test_a_client_too_many_is_busy_and_a_later_one_is_served(self):
        server = self.start("--max-connections", "2")
        first, second = server.client(), server.client()
        self.assertEqual(first.store("first", b"1"), "ok")
        self.assertEqual(second.store("second", b"2"), "ok")
        with server.client() as third:
            self.assertEqual(third.answer()[0], "busy")
            third.finish()
            self.assertTrue(third.is_closed())
        second.finish()
        self.assertTrue(second.is_closed())
        second.socket.close()

        def is_served():
            with server.client() as later:
                try:
                    return later.store("later", b"3") == "ok"
                except (Closed, OSError, AssertionError):
                    return False

        eventually(is_served, "a free place is taken")
        self.assertEqual(first.store("first", b"still"), "ok")
        first.socket.close()

    def test_many_connections_at_once_are_spread_over_the_shards(self):
        server = self.start("--shards", "2")
        clients = [server.client() for _ in range(64)]
        for i, client in enumerate(clients):
            client.send(frame(f"c{i}", bytes([i]) * 10_000))
        for client in clients:
            self.assertEqual(client.answer()[0], "ok")
            client.socket.close()
        self.assertEqual(len(server.stored()), 64)
        rows = shard_rows(self.stop(server))
        self.assertEqual([row["sessions"] for row in rows], [32, 32])
        self.assertEqual(sum(row["files"] for row in rows), 64)
