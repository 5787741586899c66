"""What each command answers."""

import time

from harness import Error, ServedTest


class Commands(ServedTest):
    def test_connection_commands(self):
        c = self.client()
        self.assertEqual(c.ask("PING"), b"PONG")
        self.assertEqual(c.ask("ping", "hello"), b"hello")
        self.assertEqual(c.ask("ECHO", "a\r\nb"), b"a\r\nb")
        self.assertEqual(c.ask("SELECT", 0), b"OK")
        self.assertEqual(c.ask("SELECT", 1), Error("ERR DB index is out of range"))
        self.assertEqual(c.ask("SELECT", 2**31),
                         Error("ERR value is out of range, value must between -2147483648 and "
                               "2147483647"))
        self.assertEqual(c.ask("CLIENT", "SETNAME", "me"), b"OK")
        self.assertIsInstance(c.ask("CLIENT", "ID"), int)
        self.assertEqual(c.ask("COMMAND", "DOCS"), [])
        self.assertEqual(c.ask("CONFIG", "GET", "save"), [b"save", b""])
        self.assertEqual(c.ask("CONFIG", "GET", "appendonly"), [b"appendonly", b"no"])
        self.assertEqual(c.ask("CONFIG", "GET", "nothing"), [])
        self.assertEqual(c.ask("HELLO", "3"), Error("NOPROTO unsupported protocol version"))
        self.assertIn(b"connected_clients:1\r\n", c.ask("INFO"))
        self.assertEqual(c.ask("QUIT"), b"OK")
        self.assertTrue(c.at_end())

    def test_strings_and_their_conditions(self):
        c = self.client()
        self.assertIsNone(c.ask("GET", "k"))
        self.assertEqual(c.ask("SET", "k", b"\x00\xff\r\n"), b"OK")
        self.assertEqual(c.ask("GET", "k"), b"\x00\xff\r\n")
        self.assertIsNone(c.ask("SET", "k", "other", "NX"))
        self.assertEqual(c.ask("SET", "k", "new", "xx"), b"OK")
        self.assertEqual(c.ask("SET", "n", "1", "NX"), b"OK")
        self.assertIsNone(c.ask("SET", "none", "1", "XX"))
        self.assertEqual(c.ask("MGET", "k", "none", "n"), [b"new", None, b"1"])
        self.assertEqual(c.ask("DEL", "k", "n", "none"), 2)
        self.assertEqual(c.ask("EXISTS", "k", "n"), 0)
        self.assertEqual(c.ask("DBSIZE"), 0)

    def test_numbers(self):
        c = self.client()
        self.assertEqual(c.ask("INCR", "i"), 1)
        self.assertEqual(c.ask("INCRBY", "i", 41), 42)
        self.assertEqual(c.ask("DECR", "i"), 41)
        self.assertEqual(c.ask("DECRBY", "i", 100), -59)
        self.assertEqual(c.ask("SET", "i", "9223372036854775807"), b"OK")
        self.assertEqual(c.ask("INCR", "i"),
                         Error("ERR increment or decrement would overflow"))
        self.assertEqual(c.ask("SET", "i", "ten"), b"OK")
        wrong = Error("ERR value is not an integer or out of range")
        self.assertEqual(c.ask("INCR", "i"), wrong)
        self.assertEqual(c.ask("INCRBY", "i", "1x"), wrong)
        self.assertEqual(c.ask("DECRBY", "i", "-9223372036854775808"),
                         Error("ERR decrement would overflow"))

    def test_a_number_is_one_as_redis_writes_it(self):
        c = self.client()
        wrong = Error("ERR value is not an integer or out of range")
        for text in ("007", "01", "-01", "00", "-0", "+1", " 1", "1 ", "", "-", "1.0", "0x10",
                     "9223372036854775808", "-9223372036854775809"):
            self.assertEqual(c.ask("INCRBY", "k", text), wrong, text)
            self.assertEqual(c.ask("EXPIRE", "k", text), wrong, text)
            self.assertEqual(c.ask("SELECT", text), wrong, text)
            self.assertEqual(c.ask("SET", "k", text), b"OK")
            self.assertEqual(c.ask("INCR", "k"), wrong, text)
            self.assertEqual(c.ask("GET", "k"), text.encode())
            self.assertEqual(c.ask("DEL", "k"), 1)
        for text in ("0", "-1", "9223372036854775806", "-9223372036854775808"):
            self.assertEqual(c.ask("SET", "k", text), b"OK")
            self.assertEqual(c.ask("INCR", "k"), int(text) + 1)

    def test_times_to_live(self):
        c = self.client()
        self.assertEqual(c.ask("TTL", "k"), -2)
        self.assertEqual(c.ask("SET", "k", "v"), b"OK")
        self.assertEqual(c.ask("TTL", "k"), -1)
        self.assertEqual(c.ask("EXPIRE", "k", 100), 1)
        self.assertIn(c.ask("TTL", "k"), range(90, 101))
        self.assertIn(c.ask("PTTL", "k"), range(90_000, 100_001))
        self.assertEqual(c.ask("EXPIRE", "none", 100), 0)
        self.assertEqual(c.ask("PEXPIRE", "k", -1), 1)
        self.assertIsNone(c.ask("GET", "k"))
        self.assertEqual(c.ask("SET", "k", "v", "EX", "50"), b"OK")
        self.assertIn(c.ask("TTL", "k"), range(40, 51))
        self.assertEqual(c.ask("SET", "k", "v", "EX", "0"),
                         Error("ERR invalid expire time in 'set' command"))

    def test_a_time_to_live_on_condition(self):
        c = self.client()
        self.assertEqual(c.ask("SET", "k", "v"), b"OK")
        # A key without one lives for ever: nothing is later, everything sooner.
        for options, taken in ((["XX"], 0), (["GT"], 0), (["XX", "LT"], 0), (["LT"], 1),
                               (["NX"], 0), (["lt"], 0), (["gt", "XX"], 0)):
            self.assertEqual(c.ask("EXPIRE", "k", 100, *options), taken, options)
        self.assertEqual(c.ask("EXPIRE", "k", 200, "GT"), 1)
        self.assertIn(c.ask("TTL", "k"), range(190, 201))
        self.assertEqual(c.ask("PEXPIRE", "k", 50_000, "LT", "XX"), 1)
        self.assertIn(c.ask("TTL", "k"), range(40, 51))
        self.assertEqual(c.ask("SET", "k", "v"), b"OK")
        self.assertEqual(c.ask("EXPIRE", "k", 100, "NX"), 1)
        self.assertEqual(c.ask("EXPIRE", "none", 100, "NX"), 0)
        self.assertEqual(c.ask("EXPIRE", "k", -1, "GT"), 0)
        self.assertEqual(c.ask("EXPIRE", "k", -1, "LT"), 1)
        self.assertEqual(c.ask("EXISTS", "k"), 0)
        for options, why in (
                (["NX", "GT"], "NX and XX, GT or LT options at the same time are not compatible"),
                (["GT", "LT"], "GT and LT options at the same time are not compatible"),
                (["NX", "soon"], "Unsupported option soon")):
            self.assertEqual(c.ask("EXPIRE", "k", "x", *options), Error("ERR " + why))

    def test_options_of_set_are_read_before_any_number(self):
        c = self.client()
        for wrong in (["EX"], ["EX", "1", "PX", "1"], ["NX", "XX"], ["XX", "NX"], ["MAYBE"],
                      ["EX", "x", "MAYBE"], ["EX", "0", "NX", "XX"], ["PX", "EX", "1"]):
            self.assertEqual(c.ask("SET", "k", "v", *wrong), Error("ERR syntax error"), wrong)
        self.assertEqual(c.ask("EXISTS", "k"), 0)
        self.assertEqual(c.ask("SET", "k", "v", "NX", "NX"), b"OK")
        # Of one that comes twice the last counts.
        self.assertEqual(c.ask("SET", "k", "v", "EX", "0", "EX", "50"), b"OK")
        self.assertIn(c.ask("TTL", "k"), range(40, 51))

    def test_times_as_far_away_as_can_be_told(self):
        c = self.client()
        most = 2**63 - 1
        today = int(time.time() * 1000)
        for command, unit in (("EXPIRE", 1000), ("PEXPIRE", 1)):
            late = Error(f"ERR invalid expire time in '{command.lower()}' command")
            self.assertEqual(c.ask("SET", "k", "v"), b"OK")
            self.assertEqual(c.ask(command, "k", most), late)
            self.assertEqual(c.ask(command, "k", (most - today) // unit + 1), late)
            far = (most - today) // unit - 3_600_000
            self.assertEqual(c.ask(command, "k", far), 1)
            self.assertIn(c.ask("PTTL", "k"), range(far * unit - 60_000, far * unit + 1))
            self.assertEqual(c.ask(command, "k", -(2**63) // unit + 1), 1)
            self.assertEqual(c.ask("EXISTS", "k"), 0)
        self.assertEqual(c.ask("EXPIRE", "k", -(2**63)),
                         Error("ERR invalid expire time in 'expire' command"))
        late = Error("ERR invalid expire time in 'set' command")
        for wrong in (most, -1, 0):
            self.assertEqual(c.ask("SET", "k", "v", "PX", wrong), late)
        self.assertEqual(c.ask("SET", "k", "v", "EX", most // 1000), late)
        self.assertEqual(c.ask("SET", "k", "v", "PX", most - today - 3_600_000), b"OK")

    def test_flushall_takes_only_its_options(self):
        c = self.client()
        self.assertEqual(c.ask("SET", "k", "v"), b"OK")
        for wrong in (["NOW"], [""], ["ASYNC", "SYNC"]):
            self.assertEqual(c.ask("FLUSHALL", *wrong), Error("ERR syntax error"))
        self.assertEqual(c.ask("DBSIZE"), 1)
        self.assertEqual(c.ask("FLUSHALL", "async"), b"OK")
        self.assertEqual(c.ask("DBSIZE"), 0)

    def test_a_web_page_makes_a_browser_store_nothing(self):
        for start in (b"POST / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: here\r\n"):
            c = self.client()
            c.send_raw(start + b"Content-Length: 9\r\n\r\nSET a 1\r\n")
            if start.startswith(b"GET"):
                self.assertIsInstance(c.reply(), Error)
            self.assertTrue(c.at_end())
            self.assertEqual(self.client().ask("EXISTS", "a"), 0)

    def test_keys_are_removed_when_their_time_comes_though_nobody_asks(self):
        c = self.client()
        c.send(*[("SET", f"k{i}", "v", "PX", "1") for i in range(500)], ("SET", "stays", "v"))
        for _ in range(501):
            self.assertEqual(c.reply(), b"OK")
        end = time.monotonic() + 60
        while c.ask("DBSIZE") != 1:
            self.assertLess(time.monotonic(), end)

    def test_mistakes_are_named_and_the_connection_goes_on(self):
        c = self.client()
        self.assertEqual(c.ask("NOSUCH", "x", "y\r\nz"),
                         Error("ERR unknown command 'NOSUCH', with args beginning with: "
                               "'x' 'y??z' "))
        self.assertEqual(c.ask("n" * 200 + "\r\n", "a" * 100, "b" * 100, "c"),
                         Error(f"ERR unknown command '{'n' * 128}', with args beginning with: "
                               f"'{'a' * 100}' '{'b' * 25}' "))
        self.assertEqual(c.ask("Get"), Error("ERR wrong number of arguments for 'get' command"))
        self.assertEqual(c.ask("MSET", "a", "1", "b"),
                         Error("ERR wrong number of arguments for 'mset' command"))
        self.assertEqual(c.ask("PING"), b"PONG")


class AllThatCanBeCounted(ServedTest):
    options = ("--max-keys", str(2**64 - 1))

    def test_as_many_keys_as_can_be_asked_for_are_not_none(self):
        self.assertEqual(self.client().ask("SET", "k", "v"), b"OK")


class Bounded(ServedTest):
    options = ("--max-keys", "10")

    def test_more_keys_than_allowed_are_refused_by_name(self):
        c = self.client()
        answers = [c.ask("SET", f"k{i}", "v") for i in range(100)]
        stored = answers.count(b"OK")
        self.assertIn(stored, range(1, 11))
        oom = Error("OOM command not allowed when used memory > 'maxmemory'.")
        self.assertEqual(answers.count(oom), 100 - stored)
        self.assertEqual(c.ask("MSET", *["w", "1"] * 3, *["x", "1", "y", "1", "z", "1"] * 5), oom)
        self.assertEqual(c.ask("FLUSHALL"), b"OK")
        self.assertEqual(c.ask("SET", "k", "v"), b"OK")
