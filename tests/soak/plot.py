"""The plot of a soak: memory, descriptors and threads of each role over time, faults as marks, in SVG."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from xml.sax.saxutils import escape

from tests.soak.processes import ALL, OTHERS, Held
from tests.soak.slopes import medians
from tests.soak.verdicts import MIB, Sample

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 860, 210, 60, 190, 30, 24
COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#8c564b", "#17becf")
POINTS = 240
"""Of a line, at most: each the median of neighbours."""
PANELS: tuple[tuple[str, Callable[[Held], float]], ...] = (
    ("memory written, MiB", lambda held: held.memory / MIB),
    ("descriptors", lambda held: held.descriptors),
    ("threads", lambda held: held.threads),
)


def plot(samples: Sequence[Sample], faults: Sequence[tuple[float, str]]) -> str:
    """An SVG document."""
    roles = sorted({role for sample in samples for role in sample.roles} - {OTHERS, ALL})
    end = max((sample.second for sample in samples), default=1.0)
    panels = [
        _panel(number, title, value, samples, roles, end) for number, (title, value) in enumerate(PANELS)
    ]
    marks = [
        f'<line x1="{_x(at, end):.1f}" x2="{_x(at, end):.1f}" y1="6" y2="14"><title>{escape(what)}</title></line>'
        for at, what in faults
    ]
    height = HEIGHT * len(PANELS) + 20
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="11">'
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>'
        f'<g stroke="#d62728"><title>faults</title>{"".join(marks)}</g>'
        f'<text x="{WIDTH - RIGHT + 12}" y="14">faults</text>'
        f"{''.join(panels)}"
        f'<text x="{LEFT}" y="{height - 4}">minutes</text></svg>\n'
    )


def _panel(
    number: int,
    title: str,
    value: Callable[[Held], float],
    samples: Sequence[Sample],
    roles: Sequence[str],
    end: float,
) -> str:
    top, bottom = number * HEIGHT + TOP, (number + 1) * HEIGHT - BOTTOM + 10
    highest = max((value(s.roles[role]) for s in samples for role in roles if role in s.roles), default=1.0)
    step = _step(highest)
    highest = math.ceil(highest / step) * step or 1.0

    def y(held: float) -> float:
        return bottom - held / highest * (bottom - top)

    parts = [f'<text x="{LEFT}" y="{top - 6}" font-weight="bold">{title}</text>']
    for tick in range(round(highest / step) + 1):
        at = y(tick * step)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{tick * step:g}</text>')
    for minute in range(0, int(end // 60) + 1, max(1, int(end // 600))):
        parts.append(
            f'<text x="{_x(minute * 60, end):.1f}" y="{bottom + 13}" text-anchor="middle">{minute}</text>'
        )
    for role, colour in zip(roles, COLOURS, strict=False):
        points = medians([(s.second, value(s.roles[role])) for s in samples if role in s.roles], POINTS)
        path = " ".join(f"{_x(second, end):.1f},{y(held):.1f}" for second, held in points)
        parts.append(f'<polyline fill="none" stroke="{colour}" points="{path}"/>')
        at = top + 14 + 15 * roles.index(role)
        parts.append(f'<text x="{WIDTH - RIGHT + 12}" y="{at}" fill="{colour}">{escape(role)}</text>')
    return "".join(parts)


def _x(second: float, end: float) -> float:
    return LEFT + second / end * (WIDTH - RIGHT - LEFT)


def _step(highest: float) -> float:
    """A round number, of which four to ten make the highest."""
    rough = max(highest, 1.0) / 6
    power = 10 ** math.floor(math.log10(rough))
    return float(next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough))
