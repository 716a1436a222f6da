"""What is shown while models load."""

from __future__ import annotations

import io
import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from ovpipe.cli.display import Bars, Lines
from ovpipe.cli.server_display import ServerDisplay, curl_example


def show(lines: Lines, on_draining: Callable[[], None] = lambda: None) -> None:
    with lines:
        graphs = {"resource r": ["weights"], "model a": ["chat", "tokenize"], "model b": ["mine"]}
        display = ServerDisplay(lines, graphs, "a", on_draining)
        display.bound("http://127.0.0.1:8000")
        display.loading("model a", "engine", "compiling", None)
        display.loading("model a", "engine", "warming up", 0.5)
        display.available("model a", 1.25)
        display.failed("model b", "OSError: one\nline")
        display.draining(2)


def test_lines_are_plain_and_one_for_each_event(capsys: pytest.CaptureFixture[str]) -> None:
    drained: list[str] = []
    show(Lines(sys.stdout), lambda: drained.append("now"))
    out = capsys.readouterr().out.splitlines()
    assert out[0].endswith("listens on http://127.0.0.1:8000")
    assert out[1:4] == [
        "resource r: loading (graph weights)",
        "model a: loading (graphs chat, tokenize)",
        "model b: loading (graph mine)",
    ]
    assert out[4].startswith("try: curl -N http://127.0.0.1:8000/v1/chat/completions ")
    assert out[5:] == [
        "model a: engine: compiling",
        "model a: engine: warming up 50%",
        "model a: ready after 1.2 s",
        "model b: failed to load: OSError: one line",
        "shutting down; waiting for 2 requests, a second signal ends them now",
    ]
    assert drained == ["now"]


def test_a_terminal_gets_bars_and_keeps_the_lines_that_matter() -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=200, highlight=False)
    show(Bars(("resource r", "model a", "model b"), screen, console))
    shown = screen.getvalue()
    assert "engine: warming up" in shown
    assert "\N{BOX DRAWINGS HEAVY HORIZONTAL}" in shown
    assert "model a: ready after 1.2 s" in shown
    assert "model b: failed to load: OSError: one line" in shown


def test_the_example_is_one_shell_command_with_a_json_body() -> None:
    words = shlex.split(curl_example("http://[::1]:8000", "org/a"))
    assert words[:3] == ["curl", "-N", "http://[::1]:8000/v1/chat/completions"]
    assert json.loads(words[-1])["model"] == "org/a"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a system without a device that is always full")
def test_a_full_disk_costs_the_lines_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    with Path("/dev/full").open("w") as full:
        show(Lines(full))
        full.flush()  # it would raise, and Python would end with the exit code 120
    lost = [one.getMessage() for one in caplog.records]
    assert lost == ["what ovpipe shows cannot be written: [Errno 28] No space left on device"]
