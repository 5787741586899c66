"""Many requests at once, slow and vanishing clients, malformed and oversized requests."""

import random
import threading

from harness import Client, Error, ServedTest, encoded


def a_million_times(client, *words):
    """A thread that sends them without waiting for any reply."""
    block = encoded(words) * 10_000

    def send():
        for _ in range(100):
            client.send_raw(block)
    sender = threading.Thread(target=send)
    sender.start()
    return sender


class Pipelines(ServedTest):
    def test_replies_come_in_order_across_shards(self):
        c = self.client()
        chosen = random.Random(7)
        expected = {}
        answers = []
        requests = []
        for i in range(20_000):
            key = f"key{chosen.randrange(500)}"
            if chosen.random() < 0.5:
                requests.append(("SET", key, f"value{i}"))
                expected[key] = f"value{i}".encode()
                answers.append(b"OK")
            elif chosen.random() < 0.2:
                keys = [f"key{chosen.randrange(500)}" for _ in range(5)]
                requests.append(("MGET", *keys))
                answers.append([expected.get(k) for k in keys])
            else:
                requests.append(("GET", key))
                answers.append(expected.get(key))
        sender = threading.Thread(target=c.send, args=requests)
        sender.start()
        for answer in answers:
            self.assertEqual(c.reply(), answer)
        sender.join()

    def test_clients_side_by_side_lose_no_increment(self):
        def work(client):
            client.send(*[("INCR", f"n{i % 7}") for i in range(5_000)])
            for _ in range(5_000):
                self.assertIsInstance(client.reply(), int)
        workers = [threading.Thread(target=work, args=(self.client(),)) for _ in range(8)]
        for each in workers:
            each.start()
        for each in workers:
            each.join()
        c = self.client()
        self.assertEqual(sum(int(c.ask("GET", f"n{i}")) for i in range(7)), 40_000)

    def test_requests_may_come_byte_by_byte(self):
        c = self.client()
        for byte in encoded(("SET", "k", "v\r\n")) + b"get k\r\n" + encoded(("PING",)):
            c.send_raw(bytes([byte]))
        self.assertEqual([c.reply() for _ in range(3)], [b"OK", b"v\r\n", b"PONG"])

    def test_a_large_value_goes_in_and_out(self):
        c = self.client()
        value = random.Random(1).randbytes(5_000_000)
        self.assertEqual(c.ask("SET", "k", value), b"OK")
        self.assertEqual(c.ask("GET", "k"), value)

    def test_a_million_commands_of_a_slow_reader_take_bounded_memory(self):
        c = self.client(receive_buffer=16 * 1024)
        c.ask("SET", "k", "v" * 4000)
        before = self.server.resident_bytes()
        request = encoded(("GET", "k"))
        # Four gigabytes of replies; it stops reading long before the requests are sent.
        c.socket.setblocking(False)
        sent = 0
        try:
            while sent < 1_000_000 * len(request):
                sent += c.socket.send(request * 1000)
        except BlockingIOError:
            pass
        self.assertLess(sent, 1_000_000 * len(request))
        # Another client is served meanwhile, and sees the server at rest.
        other = self.client()
        for _ in range(200):
            self.assertEqual(other.ask("PING"), b"PONG")
        self.assertLess(self.server.resident_bytes() - before, 16 * 1024 * 1024)
        # What was sent whole is answered, once the reader reads.
        c.socket.settimeout(60)
        for _ in range(sent // len(request)):
            self.assertEqual(len(c.reply()), 4000)

    def test_a_million_commands_are_all_answered(self):
        c = self.client()
        sender = a_million_times(c, "INCR", "n")
        last = b""
        count = 0
        while count < 1_000_000:
            data = c.socket.recv(1 << 20)
            count += data.count(b"\n")
            last = (last + data)[-16:]
        sender.join()
        self.assertTrue(last.endswith(b":1000000\r\n"), last)

    def test_a_million_commands_sent_ahead_of_their_reader_take_bounded_memory(self):
        c = self.client(receive_buffer=16 * 1024)
        c.ask("SET", "k", "v" * 100)
        before = self.server.resident_bytes()
        sender = a_million_times(c, "GET", "k")
        left = 1_000_000 * len(b"$100\r\n" + b"v" * 100 + b"\r\n")
        while left > 0:
            received = len(c.socket.recv(min(left, 8 * 1024)))
            self.assertGreater(received, 0, "the connection ended")
            left -= received
        sender.join()
        self.assertLess(self.server.most_resident_bytes() - before, 16 * 1024 * 1024)

    def test_vanishing_clients_leave_nothing_behind(self):
        for i in range(50):
            c = Client(self.server)
            c.send(*[("SET", f"k{j}", "v" * 1000) for j in range(i)], ("GET", "k0"))
            if i % 2:
                c.send_raw(b"*2\r\n$3\r\nGET\r\n$100\r\nhalf")
            c.close()
        c = self.client()
        while b"connected_clients:1\r\n" not in c.ask("INFO"):
            pass


class Limits(ServedTest):
    options = ("--max-bulk-bytes", "1000", "--max-args", "100", "--max-request-bytes", "5000")

    def end_of(self, sent):
        """The replies to something that ends the connection."""
        c = self.client()
        c.send_raw(encoded(("PING",)) + sent + encoded(("PING",)))
        self.assertEqual(c.reply(), b"PONG")
        answer = c.reply()
        self.assertTrue(c.at_end(), "it was to be closed")
        return answer

    def test_faults_are_named_and_end_the_connection(self):
        for sent, why in [
            (b"*x\r\n", "invalid multibulk length"),
            (b"*101\r\n", "invalid multibulk length"),
            (b"*1\r\n:1\r\n", "expected '$', got ':'"),
            (b"*1\r\n$1001\r\n", "invalid bulk length"),
            (b"*1\r\n$3\r\nabcde\r\n", "bulk string without its end of line"),
            (encoded(["x" * 900] * 6), "request too large"),
            (b"set \"k\r\n", "unbalanced quotes in request"),
            (b"x" * 70_000, "too big inline request"),
        ]:
            with self.subTest(why):
                self.assertEqual(self.end_of(sent), Error(f"ERR Protocol error: {why}"))

    def test_random_bytes_never_stop_the_server(self):
        chosen = random.Random(11)
        for _ in range(300):
            c = Client(self.server)
            size = chosen.randrange(200)
            noise = bytes(chosen.choice(b"*$\r\n0123456789 \"'\\aG\x00\xff") for _ in range(size))
            c.send_raw(noise)
            c.close()
        self.assertEqual(self.client().ask("PING"), b"PONG")


class FewClients(ServedTest):
    options = ("--max-clients", "2")

    def test_one_too_many_is_told_so(self):
        a, b = self.client(), self.client()
        self.assertEqual(a.ask("PING"), b"PONG")
        self.assertEqual(b.ask("PING"), b"PONG")
        c = self.client()
        self.assertEqual(c.reply(), Error("ERR max number of clients reached"))
        self.assertTrue(c.at_end())
        a.close()
        b.close()
