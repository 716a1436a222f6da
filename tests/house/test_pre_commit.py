"""The hooks before a commit are what `make check` runs."""

from __future__ import annotations

import re
from typing import Any

import yaml

from tests.house.pages import ROOT


def test_the_hooks_run_what_make_check_runs() -> None:
    recipe = re.search(r"^check: .*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert recipe is not None
    commands = [line.strip().replace("$(BIN)", ".venv/bin") for line in recipe[1].splitlines()]
    assert [hook["entry"] for hook in hooks()] == commands


def test_the_hooks_take_their_tools_from_the_projects_environment() -> None:
    for hook in hooks():
        assert hook["entry"].startswith(".venv/bin/")
        assert (hook["language"], hook["pass_filenames"]) == ("system", False)


def hooks() -> list[dict[str, Any]]:
    """All hooks; they come from no other repository, which would bring versions of its own."""
    (local,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
    assert local["repo"] == "local"
    found: list[dict[str, Any]] = local["hooks"]
    return found
