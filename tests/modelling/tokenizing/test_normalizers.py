"""Normalizers, character by character and text by text, against those of the `tokenizers` library."""

import json
import unicodedata
from collections.abc import Sequence
from typing import Any

import openvino as ov
import pytest
import tokenizers
from openvino import opset13
from tokenizers import normalizers

from ovpipe.modelling.tokenizing.normalizers import normalize
from ovpipe.modelling.tokenizing.ops import Ops, string_tensor
from ovpipe.modelling.tokenizing.pieces import Pieces
from ovpipe.modelling.tokenizing.unicode_forms import Form
from ovpipe.modelling.unsupported import UnsupportedModel
from tests.modelling.tokenizing.texts import is_long_known, long_known, varied_texts

CHARACTERS = [
    chr(code) for code in range(1, 0x30000) if not 0xD800 <= code < 0xE000 and is_long_known(chr(code))
]
NORMALIZERS: dict[str, Any] = {
    "NFC": normalizers.NFC(),
    "NFD": normalizers.NFD(),
    "NFKC": normalizers.NFKC(),
    "NFKD": normalizers.NFKD(),
    "lowercase": normalizers.Lowercase(),
    "strip": normalizers.Strip(),
    "strip left": normalizers.Strip(left=True, right=False),
    "strip accents": normalizers.Sequence([normalizers.NFD(), normalizers.StripAccents()]),
    "bert": normalizers.BertNormalizer(),
    "bert, cased": normalizers.BertNormalizer(lowercase=False),
    "prepend": normalizers.Prepend("$1▁"),
    "replace": normalizers.Replace("$", r"\$$"),
    "replace by pattern": normalizers.Replace(tokenizers.Regex(r"\s+|(?<=a)b"), "$"),
}


def composes(letter: str, mark: str) -> bool:
    return len(unicodedata.normalize("NFC", letter + mark)) == 1


def normalized(steps: Sequence[dict[str, Any]], texts: Sequence[str]) -> list[str]:
    ops, parameter = Ops(), opset13.parameter([-1], ov.Type.string)
    pieces = normalize(Pieces.of(ops, parameter.output(0)), steps)
    model = ov.Core().compile_model(ov.Model(ops.pack(pieces.strings), [parameter], "texts"), "CPU")
    found: list[str] = model(string_tensor([text.encode() for text in texts]))[0].tolist()
    return found


@pytest.mark.parametrize("name", NORMALIZERS)
@pytest.mark.slow
def test_texts_become_those_of_the_tokenizers_library(name: str) -> None:
    normalizer = NORMALIZERS[name]
    step = json.loads(normalizer.__getstate__())
    steps = step.get("normalizers", [step])
    # A NUL at the end is lost in a tensor of strings.
    texts = [one for one in long_known(varied_texts([])) if not one.endswith("\0")]
    texts += [f"{one}x" for one in CHARACTERS]
    pairs = zip(texts, normalized(steps, texts), strict=True)
    different = [(text, found) for text, found in pairs if found != normalizer.normalize_str(text)]
    assert not different, f"{len(different)}: {different[:5]}"


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
def test_marks_are_put_in_order_and_composed_with_letters_that_have_one(form: Form) -> None:
    vietnamese = "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY"
    marks = "\u0300\u0301\u0302\u0303\u0306\u0309\u031b\u0323"
    pairs = [letter + mark for letter in vietnamese for mark in marks if composes(letter, mark)]
    texts = [pair + mark for pair in pairs for mark in marks if composes(pair[0], mark)] + pairs
    texts += [
        "\u05e9\u05b8\u05c1\u05bc",
        "\u0628\u0650\u0651",
        "\u1112\u1161\u11ab",
        "q\u0307\u0323x",
        "\u01d5\u0323",
    ]
    found = normalized([{"type": form}], texts)
    assert found == [unicodedata.normalize(form, text) for text in texts]


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (
            {"type": "Replace", "pattern": {"String": "a"}, "content": "bbbbb"},
            "too long for OpenVINO's operation",
        ),
        (
            {"type": "Replace", "pattern": {"String": "a"}, "content": r"\1"},
            "in which OpenVINO reads a group",
        ),
    ],
)
def test_replacements_that_openvino_reads_otherwise_are_refused(step: dict[str, Any], message: str) -> None:
    with pytest.raises(UnsupportedModel, match=message):
        normalized([step], ["a"])
