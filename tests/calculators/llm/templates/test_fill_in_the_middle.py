"""Fill-in-the-middle: which markers a tokenizer has, and the prompt they make."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import openvino as ov
import pytest

from ovpipe.calculators.llm.templates.fill_in_the_middle import FAMILIES, FimTokens, markers_of
from ovpipe.modelling.bpe import train_bpe
from ovpipe.modelling.tokenizer import build_tokenizer
from ovpipe.testing.fakes import FakeTokenizer
from ovpipe.tokenizers.tokenizer import Tokenizer


class KnowsTokens(FakeTokenizer):
    """Its tokens are bytes, but for the given ones."""

    def __init__(self, known: Iterable[str]) -> None:
        super().__init__()
        self.known = {token: 1000 + index for index, token in enumerate(known)}

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
        if text in self.known:
            return [self.known[text]]
        return super().encode(text, add_special_tokens=add_special_tokens)


class KnowsNothing(FakeTokenizer):
    """Everything is one token, that of the unknown."""

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
        return [0]


@pytest.mark.parametrize("markers", FAMILIES, ids=lambda markers: markers.prefix)
def test_markers_that_are_tokens_are_found(markers: FimTokens) -> None:
    assert markers_of(KnowsTokens(markers)) == markers


def test_markers_that_are_no_tokens_are_not() -> None:
    assert markers_of(FakeTokenizer()) is None
    assert markers_of(KnowsTokens(["<fim_prefix>", "<fim_suffix>"])) is None
    assert markers_of(KnowsNothing()) is None


@pytest.mark.parametrize("markers", FAMILIES, ids=lambda markers: markers.prefix)
def test_a_tokenizer_of_openvinos_shows_its_markers(tmp_path: Path, markers: FimTokens) -> None:
    pairs = train_bpe("def f(): return x; def g(): return y", 270, ["<end>", *markers])
    models = build_tokenizer(pairs, eos="<end>", pad="<end>")
    for name, model in zip(("openvino_tokenizer", "openvino_detokenizer"), models, strict=True):
        ov.save_model(model, tmp_path / f"{name}.xml")
    tokenizer = Tokenizer.load(tmp_path)
    found = markers_of(tokenizer)
    assert found == markers
    tokens = tokenizer.encode(found.prompt("a", "b"), add_special_tokens=False)
    assert tokenizer.decode(tokens, skip_special_tokens=False) == "".join(
        (markers.prefix, "a", markers.suffix, "b", markers.middle)
    )
    assert len(tokens) == 5


def test_what_comes_after_stands_before_the_middle() -> None:
    assert FimTokens("<P>", "<S>", "<M>").prompt("def f():", "return x") == "<P>def f():<S>return x<M>"


def test_the_markers_are_those_of_the_models() -> None:
    assert [markers.prefix for markers in FAMILIES] == [
        "<|fim_prefix|>",
        "<fim_prefix>",
        "<fim-prefix>",
        "\u2581<PRE>",
        "<\uff5cfim\u2581begin\uff5c>",
    ]
