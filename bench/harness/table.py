"""The table on the terminal, and how figures are written."""


def duration(ns):
    if ns is None:
        return "-"
    for unit, size in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if ns >= size:
            return f"{ns / size:.3g} {unit}" if ns / size < 1000 else f"{ns / size:.0f} {unit}"
    return f"{ns:.0f} ns"


def ratio(variant):
    if variant["ratio_to_spargio"] is None:
        return "-"
    return (f"{variant['ratio_to_spargio']:.2f} "
            f"({variant['ratio_min']:.2f}-{variant['ratio_max']:.2f})")


HEAD = ["variant", "median", "min", "max", "ratio (min-max)", "p50", "p99", "p99.9", "CPU", "waits"]


def cells(variant):
    return [variant["name"],
            *(duration(variant[k]) for k in ("median", "min", "max")),
            ratio(variant),
            *(duration(variant[k]) for k in ("p50", "p99", "p999")),
            duration(variant["cpu_s"] * 1e9),
            variant["waits"]]


def figure(name, value):
    """One of a variant's extra figures; its name says the unit."""
    if value is None:
        return "-"
    if name.endswith("_ns"):
        return duration(value)
    return f"{value:.0f}" if value >= 100 or isinstance(value, int) else f"{value:.2f}"


def extra_rows(variants):
    """Head and rows of what some workloads report beyond the columns of all; or nothing."""
    names = list(dict.fromkeys(name for v in variants for name in v.get("extra", {})))
    if not names:
        return []
    head = ["variant", *(name.removesuffix("_ns").replace("_", " ") for name in names)]
    return [head, *([v["name"], *(figure(name, v.get("extra", {}).get(name)) for name in names)]
                    for v in variants)]


def columns(rows):
    """The first and the last column to the left, the others to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))] if rows else []
    lines = []
    for row in rows:
        first, *middle, last = (cell if i in (0, len(row) - 1) else cell.rjust(widths[i])
                                for i, cell in enumerate(row))
        lines.append("  ".join(["", first.ljust(widths[0]), *middle, last]).rstrip())
    return lines


def text(workload):
    rows = [HEAD, *(cells(v) for v in workload["variants"])]
    lines = [f"\n{workload['name']}: an iteration is {workload['iteration']}, "
             f"{workload['rounds']} rounds of {workload['iterations_per_sample']} iterations; "
             f"median, min, max and CPU an iteration"]
    lines += columns(rows) + columns([[*row, ""] for row in extra_rows(workload["variants"])])
    if workload["skipped"]:
        lines.append(f"  SKIPPED, not built or not written yet: {', '.join(workload['skipped'])}")
    return "\n".join(lines)
