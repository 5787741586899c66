"""What clients are told when the store fails, and what stays behind: nothing."""

import os
import pathlib
import shutil
import subprocess
import tempfile

from harness import PROGRAMS, IngestTest, eventually
from wire import frame

NOBODY = 65534


class Storage(IngestTest):
    def mount_small(self, size):
        """A full disk in the small; needs root."""
        if os.geteuid() != 0:
            self.skipTest("mounting a tmpfs needs root")
        place = self.work / "small"
        place.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "ingest-test", str(place)]
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            self.skipTest(f"no tmpfs here: {done.stderr.strip()}")
        # Before the servers' own clean-up, so that it runs after them.
        self.addCleanup(subprocess.run, ["umount", "--lazy", str(place)], check=True)
        self.addCleanup(self.end_servers)
        return place

    def test_a_full_disk_is_named_and_other_connections_go_on(self):
        server = self.start(store=self.mount_small("1m"))
        with server.client() as client, server.client() as other:
            self.assertEqual(client.store("before", b"b" * 100_000), "ok")
            for attempt in range(3):
                with self.subTest(attempt=attempt):
                    self.assertEqual(client.store("too-much", b"t" * 3_000_000), "disk_full")
                    self.assertEqual(server.unfinished(), [])
                    self.assertEqual(other.store("other", b"goes on"), "ok")
            self.assertEqual(client.store("after", b"a" * 100_000), "ok")
        self.assertEqual(set(server.stored()), {"before", "other", "after"})
        self.assertEqual(server.stored()["before"], b"b" * 100_000)

    def test_a_full_disk_keeps_the_old_file_of_the_name(self):
        server = self.start(store=self.mount_small("1m"))
        with server.client() as client:
            self.assertEqual(client.store("kept", b"k" * 1000), "ok")
            self.assertEqual(client.store("kept", b"n" * 3_000_000), "disk_full")
        self.assertEqual(server.stored(), {"kept": b"k" * 1000})

    def test_a_store_that_turns_read_only_is_named(self):
        place = self.mount_small("1m")
        server = self.start(store=place)
        with server.client() as client:
            self.assertEqual(client.store("before", b"x"), "ok")
            remount = ["mount", "-o", "remount,ro", str(place)]
            subprocess.run(remount, check=True)
            self.assertEqual(client.store("during", b"x"), "permission_denied")
            subprocess.run([*remount[:2], "remount,rw", str(place)], check=True)
            self.assertEqual(client.store("after", b"x"), "ok")
        self.assertEqual(set(server.stored()), {"before", "after"})

    def test_permission_denied_is_named_and_other_connections_go_on(self):
        # Root may write everywhere, so the server runs as somebody else, who must be able to
        # reach both program and store.
        place = pathlib.Path(tempfile.mkdtemp(prefix="ingest-test-"))
        self.addCleanup(shutil.rmtree, place)
        self.addCleanup(self.end_servers)
        place.chmod(0o755)
        store = place / "store"
        store.mkdir()
        program = shutil.copy(PROGRAMS["server"], place / "server")
        how = {}
        if os.geteuid() == 0:
            os.chown(store, NOBODY, NOBODY)
            how = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        server = self.start(store=store, program=program, **how)
        with server.client() as client, server.client() as other:
            self.assertEqual(client.store("before", b"x"), "ok")
            client.send(frame("open-already", b"o" * 100_000)[:50_000])
            eventually(server.unfinished, "the file is being received")
            store.chmod(0o555)
            self.assertEqual(other.store("during", b"x" * 100_000), "permission_denied")
            self.assertEqual(other.store("during", b""), "permission_denied")
            store.chmod(0o755)
            client.send(frame("open-already", b"o" * 100_000)[50_000:])
            self.assertEqual(client.answer()[0], "ok")
            self.assertEqual(other.store("after", b"x"), "ok")
        self.assertEqual(set(server.stored()), {"before", "open-already", "after"})

    def test_a_directory_in_the_way_is_an_error_of_that_file_only(self):
        server = self.start()
        (server.store / "taken").mkdir()
        with server.client() as client:
            self.assertEqual(client.store("taken", b"x"), "io_error")
            self.assertEqual(client.store("free", b"x"), "ok")
        (server.store / "taken").rmdir()
        self.assertEqual(server.stored(), {"free": b"x"})

    def test_leftovers_of_a_crash_are_removed_at_the_start(self):
        server = self.start()
        client = server.client()
        client.send(frame("crash", b"c" * 100_000)[:50_000])
        eventually(server.unfinished, "the file is being received")
        server.process.kill()
        server.wait()
        self.servers.clear()
        self.assertEqual(len(server.unfinished()), 1)
        (server.store / ".not-ours").write_bytes(b"kept")
        again = self.start()
        self.assertEqual(again.stored(), {".not-ours": b"kept"})
        (server.store / ".not-ours").unlink()
        self.assert_serves(again)
        client.socket.close()
