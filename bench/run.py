#!/usr/bin/env python3
"""Runs the benchmarks and writes report.json and report.html. See bench/README.md.

Usually started by scripts/bench, which builds first."""

import argparse
import atexit
import json
import os
import signal
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from harness import (drive, guard, load, machine, measure, redis, report_html,  # noqa: E402
                     summary_svg, table)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workloads", nargs="*", metavar="NAME", help="default: all")
    parser.add_argument("--build", required=True, help="directory with the bench_* executables")
    parser.add_argument("--out", required=True, help="directory for the reports and the data")
    parser.add_argument("--rounds", type=int, default=12, help="at least 10 for a real run")
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--smoke", action="store_true", help="once, small: does it work at all")
    parser.add_argument("--realtime", action="store_true",
                        help="run all variants under SCHED_RR: for a machine shared with others")
    parser.add_argument("--guard", metavar="FILE", help="fail when a ratio is below its threshold")
    parser.add_argument("--plot", metavar="FILE", help="also write the summary picture (SVG)")
    parser.add_argument("--only", metavar="VARIANT,...", help="leave the other variants out")
    parser.add_argument("--check", action="store_true",
                        help="only look whether the other arguments are understood")
    args = parser.parse_args()
    if args.rounds < 1 or args.warmup < 0:
        parser.error("--rounds: at least 1; --warmup: at least 0")
    if args.guard and not os.path.isfile(args.guard):
        parser.error(f"--guard: no such file: {args.guard}")
    return args


def chosen(args):
    with open(f"{HERE}/workloads.json", encoding="utf-8") as file:
        known = json.load(file)
    unknown = [name for name in args.workloads if name not in known]
    if unknown:
        sys.exit(f"unknown workload: {', '.join(unknown)}\nknown: {', '.join(known)}")
    if args.only:
        variants = {v for spec in known.values() for v in spec["variants"]}
        unknown = [name for name in args.only.split(",") if name not in variants]
        if unknown:
            sys.exit(f"unknown variant: {', '.join(unknown)}\nknown: {', '.join(sorted(variants))}")
        for spec in known.values():
            spec["variants"] = [v for v in spec["variants"] if v in args.only.split(",")]
    return {name: known[name] for name in (args.workloads or known)}


def schedule(realtime, served=False):
    """Variants inherit the scheduling class. Others' work is then kept off the two CPUs while a
    variant wants them, but for what the kernel's own realtime limit gives it. Servers share their
    CPUs with a generator that may never wait, and under SCHED_RR would starve the worker beside it
    for a time slice: they and it go before others by their nice value instead."""
    if not realtime:
        return "normal"
    try:
        if served:
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
            os.setpriority(os.PRIO_PROCESS, 0, -20)
            raise_session()
        else:
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except PermissionError:
        sys.exit("--realtime needs root or CAP_SYS_NICE")
    return ("SCHED_RR, priority 1, for every variant and the peer alike; servers and their "
            "generator nice -20")


def raise_session():
    """Where the kernel groups sessions (sched_autogroup_enabled), a nice value counts only within
    one, and the session has another. It gets its own back at the end."""
    path = "/proc/self/autogroup"
    try:
        with open(path, encoding="ascii") as file:
            before = file.read().split()[-1]
        if before != "-20":
            with open(path, "w", encoding="ascii") as file:
                file.write("-20")
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
            atexit.register(lambda: open(path, "w", encoding="ascii").write(before))
    except (OSError, IndexError):
        pass  # no such groups


def say(text):
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{text}")
        sys.stderr.flush()


def run_all(args, specs):
    os.makedirs(args.out, exist_ok=True)
    scheduling = schedule(args.realtime)
    data = os.path.join(args.out, "blocks")
    drive.make_blocks(data)
    executables = drive.locate(args.build)
    for missing in (name for name in drive.EXECUTABLES if name not in executables):
        print(f"SKIPPED: bench_{missing} is not built")
    report = {"machine": machine.describe(args.build, data, scheduling),
              "smoke": args.smoke, "workloads": [], "missing": {}}
    failures = []
    peer = drive.EchoPeer(args.build)
    generator = load.Generator(args.build)
    try:
        surroundings = ["--file", data, "--echo-port", str(peer.port)]
        rows = drive.catalogue(executables, surroundings)
        rounds, warmup = (1, 0) if args.smoke else (args.rounds, args.warmup)
        for name, spec in specs.items():
            schedule(args.realtime, "load" in spec or "driver" in spec)
            try:
                if "driver" in spec:
                    done = redis.run_workloads(name, spec, args.build, rounds, warmup, args.smoke,
                                               say)
                else:
                    done = [measure.run_workload(name, spec, rows, surroundings, rounds, warmup,
                                                 args.smoke, say, generator)]
            except drive.VariantError as error:
                failures.append(str(error))
                report["missing"][name] = str(error)
                continue
            say("")
            report["workloads"] += done
            for workload in done:
                print(table.text(workload), flush=True)
            if not any(workload["variants"] for workload in done):
                report["missing"][name] = ("a server or its generator is missing" if "driver" in spec
                                           else "none of its variants is built")
                print(f"SKIPPED: {name}: {report['missing'][name]}")
    finally:
        peer.close()
    report["machine"]["load_after"] = machine.load()
    return report, failures


def main():
    args = arguments()
    specs = chosen(args)
    if args.check:
        return 0
    report, failures = run_all(args, specs)
    with open(f"{args.out}/report.json", "w", encoding="utf-8") as file:
        json.dump(report, file, indent=1)
    with open(f"{args.out}/report.html", "w", encoding="utf-8") as file:
        file.write(report_html.page(report))
    print(f"wrote {args.out}/report.json and report.html")
    if args.plot:
        with open(args.plot, "w", encoding="utf-8") as file:
            file.write(summary_svg.page(report))
        print(f"wrote {args.plot}")
    if args.guard:
        failures += guard.check(args.guard, report)
    for failure in failures:
        print(f"FAILED: {failure}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
