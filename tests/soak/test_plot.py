"""The plot is an SVG with every role."""

from __future__ import annotations

from xml.etree import ElementTree

from tests.soak.plot import plot
from tests.soak.processes import Held
from tests.soak.verdicts import MIB, Sample


def test_every_role_has_a_line_in_every_panel_and_every_fault_a_mark() -> None:
    roles = {"server": Held(100 * MIB, 0, 40, 9, 1), "engine of <a>": Held(300 * MIB, 0, 7, 11, 1)}
    svg = plot([Sample(second, 0, roles) for second in range(100)], [(5.0, "kill_engine"), (20.0, "hang_up")])
    page = ElementTree.fromstring(svg)
    lines = page.findall(".//{http://www.w3.org/2000/svg}polyline")
    assert len(lines) == 2 * 3
    assert "engine of <a>" in "".join(page.itertext())
    assert "kill_engine" in "".join(page.itertext())


def test_of_no_samples_there_is_a_plot_too() -> None:
    assert ElementTree.fromstring(plot([], [])) is not None
