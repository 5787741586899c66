"""The harness's own arithmetic; run by ctest as bench_harness."""

import json
import os
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from harness import (drive, guard, load, measure, redis, report_html, stats,  # noqa: E402
                     summary_svg, table)


def bucket(ns):
    """As bench/common/histogram.hpp and bench/tokio/src/histogram.rs compute it."""
    if ns < 32:
        return ns
    shift = ns.bit_length() - 6
    return (shift << 5) + (ns >> shift)


def answer(ns, checksum=1):
    return {"iterations": 1, "ns": ns, "checksum": checksum, "cpu_s": ns * 1e-9,
            "buckets": [[bucket(int(ns)), 1000]]}


ROW = {"path": "", "waits": "blocks", "pins": "CPU 0"}


def report(ratio):
    return {"workloads": [{"name": "w", "variants": [{"name": "v", "ratio_to_spargio": ratio}]}]}


class Redis(unittest.TestCase):
    CSV = ('"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms",'
           '"p99_latency_ms","max_latency_ms"\n'
           '"GET","800000.00","0.5","0.1","0.250","0.9","1.500","5.0"\n')

    def test_figures_of_redis_benchmark(self):
        self.assertEqual(redis.parsed("get", self.CSV),
                         {"ns": 1250, "per_second": 800000, "p50": 250_000, "p99": 1_500_000})

    def test_no_figure_is_an_error(self):
        for text in ("", "Could not connect", self.CSV.replace("800000.00", "0.00")):
            with self.assertRaises(drive.VariantError):
                redis.parsed("get", text)
        with self.assertRaises(drive.VariantError):
            redis.parsed("set", self.CSV)

    def test_an_entry_fits_the_report(self):
        taken = {**redis.parsed("get", self.CSV), "cpu_s": 5e-7}
        slower = {**taken, "ns": 2500}
        spec = {"summary": "s", "request": "one command", "variants": ["spargio", "redis"]}
        made = redis.entry("w", spec, {"items": 10}, "CPU 0",
                           {"spargio": [taken], "redis": [slower]}, 1)
        self.assertEqual(made["variants"][1]["ratio_to_spargio"], 2)
        self.assertIn("800000", table.text(made))
        self.assertEqual((made["unit"], made["variants"][0]["p99"]), ("ns", 1_500_000))


class Stats(unittest.TestCase):
    def test_every_value_lies_in_its_bucket_and_buckets_are_narrow(self):
        for ns in [0, 1, 31, 32, 33, 63, 64, 1000, 4095, 4096, 999_999, (1 << 40) - 1]:
            low, high = stats.bucket_bounds(bucket(ns))
            self.assertTrue(low <= ns <= high, ns)
            self.assertLessEqual(high - low, max(0, low / 32))

    def test_buckets_touch(self):
        for index in range(1000):
            self.assertEqual(stats.bucket_bounds(index)[1] + 1, stats.bucket_bounds(index + 1)[0])

    def test_percentiles_of_merged_histograms(self):
        merged = stats.merge([[[10, 50], [20, 40]], [[10, 40], [30, 70]]])
        self.assertEqual(merged, {10: 90, 20: 40, 30: 70})
        self.assertEqual(stats.percentile(merged, 0.5), 20)
        self.assertEqual(stats.percentile(merged, 0.99), 30)
        self.assertIsNone(stats.percentile(merged, 0.999))
        self.assertIsNone(stats.percentile({}, 0.5))

    def test_ratios_are_taken_pair_by_pair(self):
        samples = {"spargio": [answer(100), answer(1000)], "peer": [answer(200), answer(2000)]}
        peer = measure.summarize("peer", samples, ROW)
        self.assertEqual((peer["ratio_min"], peer["ratio_to_spargio"], peer["ratio_max"]),
                         (2, 2, 2))


class Work(unittest.TestCase):
    def test_different_checksums_fail_the_run(self):
        with self.assertRaisesRegex(drive.VariantError, "checksums differ"):
            measure.check_same_work("w", {"a": [answer(1, 7)], "b": [answer(1, 8)]})
        measure.check_same_work("w", {"a": [answer(1, 7)], "b": [answer(1, 7)]})


    def test_each_round_has_a_checksum_of_its_own(self):
        measure.check_same_work("w", {"a": [answer(1, 7), answer(1, 8)],
                                      "b": [answer(1, 7), answer(1, 8)]})
        with self.assertRaisesRegex(drive.VariantError, "checksums differ"):
            measure.check_same_work("w", {"a": [answer(1, 7), answer(1, 8)],
                                          "b": [answer(1, 8), answer(1, 7)]})


def served(requests, late=()):
    return {**answer(1000), "elapsed_ns": 2000, "repeats": 0, "punctual": True,
            "late": {"buckets": list(late)},
            "requests_by_worker": requests, "connections_by_worker": []}


class Load(unittest.TestCase):
    def test_a_worker_that_served_nothing_counts(self):
        self.assertEqual(load.extra([served([10])])["requests_max_over_mean"], 2)
        self.assertEqual(load.extra([served([10, 10])])["requests_max_over_mean"], 1)
        self.assertNotIn("connections_max_over_mean", load.extra([served([10])]))

    def test_an_open_loop_has_no_rate_of_its_own(self):
        self.assertEqual(load.extra([served([1])])["per_second"], 500_000)
        self.assertNotIn("per_second", load.extra([served([1], [[10, 1000]])]))

    def test_one_disturbed_round_does_not_decide(self):
        disturbed = {**served([1]), "buckets": [[bucket(1_000_000), 1000]]}
        figures = load.extra([served([1]), disturbed, served([1])])
        self.assertAlmostEqual(figures["p99_of_rounds_ns"], 1000, delta=32)
        self.assertGreater(figures["p95_ns"], 900_000)

    def test_only_a_punctual_generator_that_was_late_was_disturbed(self):
        late = served([1], [[bucket(2_000_000), 1000]])
        self.assertTrue(load.disturbed(late))
        self.assertFalse(load.disturbed({**late, "punctual": False}))
        self.assertFalse(load.disturbed(served([1], [[bucket(100_000), 1000]])))
        self.assertFalse(load.disturbed(served([1])))

    def test_only_an_open_loop_is_offered_a_rate(self):
        generator = load.Generator("")
        generator.capacity = 1000
        self.assertEqual(generator.load_of("w", {"load": "closed"}, {}, []), "closed")
        self.assertEqual(generator.load_of("w", {"load": "open", "offered": 0.2}, {}, []),
                         "open rate=200")

    def test_the_table_shows_what_only_some_workloads_report(self):
        variant = measure.summarize("v", {"v": [served([3, 1])]}, ROW)
        workload = {"name": "w", "iteration": "1 request", "iterations_per_sample": 1,
                    "rounds": 1, "skipped": [], "variants": [variant]}
        self.assertRegex(table.text(workload), r"requests max over mean\n.* 1\.50")


class Guard(unittest.TestCase):
    def failures(self, ratio):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump({"guards": [{"workload": "w", "variant": "v", "min_ratio": 1.2}]}, file)
            file.flush()
            return guard.check(file.name, report(ratio))

    def test_a_failing_guard_names_the_workload(self):
        self.assertEqual(self.failures(1.3), [])
        self.assertRegex(self.failures(1.1)[0], "^w: v ")
        self.assertRegex(self.failures(None)[0], "not measured")


class Report(unittest.TestCase):
    def test_names_are_escaped_and_the_page_is_whole(self):
        variant = measure.summarize("a<b", {"a<b": [answer(1500)]}, ROW)
        workload = {"name": "w", "summary": "s", "request": "one", "iteration": "1 request",
                    "iterations_per_sample": 1, "rounds": 1, "skipped": [], "variants": [variant]}
        page = report_html.page({"machine": {"cpus": 2}, "smoke": True, "workloads": [workload],
                                 "missing": {"gone": "not <built>"}})
        self.assertIn("a&lt;b", page)
        self.assertIn("gone: not &lt;built&gt;", page)
        self.assertNotIn("a<b", page)
        self.assertIn("1.5 us", table.text(workload))

    def test_the_summary_shows_every_variant_and_the_ratio_one(self):
        rows = {"spargio": [answer(1000)], "a<b": [answer(1500)]}
        variants = [measure.summarize(name, rows, ROW) for name in rows]
        svg = summary_svg.page({"machine": {"cpu": "c", "cpus": 2},
                                "workloads": [{"name": "w", "variants": variants}]})
        self.assertIn("a&lt;b", svg)
        self.assertEqual(svg.count("<circle"), 2)
        self.assertIn(">1x<", svg)


if __name__ == "__main__":
    unittest.main()
