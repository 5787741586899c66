"""One page that a stranger can read: no network, no script, light and dark."""

import html

from . import plot
from .table import duration, extra_rows, ratio

STYLE = """
:root { color-scheme: light dark; --ink: #1d1f21; --soft: #62676c; --line: #d9dcdf;
  --paper: #fbfbfa; --card: #fff; --own: #1f6f54; --peer: #55606b; --floor: #a06a1f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e6e4; --soft: #9aa0a6; --line: #3a3e42;
  --paper: #17191b; --card: #1e2123; --own: #63c7a2; --peer: #aab3bc; --floor: #d9a55a; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 74rem; margin: 2rem auto; padding: 0 1.2rem; }
h1 { font-size: 1.5rem; margin-bottom: .2rem; } h2 { font-size: 1.1rem; margin: 0; }
p { margin: .5rem 0; } .soft { color: var(--soft); }
section { background: var(--card); border: 1px solid var(--line); border-radius: 6px;
  padding: 1rem 1.2rem; margin: 1.2rem 0; overflow-x: auto; }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .2rem .6rem; border-bottom: 1px solid var(--line);
  white-space: nowrap; }
th { font-weight: 600; color: var(--soft); }
th:first-child, td:first-child, td.text, th.text { text-align: left; }
td.text { white-space: normal; min-width: 16rem; color: var(--soft); }
tr.own td:first-child { color: var(--own); font-weight: 600; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; font-size: .85rem; }
dt { color: var(--soft); } dd { margin: 0; }
svg { width: 100%; max-width: 50rem; display: block; margin: .6rem 0; }
svg text { font: 12px system-ui, sans-serif; fill: var(--ink); }
svg .name { text-anchor: end; } svg .tick { text-anchor: middle; fill: var(--soft); font-size: 11px; }
svg .value { fill: var(--soft); font-size: 11px; } svg .grid { stroke: var(--line); }
svg .range { stroke-width: 2; } svg .sample { stroke-width: 1; opacity: .45; }
.own { --c: var(--own); } .peer { --c: var(--peer); } .floor { --c: var(--floor); }
svg .cpu { fill: none; stroke: var(--c); stroke-width: 1.5; }
svg g line { stroke: var(--c); } svg g circle { fill: var(--c); }
.warn { border-left: 4px solid var(--floor); padding-left: .8rem; }
"""

ABOUT = """
<section><h2>How to read this</h2>
<p>Every variant of a workload does the same work and ends with the same checksum, or the run
fails. Within a round the variants take turns; a round is one sample of each. The dot is the median
of the samples, the faint ticks are the samples, the line runs from the fastest to the slowest; the
hollow diamond is the CPU time. The axis is logarithmic. <b>Ratio</b> is the variant's time divided by spargio's of the same round,
in the median over the rounds, with the smallest and the largest: above 1, spargio was faster.
p50, p99 and p99.9 are of single requests, from a histogram inside the workload whose buckets are
3&nbsp;% wide.</p>
<p><b>CPU</b> is user and system time of the variant's own process an iteration, and covers what
its threads still spin after the work is done; a peer process is not in it. Read it beside the
time: who polls buys latency with CPU, who blocks pays for every wake-up, and on a virtual machine
waking a halted CPU costs tens of microseconds whatever the software does.</p>
<p><span style="color:var(--floor)">limit</span> is no runtime but the floor: written by hand for
the one workload, with every trick. It shows what is left to win.</p></section>
"""


def page(report):
    body = [f"<h1>spargio benchmarks</h1><p class='soft'>{html.escape(subtitle(report))}</p>"]
    if report["smoke"]:
        body.append("<p class='warn'>A smoke run: everything once and small, to see that it works. "
                    "These figures mean nothing.</p>")
    body.append(ABOUT)
    body += [section(w) for w in report["workloads"]]
    body.append(missing(report["missing"]))
    body.append(machine(report["machine"]))
    return ("<!doctype html><html lang='en'><head><meta charset='utf-8'>"
            "<meta name='viewport' content='width=device-width, initial-scale=1'>"
            f"<title>spargio benchmarks</title><style>{STYLE}</style></head><body>"
            + "\n".join(body) + "</body></html>\n")


def subtitle(report):
    facts = report["machine"]
    kind = ", a virtual machine" if facts.get("virtual_machine") else ""
    return (f"{facts.get('date', '')}: {facts.get('cpus')} CPUs ({facts.get('cpu')}{kind}), "
            f"Linux {facts.get('kernel')}")


COLUMNS = [("Median", "median"), ("Min", "min"), ("Max", "max"), ("p50", "p50"), ("p99", "p99"),
           ("p99.9", "p999")]


def section(w):
    if not w["variants"]:
        return ""
    head = ["<th>Variant</th>", *(f"<th>{title}</th>" for title, _ in COLUMNS[:3]),
            "<th>Ratio (min to max)</th>", *(f"<th>{title}</th>" for title, _ in COLUMNS[3:]),
            "<th>CPU</th><th class='text'>Waiting; pinning</th>"]
    rows = []
    for v in w["variants"]:
        figures = [f"<td>{duration(v[key])}</td>" for _, key in COLUMNS]
        rows.append(f"<tr class='{plot.css_class(v['name'])}'><td>{html.escape(v['name'])}</td>"
                    + "".join(figures[:3]) + f"<td>{ratio(v)}</td>" + "".join(figures[3:])
                    + f"<td>{duration(v['cpu_s'] * 1e9)}</td>"
                    f"<td class='text'>{html.escape(v['waits'])}; "
                    f"{html.escape(v['pins'])}</td></tr>")
    skipped = (f"<p class='warn'>Not measured: {html.escape(', '.join(w['skipped']))}</p>"
               if w["skipped"] else "")
    return (f"<section><h2>{html.escape(w['name'])}</h2><p>{html.escape(w['summary'])}</p>"
            f"<p class='soft'>An iteration is {html.escape(w['iteration'])}; a sample is "
            f"the mean of {w['iterations_per_sample']} iterations; {w['rounds']} rounds. "
            f"Median, min, max and CPU are of an iteration; percentiles of "
            f"{html.escape(w['request'])}.</p>{plot.ranges(w['variants'])}"
            f"<table><tr>{''.join(head)}</tr>{''.join(rows)}</table>{extra(w)}{skipped}</section>")


def missing(workloads):
    """Those of which there is no figure, and why."""
    if not workloads:
        return ""
    return "<p class='warn'>Not measured:</p><ul>" + "".join(
        f"<li>{html.escape(name)}: {html.escape(why)}</li>" for name, why in workloads.items()) + "</ul>"


def extra(w):
    head, *rows = extra_rows(w["variants"]) or [[]]
    if not rows:
        return ""
    cells = "".join("<tr class='" + plot.css_class(row[0]) + "'>"
                    + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
                    for row in rows)
    return (f"<p class='soft'>Load: {html.escape(w.get('load', ''))}</p><table><tr>"
            + "".join(f"<th>{html.escape(cell)}</th>" for cell in head) + f"</tr>{cells}</table>")


def machine(facts):
    rows = "".join(f"<dt>{html.escape(key.replace('_', ' '))}</dt><dd>{html.escape(str(value))}</dd>"
                   for key, value in facts.items())
    return f"<section><h2>Machine and versions</h2><dl>{rows}</dl></section>"
