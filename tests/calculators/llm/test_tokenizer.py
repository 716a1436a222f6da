"""TokenizerCalculator: what it loads, and what it says when it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from ovpipe.calculators.llm.tokenizer import TokenizerCalculator
from ovpipe.errors import OptionError, RunError
from ovpipe.testing import CalculatorRunner
from tests.models.folders import TINY_RANDOM


def failure(folder: Path) -> str:
    with pytest.raises(RunError) as caught:
        CalculatorRunner(TokenizerCalculator(models_path=str(folder))).run()
    assert isinstance(caught.value.__cause__, OptionError)
    return str(caught.value.__cause__)


def test_loads_the_tokenizer_of_a_folder() -> None:
    out = CalculatorRunner(TokenizerCalculator(models_path=str(TINY_RANDOM))).run()
    tokenizer = out[TokenizerCalculator.tokenizer]
    assert tokenizer.decode(tokenizer.encode("Hello", add_special_tokens=False)) == "Hello"


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    message = failure(tmp_path / "nothing")
    assert message.startswith(f"models_path: {tmp_path}/nothing does not exist; ")
    assert "`ovpipe models pull`, `ovpipe models import` and optimum-cli write it" in message


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "model.bin").touch()
    assert "model.bin is not a folder" in failure(tmp_path / "model.bin")


@pytest.mark.parametrize("name", ["model.gguf", "folder"])
def test_what_can_be_imported_is_named_with_the_commands_that_do(tmp_path: Path, name: str) -> None:
    (tmp_path / "model.gguf").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "model.safetensors").touch()
    message = failure(tmp_path / name)
    assert f"`ovpipe serve {tmp_path / name}` imports it and serves it" in message
    assert f"`ovpipe models import {tmp_path / name} -o FOLDER`" in message


@pytest.mark.parametrize("name", ["openvino_tokenizer.xml", "openvino_detokenizer.xml"])
def test_what_the_folder_lacks_is_named(tmp_path: Path, name: str) -> None:
    for other in ("openvino_tokenizer.xml", "openvino_detokenizer.xml"):
        if other != name:
            (tmp_path / other).touch()
    assert f"{tmp_path} has no {name}" in failure(tmp_path)
