"""ChatTemplateLoaderCalculator: a tokenizer's chat template, compiled or refused."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from ovpipe.calculators.llm.chat_template_loader import ChatTemplateLoaderCalculator
from ovpipe.calculators.llm.packets import Message
from ovpipe.errors import OptionError, RunError
from ovpipe.testing import CalculatorRunner
from ovpipe.testing.fakes import FakeTokenizer
from ovpipe.tokenizers.tokenizer import Tokenizer
from tests.models.folders import TINY_RANDOM


def template_of(tokenizer: Any) -> Any:
    out = CalculatorRunner(ChatTemplateLoaderCalculator()).run(tokenizer=tokenizer)
    return out[ChatTemplateLoaderCalculator.chat_template]


def test_the_template_of_a_model_is_compiled() -> None:
    template = template_of(Tokenizer.load(TINY_RANDOM))
    text = template.render([Message(role="user", content="hi")])
    assert text == "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n"


def test_a_model_without_a_template_has_none() -> None:
    assert template_of(FakeTokenizer()) is None


def test_a_template_with_an_error_is_refused_with_its_place(tmp_path: Path) -> None:
    shutil.copytree(TINY_RANDOM, tmp_path / "model")
    (tmp_path / "model" / "chat_template.jinja").write_text("line one\n{% if %}")
    with pytest.raises(RunError) as caught:
        template_of(Tokenizer.load(tmp_path / "model"))
    assert isinstance(caught.value.__cause__, OptionError)
    assert f"chat template in {tmp_path}/model has an error in its line 2" in str(caught.value.__cause__)


def test_a_template_that_shows_no_words_is_refused() -> None:
    tokenizer = FakeTokenizer("{% for m in messages %}<{{ m.role }}>{{ m.text }}{% endfor %}")
    with pytest.raises(RunError) as caught:
        template_of(tokenizer)
    assert isinstance(caught.value.__cause__, OptionError)
    assert "named 'default' shows nothing of what a user says" in str(caught.value.__cause__)
