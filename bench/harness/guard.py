"""Thresholds on ratios: each names a workload, a variant and the least its ratio may be."""

import json


def check(path, report):
    """Failures as sentences; a guarded figure that was not measured fails too."""
    with open(path, encoding="utf-8") as file:
        guards = json.load(file)["guards"]
    measured = {(w["name"], v["name"]): v["ratio_to_spargio"]
                for w in report["workloads"] for v in w["variants"]}
    ran = {w["name"] for w in report["workloads"]}
    failures, checked = [], 0
    for guard in guards:
        if guard["workload"] not in ran:
            continue
        checked += 1
        ratio = measured.get((guard["workload"], guard["variant"]))
        where = f"{guard['workload']}: {guard['variant']}"
        if ratio is None:
            failures.append(f"{where} was not measured")
        elif ratio < guard["min_ratio"]:
            failures.append(f"{where} takes {ratio:.2f} of spargio's time; "
                            f"at least {guard['min_ratio']} is asked for")
    if checked == 0:
        failures.append(f"{path} guards none of the workloads that ran")
    return failures
