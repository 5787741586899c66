"""The program from its command line to its end, and the stock clients."""

import signal
import subprocess

import harness
from harness import ServedTest


class Lifecycle(ServedTest):
    def test_a_signal_ends_it_after_what_was_read_is_answered(self):
        for signum in (signal.SIGINT, signal.SIGTERM):
            server = harness.Server()
            self.addCleanup(server.kill)
            idle = harness.Client(server)
            busy = harness.Client(server)
            self.assertEqual(idle.ask("PING"), b"PONG")
            busy.send(*[("SET", f"k{i}", "v") for i in range(1000)])
            self.assertEqual(busy.reply(), b"OK")
            code, said = server.stop(signum)
            self.assertEqual(code, 0, said)
            self.assertIn("stopping: 2 connections\n", said)
            self.assertTrue(idle.at_end())
            for _ in range(999):
                self.assertEqual(busy.reply(), b"OK")
            self.assertTrue(busy.at_end())
            idle.close()
            busy.close()

    def test_a_client_that_does_not_read_is_cut_off_at_the_deadline(self):
        server = harness.Server("--drain-ms", "50")
        self.addCleanup(server.kill)
        c = harness.Client(server, receive_buffer=16 * 1024)
        self.addCleanup(c.close)
        c.ask("SET", "k", "v" * 1_000_000)
        c.send(*[("GET", "k")] * 100)
        c.reply()
        code, said = server.stop()
        self.assertEqual(code, 0, said)

    def test_bad_arguments_and_a_taken_port_are_said_in_one_line(self):
        for options, code in [(["--shards", "0"], 2), (["--listen", "nowhere"], 2),
                              (["--listen", f"127.0.0.1:{self.server.port}"], 3)]:
            done = subprocess.run([harness.PROGRAM, *options], capture_output=True, text=True,
                                  timeout=harness.PATIENCE_S)
            self.assertEqual(done.returncode, code)
            self.assertRegex(done.stderr, r"^keyed_router: [^\n]+\n$")

    def test_a_count_of_keys_that_is_none_is_refused_with_the_range(self):
        for count in ("1e23", "-1", "0", "1.5", "010", "", str(2**64)):
            done = subprocess.run([harness.PROGRAM, "--max-keys", count, "--listen", "nowhere"],
                                  capture_output=True, text=True, timeout=harness.PATIENCE_S)
            self.assertEqual(done.returncode, 2)
            self.assertRegex(done.stderr, r"^keyed_router: --max-keys: [^\n]{,100}\n$")
            self.assertIn(f"'{count}' is no whole number from 1 to {2**64 - 1} ", done.stderr)


class StockClients(ServedTest):
    def run_client(self, *command, stdin=None):
        self.need(command[0])
        done = subprocess.run([command[0], "-p", str(self.server.port), *command[1:]], input=stdin,
                              capture_output=True, text=True, timeout=harness.PATIENCE_S)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_redis_cli(self):
        session = "SET greeting hello EX 100\nGET greeting\nINCRBY n 5\nMGET greeting n none\n"
        self.assertEqual(self.run_client("redis-cli", stdin=session),
                         "OK\nhello\n5\nhello\n5\n\n")
        self.assertEqual(self.run_client("redis-cli", "PING"), "PONG\n")
        self.assertIn("db0:keys=2", self.run_client("redis-cli", "INFO"))

    def test_redis_cli_pipe_loads_many_keys(self):
        load = b"".join(harness.encoded(("SET", f"key{i}", i)) for i in range(10_000)).decode()
        self.assertIn("errors: 0, replies: 10000",
                      self.run_client("redis-cli", "--pipe", stdin=load))
        self.assertEqual(self.run_client("redis-cli", "DBSIZE"), "10000\n")

    def test_redis_benchmark(self):
        for options in (["-P", "16"], ["-P", "1"], ["-P", "64", "-r", "10000", "--threads", "2"]):
            out = self.run_client("redis-benchmark", "-t", "ping,set,get,incr,mset", "-n", "5000",
                                  "-c", "50", "--csv", *options)
            lines = out.strip().split("\n")
            self.assertEqual(len(lines), 7, out)
            for line in lines[1:]:
                self.assertGreater(float(line.split(",")[1].strip('"')), 0, line)
