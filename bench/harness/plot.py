"""Inline SVG: time and CPU of each variant on one logarithmic axis."""

import html
import math

from .table import duration

LEFT, WIDTH, ROW, TOP = 110, 760, 26, 26


def _ticks(low, high):
    """Powers of ten, with 2 and 5 between them while there is room."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    steps = (1, 2, 5) if last - first <= 3 else (1,)
    values = [step * 10 ** power for power in range(first, last + 1) for step in steps]
    return [v for v in values if low <= v <= high]


def ranges(variants):
    """Median as a dot, the single samples as faint ticks, minimum to maximum as a line, the CPU
    time as a hollow diamond."""
    low = min(min(v["min"], cpu_ns(v)) for v in variants) / 1.25
    high = max(max(v["max"], cpu_ns(v)) for v in variants) * 1.25
    span = math.log(high / low)

    def x(value):
        return LEFT + (WIDTH - LEFT - 80) * math.log(value / low) / span

    height = TOP + ROW * len(variants) + 6
    out = [f'<svg viewBox="0 0 {WIDTH} {height}" role="img" '
           f'aria-label="time an iteration by variant, logarithmic axis">']
    for tick in _ticks(low, high):
        out.append(f'<line class="grid" x1="{x(tick):.1f}" y1="{TOP - 6}" x2="{x(tick):.1f}" '
                   f'y2="{height}"/><text class="tick" x="{x(tick):.1f}" y="12">'
                   f'{duration(tick)}</text>')
    for i, v in enumerate(variants):
        y = TOP + ROW * i + ROW / 2
        kind = css_class(v["name"])
        name = html.escape(v["name"])
        out.append(f'<text class="name" x="{LEFT - 10}" y="{y + 4}">{name}</text>')
        out.append(f'<g class="{kind}"><title>{name}: {duration(v["median"])}, '
                   f'{duration(v["min"])} to {duration(v["max"])}</title>')
        out.append(f'<line class="range" x1="{x(v["min"]):.1f}" y1="{y}" '
                   f'x2="{x(v["max"]):.1f}" y2="{y}"/>')
        for sample in v["samples"]:
            out.append(f'<line class="sample" x1="{x(sample):.1f}" y1="{y - 6}" '
                       f'x2="{x(sample):.1f}" y2="{y + 6}"/>')
        out.append(f'<circle cx="{x(v["median"]):.1f}" cy="{y}" r="5"/>')
        out.append(f'<path class="cpu" d="M{x(cpu_ns(v)):.1f} {y - 6}l6 6l-6 6l-6 -6z"/></g>')
        out.append(f'<text class="value" x="{x(max(v["max"], cpu_ns(v))) + 12:.1f}" y="{y + 4}">'
                   f'{duration(v["median"])}</text>')
    out.append("</svg>")
    return "".join(out)


def cpu_ns(variant):
    """At least a nanosecond: a logarithmic axis has no zero."""
    return max(variant["cpu_s"] * 1e9, 1.0)


def css_class(name):
    if name.startswith("spargio"):
        return "own"
    return "floor" if name.startswith(("limit", "epoll")) else "peer"
