"""Commands and keys of all kinds, on connections of either shard: what they answer is what a
dictionary would, and whatever words come each request has one answer, in its place."""

import os
import random

from harness import Error, ServedTest

KEYS = [f"key{i}" for i in range(200)]  # of both shards, whichever serves the connection
TIMES = 20 if os.environ.get("SPARGIO_LONG") else 1


class Model:
    """What the server is to do, one command after the other."""

    def __init__(self):
        self.values = {}

    def set(self, key, value, condition=None):
        if condition and (key in self.values) != (condition == "XX"):
            return None
        self.values[key] = value.encode()
        return b"OK"

    def get(self, key):
        return self.values.get(key)

    def delete(self, *keys):
        return sum(self.values.pop(key, None) is not None for key in keys)

    def exists(self, *keys):
        return sum(key in self.values for key in keys)

    def add(self, key, by):
        try:
            after = int(self.values.get(key, b"0")) + by
        except ValueError:
            return Error("ERR value is not an integer or out of range")
        self.values[key] = str(after).encode()
        return after

    def set_many(self, *pairs):
        self.values.update((key, value.encode()) for key, value in zip(pairs[::2], pairs[1::2]))
        return b"OK"

    def some_command(self, chosen):
        """A request and what it answers."""
        key, other = chosen.choice(KEYS), chosen.choice(KEYS)
        text = chosen.choice(["7", "-3", "text", ""])
        by = chosen.randrange(-9, 10)
        return chosen.choice([
            lambda: (("GET", key), self.get(key)),
            lambda: (("SET", key, text), self.set(key, text)),
            lambda: (("SET", key, text, "NX"), self.set(key, text, "NX")),
            lambda: (("SET", key, text, "XX", "EX", 1000), self.set(key, text, "XX")),
            lambda: (("DEL", key, other), self.delete(key, other)),
            lambda: (("EXISTS", key, other, key), self.exists(key, other, key)),
            lambda: (("INCR", key), self.add(key, 1)),
            lambda: (("DECR", key), self.add(key, -1)),
            lambda: (("INCRBY", key, by), self.add(key, by)),
            lambda: (("MGET", key, "none", other), [self.get(key), None, self.get(other)]),
            lambda: (("MSET", key, text, other, "9"), self.set_many(key, text, other, "9")),
            lambda: (("EXPIRE", key, 1000), self.exists(key)),
            lambda: (("DBSIZE",), len(self.values)),
        ])()


class Dispatch(ServedTest):
    def test_commands_answer_as_a_dictionary_would_wherever_keys_live(self):
        chosen = random.Random(23)
        model = Model()
        connections = [self.client() for _ in range(4)]
        for _ in range(30 * TIMES):
            c = chosen.choice(connections)
            asked = [model.some_command(chosen) for _ in range(chosen.randrange(1, 100))]
            c.send(*[request for request, _ in asked])
            for request, answer in asked:
                self.assertEqual(c.reply(), answer, request)

    def test_whatever_words_come_each_request_has_one_answer(self):
        chosen = random.Random(29)
        names = ("PING ECHO GET SET DEL EXISTS INCR DECR INCRBY DECRBY EXPIRE PEXPIRE TTL PTTL MGET "
                 "MSET DBSIZE INFO COMMAND CLIENT CONFIG HELLO SELECT nonsense").split()
        words = ("EX PX NX XX GT LT GET DOCS COUNT ID SETNAME save key1 key2 0 1 -1 99 "
                 "9223372036854775807 9223372036854775808 1.5").split() + ["", b"\x00\xff", "a\r\n"]
        c = self.client()
        for block in range(40 * TIMES):
            requests = []
            for place in range(50):
                requests.append([chosen.choice(names),
                                 *[chosen.choice(words) for _ in range(chosen.randrange(6))]])
                requests.append(("ECHO", f"{block}.{place}"))
            c.send(*requests)
            for request, mark in zip(requests[::2], requests[1::2]):
                c.reply()
                self.assertEqual(c.reply(), mark[1].encode(), request)

    def test_what_stock_clients_ask_first_is_answered(self):
        c = self.client()
        for request in [("COMMAND",), ("COMMAND", "DOCS"), ("COMMAND", "COUNT"),
                        ("CLIENT", "SETINFO", "LIB-NAME", "x"), ("CLIENT", "NO-EVICT", "ON"),
                        ("CLIENT", "GETNAME"), ("CONFIG", "GET", "save"), ("HELLO", "2")]:
            with self.subTest(request):
                self.assertNotIsInstance(c.ask(*request), Error)
