"""Runs one workload: its variants alternate, round by round."""

from . import drive, load, stats

ANSWER_TIMEOUT_S = 60


def run_workload(name, spec, rows, arguments, rounds, warmup, smoke, say, generator=None):
    """One entry of the report's "workloads". Raises VariantError when a variant fails or when two
    disagree about the checksum."""
    scale = {**spec, **spec["smoke"]} if smoke else spec
    present = [v for v in spec["variants"] if (name, v) in rows]
    processes = {}
    samples = {v: [] for v in present}
    try:
        for variant in present:
            processes[variant] = drive.Process(rows[name, variant]["path"], arguments)
        offered = (generator.load_of(name, scale, rows, arguments)
                   if "load" in scale and present else None)
        for number in range(warmup + rounds):
            for variant in present:
                if offered:
                    answer = generator.sample(processes[variant], f"{name} {variant}", offered,
                                              number)
                else:
                    answer = processes[variant].ask(
                        f"run {name} {variant} {scale['items']} {scale['iterations']}",
                        ANSWER_TIMEOUT_S)
                if number >= warmup:
                    samples[variant].append(answer)
            say(f"{name}: round {number + 1} of {warmup + rounds}")
    finally:
        for process in processes.values():
            process.close()
    check_same_work(name, samples)
    iterations = scale.get("iterations") or max(a["iterations"] for s in samples.values()
                                                for a in s)
    return {
        "name": name,
        "unit": "ns",
        "summary": spec["summary"],
        "request": spec["request"],
        "requests_per_iteration": scale["items"],
        "iteration": spec.get("sized", "{} requests").format(f"{scale['items']:,}"),
        "iterations_per_sample": iterations,
        **({"load": offered} if offered else {}),
        "rounds": rounds,
        "skipped": [v for v in spec["variants"] if v not in present],
        "variants": [summarize(v, samples, rows[name, v]) for v in present],
    }


def check_same_work(name, samples):
    """Round by round: a load's schedule, and with it the checksum, is another in each."""
    for answers in zip(*samples.values()):
        seen = {}
        for variant, answer in zip(samples, answers):
            seen.setdefault(answer["checksum"], set()).add(variant)
        if len(seen) > 1:
            raise drive.VariantError(f"{name}: checksums differ: " + ", ".join(
                f"{checksum} from {'/'.join(sorted(who))}" for checksum, who in seen.items()))


def summarize(variant, samples, row):
    answers = samples[variant]
    times = [a["ns"] for a in answers]
    merged = stats.merge(a["buckets"] for a in answers)
    result = {
        "name": variant,
        **stats.spread(times),
        "p50": stats.percentile(merged, 0.50),
        "p99": stats.percentile(merged, 0.99),
        "p999": stats.percentile(merged, 0.999),
        "requests": sum(merged.values()),
        "cpu_s": stats.spread([a["cpu_s"] for a in answers])["median"],
        "ratio_to_spargio": None,
        "waits": row["waits"],
        "pins": row["pins"],
        "checksum": str(answers[0]["checksum"]),
        "samples": times,
    }
    if "requests_by_worker" in answers[0]:
        result["extra"] = load.extra(answers)
    if samples.get("spargio"):
        ratios = stats.spread(stats.paired_ratios(times, [a["ns"] for a in samples["spargio"]]))
        result["ratio_to_spargio"] = ratios["median"]
        result["ratio_min"] = ratios["min"]
        result["ratio_max"] = ratios["max"]
    return result
