"""Drives the service with curl, and with sockets where curl is too polite.

service_test.py --list, or service_test.py --service PROGRAM [TEST...]
"""

import argparse
import json
import re
import signal
import socket
import subprocess
import sys
import time
import unittest

PROGRAM = None
PATIENCE_S = 60
SLOW = "/primes?below=50000000&parts=8&deadline_ms=60000"


def primes_below(number):
    sieve = bytearray([1]) * max(number, 2)
    sieve[0:2] = b"\0\0"
    for i in range(2, int(number**0.5) + 1):
        if sieve[i]:
            sieve[i * i :: i] = bytes(len(sieve[i * i :: i]))
    return sum(sieve[:number])


def eventually(condition, what):
    """Waits for something that must come; fails when it does not."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"did not happen in {PATIENCE_S} s: {what}")
        time.sleep(0.01)


class Service:
    def __init__(self, *arguments):
        self.process = subprocess.Popen(
            [PROGRAM, "--port", "0", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        first_line = self.process.stdout.readline()
        found = re.match(r"listening on 127\.0\.0\.1:(\d+), ", first_line)
        if not found:
            out, err = self.process.communicate(timeout=PATIENCE_S)
            raise AssertionError(f"no start: {first_line}{out}{err}")
        self.port = int(found[1])

    def url(self, target):
        return f"http://127.0.0.1:{self.port}{target}"

    def start_curl(self, *targets, options=()):
        return subprocess.Popen(
            ["curl", "-s", "-g", "-w", "\n%{http_code} %{num_connects}\n", *options]
            + [self.url(target) for target in targets],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def get(self, target):
        """Returns (status, body)."""
        body, status = finish(self.start_curl(target))
        return status, body

    def stats(self):
        status, body = self.get("/stats")
        assert status == 200
        return json.loads(body)

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)

    def raw(self, sent):
        """The status of what comes back, up to the end of the connection."""
        with self.connect() as client:
            client.sendall(sent)
            heard = read_to_end(client)
        return int(heard.split(b" ")[1]) if heard else None

    def wait_until_serving(self, count):
        eventually(lambda: self.stats()["serving"] == count, f"{count} calls are being served")

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)

    def end(self):
        """Returns (exit code, standard output, standard error) of a service that ends."""
        out, err = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, out, err


def finish(curl):
    """Returns (body, status) of a curl that fetched one page."""
    out, _ = curl.communicate(timeout=PATIENCE_S)
    body, last = out.rstrip("\n").rsplit("\n", 1)
    return body, int(last.split(" ")[0])


def read_to_end(client):
    heard = b""
    try:
        while more := client.recv(65536):
            heard += more
    except ConnectionResetError:
        pass
    return heard


def run_to_end(*arguments):
    """Runs the service where it must not start. Returns (exit code, standard error)."""
    done = subprocess.run(
        [PROGRAM, *arguments], capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    return done.returncode, done.stderr


class MixedModeService(unittest.TestCase):
    """Each test has a service of its own, which ends cleanly."""

    def start(self, *arguments):
        service = Service(*arguments)
        self.addCleanup(self.stop, service)
        return service

    def stop(self, service):
        if service.process.returncode is not None:
            return
        service.interrupt()
        try:
            code, _, err = service.end()
        except subprocess.TimeoutExpired:
            service.process.kill()
            service.process.communicate()
            raise
        self.assertEqual((code, err), (0, ""))

    def start_slow_call(self, service):
        curl = service.start_curl(SLOW)
        self.addCleanup(curl.communicate)
        self.addCleanup(curl.kill)
        return curl

    def test_counts_right_however_the_work_is_cut(self):
        service = self.start()
        for below in (0, 2, 3, 4, 100, 101, 12_345):
            for parts in (1, 3, 256):
                status, body = service.get(f"/primes?below={below}&parts={parts}")
                self.assertEqual(status, 200, body)
                self.assertEqual(json.loads(body)["primes"], primes_below(below), body)

    def test_the_work_is_fanned_out_over_the_shards(self):
        service = self.start("--shards", "2")

        def shards_that_worked():
            status, body = service.get("/primes?below=400000&parts=16")
            self.assertEqual(status, 200, body)
            answer = json.loads(body)
            self.assertEqual(answer["primes"], 33860)
            self.assertIn(answer["shards"], (1, 2))
            return answer["shards"]

        # The other shard may be without a CPU for as long as one answer takes.
        eventually(lambda: shards_that_worked() == 2, "both shards worked")
        alone = self.start("--shards", "1")
        status, body = alone.get("/primes?below=400000&parts=16")
        self.assertEqual(json.loads(body)["shards"], 1, body)

    def test_several_requests_share_a_connection(self):
        service = self.start()
        out, _ = service.start_curl("/primes?below=10", "/", "/stats").communicate()
        self.assertEqual(re.findall(r"^(\d+) (\d+)$", out, re.M),
                         [("200", "1"), ("200", "0"), ("200", "0")])

    def test_a_request_sent_early_is_answered_in_its_turn(self):
        service = self.start()
        with service.connect() as client:
            client.sendall(b"GET /primes?below=200000&deadline_ms=60000 HTTP/1.1\r\n\r\n"
                           b"GET /primes?below=10 HTTP/1.1\r\nConnection: close\r\n\r\n")
            heard = read_to_end(client)
        self.assertEqual([int(n) for n in re.findall(rb'"primes":(\d+)', heard)], [17984, 4])

    def test_bad_input_is_answered_and_harms_nobody(self):
        service = self.start()
        for target, status in (
            ("/primes", 400),
            ("/primes?below=", 400),
            ("/primes?below=-1", 400),
            ("/primes?below=1e6", 400),
            ("/primes?below=50000001", 400),
            ("/primes?below=99999999999999999999", 400),
            ("/primes?below=10&parts=0", 400),
            ("/primes?below=10&parts=257", 400),
            ("/primes?below=10&deadline_ms=0", 400),
            ("/primes?below=10&deadline_ms=60001", 400),
            ("/primes?below=10&sum=1", 400),
            ("/primes?&&&=", 400),
            ("/prime", 404),
        ):
            self.assertEqual(service.get(target)[0], status, target)
        end = b"\r\n\r\n"
        for sent, status in (
            (b"\r\n\r\n", 400),
            (b"hello\r\n\r\n", 400),
            (b"GET  / HTTP/1.1" + end, 400),
            (b"GET example.org HTTP/1.1" + end, 400),
            (b"GET / HTTP/1.1\r\n: nameless" + end, 400),
            (b"GET / HTTP/1.1\r\nContent-Length: 5" + end + b"hello", 400),
            (b"GET / HTTP/1.1\r\nContent-Length : 5" + end + b"hello", 400),
            (b"GET / HTTP/1.1\r\nA: b\r\n Content-Length: 5" + end + b"hello", 400),
            (b"GET / HTTP/2" + end, 505),
            (b"POST /primes HTTP/1.1" + end, 405),
            (b"GET /\0 HTTP/1.1" + end, 404),
            (b"\xff\xfe\x00" * 100 + end, 400),
            (b"GET / HTTP/1.1\r\nX: " + b"x" * 9000, 431),
            (b"", None),
            (b"GET / HT", None),
        ):
            with service.connect() as client:
                client.sendall(sent)
                client.shutdown(socket.SHUT_WR)
                heard = read_to_end(client)
            self.assertEqual(int(heard.split(b" ")[1]) if heard else None, status, sent[:40])
        self.assertEqual(service.get("/primes?below=10")[0], 200)

    def test_overload_is_503_and_passes(self):
        service = self.start("--capacity", "2")
        slow = [self.start_slow_call(service) for _ in range(2)]
        service.wait_until_serving(2)
        refused = service.start_curl("/primes?below=10", options=["-i"])
        head, status = finish(refused)
        self.assertEqual(status, 503)
        self.assertIn("Retry-After: 1", head)
        for curl in slow:
            curl.kill()
        eventually(lambda: service.get("/primes?below=10")[0] == 200, "there is room again")
        self.assertGreaterEqual(service.stats()["refused_overloaded"], 1)

    def test_a_deadline_is_504_and_ends_the_work(self):
        service = self.start("--deadline-ms", "50")
        self.assertEqual(service.get("/primes?below=50000000")[0], 504)
        self.assertEqual(service.get("/primes?below=50000000&deadline_ms=20")[0], 504)
        eventually(lambda: service.stats()["responses_too_late"] == 2, "the work was given up")
        self.assertEqual(service.stats()["timed_out"], 2)

    def test_a_client_that_leaves_ends_its_work(self):
        service = self.start("--capacity", "1")
        slow = self.start_slow_call(service)
        service.wait_until_serving(1)
        slow.kill()
        eventually(lambda: service.stats()["cancelled"] == 1, "its call was cancelled")
        eventually(lambda: service.get("/primes?below=10")[0] == 200, "its slot is free")
        self.assertEqual(service.stats()["answered"], 1)

    def test_a_client_that_dawdles_is_told(self):
        service = self.start("--idle-ms", "100")
        self.assertEqual(service.raw(b"GET / HT"), 408)
        self.assertIsNone(service.raw(b""))

    def test_more_clients_than_room_wait_in_the_backlog(self):
        service = self.start("--max-connections", "1")
        with service.connect() as first:
            first.sendall(b"GET / HTTP/1.1\r\n\r\n")
            first.recv(100)
            curl = service.start_curl("/")
            with self.assertRaises(subprocess.TimeoutExpired):
                curl.wait(0.2)
        self.assertEqual(finish(curl)[1], 200)

    def test_a_crowd_is_answered_or_refused_and_nothing_is_left(self):
        service = self.start("--capacity", "4", "--front-threads", "2")
        targets = [f"/primes?below={1000 + i}&parts=4" for i in range(300)]
        curl = service.start_curl(*targets, options=["-Z", "--parallel-max", "32"])
        out, _ = curl.communicate(timeout=PATIENCE_S)
        statuses = re.findall(r"^(\d{3}) \d+$", out, re.M)
        self.assertEqual(len(statuses), len(targets))
        self.assertLessEqual(set(statuses), {"200", "503"})
        for below, primes in re.findall(r'"below":(\d+),"primes":(\d+)', out):
            self.assertEqual(int(primes), primes_below(int(below)))
        seen = service.stats()
        self.assertEqual(seen["answered"], statuses.count("200"))
        self.assertEqual(seen["refused_overloaded"], statuses.count("503"))
        self.assertEqual(seen["waiting"] + seen["serving"], 0)

    def test_ctrl_c_lets_calls_finish(self):
        service = self.start("--drain-ms", "60000")
        curl = service.start_curl("/primes?below=3000000&parts=16&deadline_ms=60000")
        with service.connect() as idle:
            service.wait_until_serving(1)
            service.interrupt()
            self.assertEqual(idle.recv(1), b"", "an idle client is let go")
        body, status = finish(curl)
        self.assertEqual(status, 200)
        self.assertEqual(json.loads(body)["primes"], 216816)
        code, out, err = service.end()
        self.assertEqual((code, err), (0, ""))
        self.assertIn('"answered":1,', out)

    def test_ctrl_c_lets_calls_finish_though_nobody_reads_what_it_says(self):
        service = self.start()
        service.process.stdout.close()
        with service.connect() as client:
            client.sendall(b"GET /primes?below=3000000&deadline_ms=60000 HTTP/1.1\r\n\r\n")
            service.wait_until_serving(1)
            service.interrupt()
            self.assertIn(b'"primes":216816,', read_to_end(client))
        self.assertEqual(service.process.wait(PATIENCE_S), 0)
        self.assertEqual(service.process.stderr.read(), "")

    def test_the_second_ctrl_c_waits_for_nothing(self):
        service = self.start("--drain-ms", "3600000")
        slow = self.start_slow_call(service)
        service.wait_until_serving(1)
        service.interrupt()
        self.assertRegex(service.process.stdout.readline(), "stopping: [12] connections")
        service.interrupt()
        code, out, err = service.end()
        self.assertEqual((code, err), (0, ""))
        self.assertIn('"cancelled":1,', out)
        self.assertEqual(finish(slow)[1], 0, "no answer came")

    def test_the_drain_has_an_end(self):
        service = self.start("--drain-ms", "1")
        self.start_slow_call(service)
        service.wait_until_serving(1)
        service.interrupt()
        self.assertEqual(service.end()[0], 0)

    def test_bad_arguments_are_named(self):
        for arguments, said in (
            (["--nonsense"], "--nonsense"),
            (["--port", "70000"], "--port"),
            (["--address", "nowhere"], "'nowhere' is not an IP address"),
            (["--capacity", "0"], "--capacity"),
            (["--shards", "x"], "--shards"),
            (["--deadline-ms", "60001"], "--deadline-ms"),
        ):
            code, err = run_to_end(*arguments)
            self.assertEqual(code, 2, err)
            self.assertIn(said, err)
            self.assertEqual(err.count("\n"), 1, err)
        self.assertEqual(run_to_end("--help"), (0, ""))

    def test_an_address_in_use_is_named(self):
        service = self.start()
        code, err = run_to_end("--port", str(service.port))
        self.assertEqual(code, 3)
        self.assertIn(f"cannot listen on 127.0.0.1:{service.port}: ", err)


def main():
    global PROGRAM
    parser = argparse.ArgumentParser()
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--service")
    parser.add_argument("tests", nargs="*")
    chosen = parser.parse_args()
    names = unittest.defaultTestLoader.getTestCaseNames(MixedModeService)
    if chosen.list:
        print("\n".join(names))
        return 0
    PROGRAM = chosen.service
    suite = unittest.TestSuite(MixedModeService(name) for name in chosen.tests or names)
    return 0 if unittest.TextTestRunner(verbosity=2).run(suite).wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
