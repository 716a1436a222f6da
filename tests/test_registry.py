"""Registry: which calculators a graph may name."""

from __future__ import annotations

from pathlib import Path

import pytest

from ovpipe.calculator import Calculator
from ovpipe.errors import RegistryError
from ovpipe.registry import Registry, register


@register
class MarkedCalculator(Calculator):
    pass


@register(name="other_name")
class RenamedCalculator(Calculator):
    pass


def test_register_only_marks() -> None:
    assert "MarkedCalculator" not in Registry()
    assert Registry.of(MarkedCalculator)["MarkedCalculator"] is MarkedCalculator


def test_a_calculator_may_have_a_name_of_its_own() -> None:
    assert list(Registry.of(RenamedCalculator)) == ["other_name"]


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(
        RegistryError, match="unknown calculator 'MarkdCalculator': did you mean 'MarkedCalculator'?"
    ):
        Registry.of(MarkedCalculator)["MarkdCalculator"]


def test_two_classes_of_one_name_are_refused_with_both_places() -> None:
    class OtherCalculator(Calculator):
        pass

    registry = Registry.of(MarkedCalculator)
    with pytest.raises(RegistryError, match=r"MarkedCalculator.*OtherCalculator"):
        registry.add(OtherCalculator, name="MarkedCalculator")


def test_the_shipped_calculators_are_installed() -> None:
    assert "ChatTemplateCalculator" in Registry.installed()


CALCULATOR = """
from ovpipe import Calculator, Context, Input, Output, register
@register
class {name}(Calculator):
    text = Input[str]()
class NotMarked(Calculator):
    text = Input[str]()
"""


def test_a_projects_folder_gives_its_marked_calculators_at_any_depth(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "shout.py").write_text(CALCULATOR.format(name="ShoutCalculator"))
    (tmp_path / "deep" / "__init__.py").write_text("")
    (tmp_path / "deep" / "whisper.py").write_text(CALCULATOR.format(name="WhisperCalculator"))
    registry = Registry()
    registry.collect_folder(tmp_path)
    assert list(registry) == ["ShoutCalculator", "WhisperCalculator"]


def test_modules_of_a_projects_folder_import_each_other(tmp_path: Path) -> None:
    (tmp_path / "__init__.py").write_text("")
    (tmp_path / "names.py").write_text("NAME = 'GreetCalculator'")
    (tmp_path / "greet.py").write_text(
        "from ovpipe import Calculator, register\nfrom .names import NAME\n"
        "@register(name=NAME)\nclass C(Calculator): pass\n"
    )
    registry = Registry()
    registry.collect_folder(tmp_path)
    assert list(registry) == ["GreetCalculator"]


def test_a_mistake_in_a_projects_file_is_told_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("x = 1\ny = x +\n")
    with pytest.raises(RegistryError, match=r"broken\.py:2: invalid syntax"):
        Registry().collect_folder(tmp_path)


@pytest.mark.parametrize("raised", ["KeyError: 'no'", "SystemExit: no", "GeneratorExit: no"])
def test_a_failing_import_in_a_projects_file_is_told_with_its_line(raised: str, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text(f"x = 1\nraise {raised.partition(':')[0]}('no')\n")
    with pytest.raises(RegistryError, match=rf"broken\.py:2: {raised}"):
        Registry().collect_folder(tmp_path)


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="there is no folder of calculators"):
        Registry().collect_folder(tmp_path / "nowhere")
