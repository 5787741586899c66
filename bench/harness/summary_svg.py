"""The whole report as one picture: every variant's time as a multiple of spargio's."""

import html
import math

from .plot import css_class
from .table import duration

LEFT, RIGHT, WIDTH, ROW, HEAD = 150, 70, 860, 19, 30
COLOURS = {"own": "#1f6feb", "floor": "#6e7781", "peer": "#cf6a1f"}


def _rows(report):
    """(workload, variants with a ratio) in the report's order."""
    for workload in report["workloads"]:
        variants = [v for v in workload["variants"] if v["ratio_to_spargio"] is not None]
        if variants:
            yield workload["name"], variants


def page(report):
    """A standalone SVG. The axis is logarithmic: right of the line is slower than spargio."""
    rows = list(_rows(report))
    ratios = [r for _, variants in rows for v in variants for r in (v["ratio_min"], v["ratio_max"])]
    low, high = min(ratios + [0.5]) / 1.15, max(ratios + [2]) * 1.15
    span = math.log(high / low)

    def x(value):
        return LEFT + (WIDTH - LEFT - RIGHT) * math.log(value / low) / span

    height = HEAD + sum(ROW * len(variants) + 26 for _, variants in rows) + 30
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
           f'font-family="sans-serif" font-size="12">',
           f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>']
    for tick in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500):
        if low <= tick <= high:
            dark = tick == 1
            out.append(f'<line x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{HEAD - 8}" '
                       f'y2="{height - 26}" stroke="{"#1f6feb" if dark else "#d0d7de"}"/>'
                       f'<text x="{x(tick):.1f}" y="{HEAD - 14}" text-anchor="middle" '
                       f'fill="#57606a">{tick:g}x</text>')
    y = HEAD
    for name, variants in rows:
        y += 20
        out.append(f'<text x="8" y="{y}" font-weight="bold" fill="#24292f">'
                   f'{html.escape(name)}</text>')
        y += 6
        for v in variants:
            middle = y + ROW / 2
            colour = COLOURS[css_class(v["name"])]
            out.append(f'<text x="{LEFT - 12}" y="{middle + 4}" text-anchor="end" '
                       f'fill="{colour}">{html.escape(v["name"])}</text>'
                       f'<line x1="{x(v["ratio_min"]):.1f}" x2="{x(v["ratio_max"]):.1f}" '
                       f'y1="{middle}" y2="{middle}" stroke="{colour}" stroke-width="2"/>'
                       f'<circle cx="{x(v["ratio_to_spargio"]):.1f}" cy="{middle}" r="4.5" '
                       f'fill="{colour}"/>'
                       f'<text x="{x(v["ratio_max"]) + 9:.1f}" y="{middle + 4}" fill="#57606a">'
                       f'{duration(v["median"])}</text>')
            y += ROW
    machine = report["machine"]
    note = (f'time of one iteration as a multiple of spargio\'s: median and range of the pairs; '
            f'{machine.get("cpu", "")}, {machine.get("cpus", "?")} CPUs')
    out.append(f'<text x="8" y="{height - 8}" fill="#57606a">{html.escape(note)}</text></svg>')
    return "\n".join(out) + "\n"
