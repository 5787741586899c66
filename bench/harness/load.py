"""Server-side workloads: a variant serves, the generator bench_load makes the sample."""

import os
import resource
import statistics
import subprocess
import time

from . import drive, stats

SAMPLE_TIMEOUT_S = 70
# What worked in a sample has blocked by then and is accounted; as in bench/common/variant.cpp.
SETTLE_S = 0.005
# A generator that goes before every server and is this late had no CPU: the host took it.
MOST_LATE_P99_NS = 500_000
MOST_REPEATS = 5


class Generator:
    """bench_load, and the capacity that open loops offer a part of."""

    def __init__(self, build):
        self.path = f"{build}/bench_load"
        self.capacity = None
        # A thousand connections need more descriptors than some systems allow by default.
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    def sample(self, process, served, load, seed):
        """One answer as `run` would give it, the CPU time being the server's. An open loop that the
        machine kept from sending in time is made again, which the answer counts."""
        for repeats in range(MOST_REPEATS + 1):
            answer = self._once(process, served, load, seed)
            answer["repeats"] = repeats
            if not disturbed(answer):
                break
        return answer

    def _once(self, process, served, load, seed):
        before = process.ask(f"serve {served}", drive.COMMAND_TIMEOUT_S)
        answer = self._generate(load, before["port"], seed)
        time.sleep(SETTLE_S)
        after = process.ask(f"serve {served}", drive.COMMAND_TIMEOUT_S)
        answer["cpu_s"] = (after["cpu_s"] - before["cpu_s"]) / answer["iterations"]
        return answer

    def load_of(self, name, scale, rows, arguments):
        """The workload's load; an open loop's rate is a part of what the epoll server manages,
        measured once a run and the same for all variants."""
        if "rate" not in scale and "offered" in scale:
            if self.capacity is None:
                self.capacity = self._measure_capacity(name, rows, arguments)
            return f"{scale['load']} rate={int(scale['offered'] * self.capacity)}"
        if "rate" in scale:
            return f"{scale['load']} rate={scale['rate']}"
        return scale["load"]

    def _measure_capacity(self, name, rows, arguments):
        if (name, "epoll") not in rows:
            raise drive.VariantError(f"{name}: no epoll server to measure the capacity of")
        process = drive.Process(rows[name, "epoll"]["path"], arguments)
        try:
            port = process.ask(f"serve {name} epoll", drive.COMMAND_TIMEOUT_S)["port"]
            load = "closed connections=64 count=50000"
            return statistics.median(1e9 / self._generate(load, port, k)["ns"] for k in range(5))
        finally:
            process.close()

    def _generate(self, load, port, seed):
        command = [self.path, *load.split(), f"port={port}", f"seed={seed + 1}"]
        try:
            done = subprocess.run(command, stdout=subprocess.PIPE, timeout=SAMPLE_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            raise drive.VariantError(f"bench_load {load}: not done in time") from None
        return drive.parsed(os.path.basename(self.path), done.stdout)


def disturbed(answer):
    if not answer["punctual"]:
        return False
    late = stats.percentile(stats.merge([answer["late"]["buckets"]]), 0.99)
    return late is not None and late > MOST_LATE_P99_NS


def extra(answers):
    """What only these workloads report: percentiles in between, rates, and how evenly the workers
    were used."""
    merged = stats.merge(a["buckets"] for a in answers)
    late = stats.merge(a["late"]["buckets"] for a in answers)
    # An open loop is offered what it makes: its rate says nothing about the server.
    rate = (None if late else
            statistics.median(a["iterations"] / a["elapsed_ns"] * 1e9 for a in answers))
    figures = {
        "p90_ns": stats.percentile(merged, 0.90),
        "p95_ns": stats.percentile(merged, 0.95),
        "p95_of_rounds_ns": of_rounds(answers, 0.95),
        "p99_of_rounds_ns": of_rounds(answers, 0.99),
        "per_second": rate,
        "requests_max_over_mean": balance(answers, "requests_by_worker"),
        "connections_max_over_mean": balance(answers, "connections_by_worker"),
        "sent_late_p99_ns": stats.percentile(late, 0.99),
        "samples_repeated": sum(a["repeats"] for a in answers) if late else None,
    }
    return {name: value for name, value in figures.items() if value is not None}


def of_rounds(answers, fraction):
    """The median of the rounds' own percentiles: one round that others disturbed, which may hold
    all of the merged tail, does not decide it."""
    each = [stats.percentile(stats.merge([a["buckets"]]), fraction) for a in answers]
    return None if None in each else statistics.median(each)


def balance(answers, key, workers=2):
    """The busiest worker's share as a multiple of an even one; 1 is even, 2 is all on one of two.
    A worker that served none is not in the counts."""
    ratios = [max(a[key]) * workers / sum(a[key]) for a in answers if a[key]]
    return statistics.median(ratios) if ratios else None
