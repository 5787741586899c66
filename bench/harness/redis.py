"""keyed_router beside redis-server: two servers that speak the same protocol, driven by its own
generator, redis-benchmark, on the same CPUs."""

import csv
import os
import shutil
import socket
import statistics
import subprocess
import tempfile
import time

from . import drive, stats

SAMPLE_TIMEOUT_S = 60
START_TIMEOUT_S = 10

# What both servers get, and the generator. keyed_router makes a shard of each of its CPUs;
# redis-server has one thread that does the work wherever it is.
PLACES = {
    "one_cpu": ("0", "0", "server and generator share CPU 0"),
    "apart": ("0", "1", "server on CPU 0, generator on CPU 1"),
    "two_cpus": ("0,1", "0,1", "server and generator share CPUs 0 and 1"),
}
POLLS = "polls for up to 100 us after work while that pays, then blocks in io_uring"
WAITS = {"spargio": POLLS, "spargio_one_shard": POLLS, "redis": "blocks in epoll"}


class Server:
    """One of the two on its CPUs, with nothing on disk."""

    def __init__(self, variant, program, cpus, work):
        self.port = free_port()
        options = {
            "spargio": ["--listen", f"127.0.0.1:{self.port}"],
            "spargio_one_shard": ["--listen", f"127.0.0.1:{self.port}", "--shards", "1"],
            "redis": ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
                      "--appendonly", "no", "--dir", work],
        }[variant]
        self.child = subprocess.Popen(["taskset", "-c", cpus, program, *options],
                                      stdout=subprocess.DEVNULL)
        self._await_listening(variant)

    def _await_listening(self, variant):
        end = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                if self.child.poll() is not None or time.monotonic() > end:
                    self.close()
                    raise drive.VariantError(f"{variant}: its server does not listen") from None
                time.sleep(0.02)

    def cpu_s(self):
        with open(f"/proc/{self.child.pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self):
        if self.child.poll() is None:
            self.child.terminate()
        self.child.wait(timeout=10)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def programs(build):
    own = f"{build}/../examples/keyed_router/keyed_router"
    found = {"spargio": own, "spargio_one_shard": own, "redis": shutil.which("redis-server")}
    return {name: path for name, path in found.items() if path and os.access(path, os.X_OK)}


def run_workloads(name, spec, build, rounds, warmup, smoke, say):
    """Entries of the report's "workloads": one a command and place."""
    found = programs(build) if shutil.which("redis-benchmark") and shutil.which("taskset") else {}
    present = [v for v in spec["variants"] if v in found]
    if not present:
        return []
    scale = {**spec, **spec["smoke"]} if smoke else spec
    # A machine may have one CPU only.
    places = {place: cpus for place, cpus in PLACES.items()
              if {int(c) for c in ",".join(cpus[:2]).split(",")} <= os.sched_getaffinity(0)}
    done = []
    with tempfile.TemporaryDirectory() as work:
        for place, (server_cpus, generator_cpus, words) in places.items():
            servers = {}
            try:
                for variant in present:
                    if variant == "spargio_one_shard" and "," not in server_cpus:
                        continue  # it has no more than one as it is
                    servers[variant] = Server(variant, found[variant], server_cpus, work)
                samples = sample_all(f"{name} {place}", servers, scale, generator_cpus, rounds,
                                     warmup, say)
            finally:
                for server in servers.values():
                    server.close()
            done += [entry(f"{name}_{command}_{place}", spec, scale, words, samples[command],
                           rounds)
                     for command in spec["commands"]]
    return done


def sample_all(name, servers, scale, cpus, rounds, warmup, say):
    """{command: {variant: [sample, ...]}}; the servers take turns."""
    samples = {command: {v: [] for v in servers} for command in scale["commands"]}
    for number in range(warmup + rounds):
        for command in scale["commands"]:
            for variant, server in servers.items():
                taken = sample(server, command, scale, cpus)
                if number >= warmup:
                    samples[command][variant].append(taken)
        say(f"{name}: round {number + 1} of {warmup + rounds}")
    return samples


def sample(server, command, scale, cpus):
    before = server.cpu_s()
    generator = ["taskset", "-c", cpus, "redis-benchmark", "-p", str(server.port), "--csv",
                 "-c", str(scale["clients"]), "-P", str(scale["pipeline"]),
                 "-n", str(scale["items"]), "-t", command]
    try:
        done = subprocess.run(generator, capture_output=True, text=True, timeout=SAMPLE_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        raise drive.VariantError(f"redis-benchmark -t {command}: not done in time") from None
    return {**parsed(command, done.stdout), "cpu_s": (server.cpu_s() - before) / scale["items"]}


def parsed(command, text):
    """What redis-benchmark --csv says of one command: its time each, and the latency of a batch."""
    rows = [row for row in csv.DictReader(text.splitlines())
            if row.get("test", "").lower() == command]
    if len(rows) != 1 or float(rows[0]["rps"]) <= 0:
        raise drive.VariantError(f"redis-benchmark -t {command}: no figure in {text[:200]!r}")
    row = rows[0]
    return {"ns": 1e9 / float(row["rps"]), "per_second": float(row["rps"]),
            **{p: float(row[f"{p}_latency_ms"]) * 1e6 for p in ("p50", "p99")}}


def entry(name, spec, scale, words, samples, rounds):
    return {
        "name": name,
        "unit": "ns",
        "summary": f"{spec['summary']} Here {words}.",
        "request": spec["request"],
        "requests_per_iteration": 1,
        "iteration": "one command",
        "iterations_per_sample": scale["items"],
        "rounds": rounds,
        "skipped": [],
        "variants": [summarize(v, samples, words) for v in samples],
    }


def summarize(variant, samples, words):
    times = [s["ns"] for s in samples[variant]]
    result = {
        "name": variant,
        **stats.spread(times),
        # The generator gives no histogram: the rounds' own percentiles, and of those the median.
        **{p: statistics.median(s[p] for s in samples[variant]) for p in ("p50", "p99")},
        "p999": None,
        "cpu_s": statistics.median(s["cpu_s"] for s in samples[variant]),
        "ratio_to_spargio": None,
        "waits": WAITS[variant],
        "pins": words,
        "samples": times,
        "extra": {"per_second": statistics.median(s["per_second"] for s in samples[variant])},
    }
    if "spargio" in samples:
        ratios = stats.spread(stats.paired_ratios(times, [s["ns"] for s in samples["spargio"]]))
        result["ratio_to_spargio"] = ratios["median"]
        result["ratio_min"] = ratios["min"]
        result["ratio_max"] = ratios["max"]
    return result
