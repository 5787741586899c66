"""The client program against the server program, and the client's own eyes."""

import hashlib
import os
import subprocess

from harness import PROGRAMS, IngestTest


class ClientProgram(IngestTest):
    def client(self, server, *arguments):
        return subprocess.run(
            [PROGRAMS["client"], "--server", f"127.0.0.1:{server.port}", *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def make_sources(self):
        tree = self.work / "sources"
        (tree / "deep" / "er").mkdir(parents=True)
        (tree / "empty").touch()
        (tree / "deep" / "large").write_bytes(os.urandom(1_000_000))
        for i in range(200):
            (tree / "deep" / "er" / f"..odd %2f name {i}").write_bytes(os.urandom(i * 11))
        (tree / ("l" * 200)).write_bytes(b"long name")
        (tree / "deep" / ("l" * 250)).write_bytes(b"longer name")
        (tree / "deep" / "link").symlink_to("large")
        return tree

    def test_all_files_of_a_tree_are_sent_checked_and_read_back(self):
        server = self.start()
        tree = self.make_sources()
        manifest = self.work / "manifest"
        done = self.client(
            server, tree, "--connections", 8, "--verify", server.store, "--manifest", manifest
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        self.assertIn("204 checksums match, 0 failures", done.stdout)
        self.assertIn("204 files compared, 0 differences", done.stdout)
        sources = sorted(
            hashlib.sha256(p.read_bytes()).hexdigest()
            for p in tree.rglob("*")
            if p.is_file() and not p.is_symlink()
        )
        stored = sorted(hashlib.sha256(c).hexdigest() for c in server.stored().values())
        self.assertEqual(stored, sources)
        check = ["sha256sum", "--quiet", "--check", str(manifest)]
        self.assertEqual(subprocess.run(check, cwd=server.store, check=False).returncode, 0)

    def test_the_client_sees_a_store_that_differs(self):
        server = self.start()
        tree = self.make_sources()
        sent = self.client(server, tree)
        self.assertEqual(sent.returncode, 0, sent.stderr)
        victim = max(server.store.iterdir(), key=lambda p: p.stat().st_size)
        original = victim.read_bytes()
        unfinished = server.store / ".ingest-9.part"

        def change_a_bit():
            changed = bytearray(original)
            changed[len(changed) // 2] ^= 1
            victim.write_bytes(changed)

        damages = {
            "differs from its source": change_a_bit,
            "No such file": victim.unlink,
            "unfinished file": unfinished.touch,
        }
        for said, damage in damages.items():
            with self.subTest(said):
                damage()
                seen = self.client(server, tree, "--verify", server.store, "--no-send")
                self.assertEqual(seen.returncode, 1, seen.stdout)
                self.assertIn("204 files compared, 1 differences", seen.stdout)
                self.assertIn(said, seen.stderr)
                victim.write_bytes(original)
                unfinished.unlink(missing_ok=True)
        intact = self.client(server, tree, "--verify", server.store, "--no-send")
        self.assertEqual((intact.returncode, intact.stderr), (0, ""))

    def test_its_misbehaviours_are_answered_and_the_server_goes_on(self):
        server = self.start()
        expected = {
            "reset": "no answer",
            "oversize": "file_too_large",
            "malformed": "malformed_frame",
            "bad-name": "bad_name",
            "slow": "ok",
        }
        for how, answer in expected.items():
            with self.subTest(how):
                done = self.client(server, "--misbehave", how)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertIn(f"{how}: {answer}", done.stdout)
        self.assert_serves(server)
        self.assertEqual(set(server.stored()), {"slow", "still-serving"})

    def test_a_server_that_is_not_there_is_a_failure(self):
        server = self.start()
        self.stop(server)
        done = self.client(server, self.make_sources())
        self.assertEqual(done.returncode, 1)
        self.assertIn("Connection refused", done.stderr)
