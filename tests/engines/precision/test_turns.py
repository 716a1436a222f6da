"""Who measures now, and who waits; nothing keeps a model from being loaded in the end."""

from __future__ import annotations

from pathlib import Path

import pytest

from ovpipe.engines.precision.turns import turn_to_measure


def nothing() -> None:
    """For blocks that do not have to wait."""


def test_one_after_the_other_nobody_waits(tmp_path: Path) -> None:
    for _ in range(2):
        with turn_to_measure(tmp_path / "new" / ".turn", nothing) as waited:
            assert not waited


def test_a_turn_ends_with_its_block_even_by_an_error(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), turn_to_measure(tmp_path / ".turn", nothing):
        raise RuntimeError("a candidate cannot be loaded")
    with turn_to_measure(tmp_path / ".turn", nothing) as waited:
        assert not waited


def test_whoever_has_waited_for_long_measures_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / ".turn"
    with turn_to_measure(file, nothing), turn_to_measure(file, nothing, longest=0.0) as waited:
        assert waited
    assert f"{file} has been locked for 0 s; this engine measures all the same" in caplog.text


def test_where_no_file_can_be_the_block_is_run(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("no folder can be here")
    with turn_to_measure(tmp_path / "file" / ".turn", nothing) as waited:
        assert not waited
    assert "cannot be opened, so others may measure at the same time" in caplog.text
