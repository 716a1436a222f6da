"""Byte-level byte pairs, trained small: GPT-2's, Llama 3's, Qwen's, SmolLM's, DeepSeek's and gpt-oss' steps."""

import json
from pathlib import Path
from typing import Any

import pytest
import tokenizers
import transformers
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors, trainers

from ovpipe.modelling.tokenizing import build_tokenizer_models
from ovpipe.modelling.tokenizing.gguf_splits import splits_by_name
from ovpipe.modelling.unsupported import UnsupportedModel
from tests.modelling.tokenizing.equality import assert_equal, encoded, saved
from tests.modelling.tokenizing.texts import WORDS

SPECIAL = ("<|begin|>", "<|end|>", "<|pad|>")


def split(pattern: str) -> Any:
    return pre_tokenizers.Split(tokenizers.Regex(pattern), "isolated")


def trained(pre_tokenizer: Any, normalizer: Any = None) -> dict[str, Any]:
    """The content of a tokenizer.json with 600 tokens."""
    tokenizer = tokenizers.Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizer
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=600, special_tokens=list(SPECIAL), initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator([" ".join(WORDS)] * 3, trainer)
    content: dict[str, Any] = json.loads(tokenizer.to_str())
    return content


BYTES = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
STEPS: dict[str, tuple[Any, Any]] = {
    "gpt-2": (pre_tokenizers.ByteLevel(add_prefix_space=False), None),
    "gpt-2 with a blank before": (pre_tokenizers.ByteLevel(add_prefix_space=True), None),
    "smollm": (
        pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
        ),
        None,
    ),
    "digits together": (
        pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(False), pre_tokenizers.ByteLevel(add_prefix_space=True)]
        ),
        None,
    ),
    **{
        name: (
            pre_tokenizers.Sequence([*(split(one) for one in splits_by_name()[name].expressions), BYTES]),
            normalizers.NFC() if splits_by_name()[name].nfc else None,
        )
        for name in ("llama-bpe", "qwen2", "deepseek-v3", "gpt-4o", "tekken")
    },
}


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.slow
def test_texts_become_the_tokens_of_the_tokenizers_library(name: str, tmp_path: Path) -> None:
    assert_equal(tmp_path, trained(*STEPS[name]))


@pytest.mark.parametrize(
    "behavior", ["removed", "isolated", "contiguous", "merged_with_previous", "merged_with_next"]
)
@pytest.mark.parametrize("pattern", ["-", tokenizers.Regex("[aeio ]|--")], ids=["string", "expression"])
def test_what_a_split_finds_stays_or_goes_or_joins_its_neighbours(
    behavior: str, pattern: Any, tmp_path: Path
) -> None:
    steps = [pre_tokenizers.Split(pattern, behavior), BYTES]
    texts = ["a--b", "-a-", "--", "hello - world-", "xx", "a  e", "-", "Hello World i++ --a->b "]
    assert_equal(tmp_path, trained(pre_tokenizers.Sequence(steps)), texts=texts)


@pytest.mark.parametrize("behavior", ["removed", "isolated", "contiguous"])
def test_a_split_may_be_by_what_the_pattern_does_not_find(behavior: str, tmp_path: Path) -> None:
    steps = [pre_tokenizers.Split(tokenizers.Regex(r"\w+"), behavior, invert=True), BYTES]
    assert_equal(tmp_path, trained(pre_tokenizers.Sequence(steps)), texts=["a--b", "-a-", " é é ", "hello"])


def test_added_tokens_take_blanks_and_words_with_them_as_declared(tmp_path: Path) -> None:
    content = trained(pre_tokenizers.ByteLevel(add_prefix_space=False))
    flags = ("single_word", "lstrip", "rstrip", "normalized", "special")
    for index, (text, on) in enumerate(
        {
            "<left>": ("lstrip",),
            "<right>": ("rstrip", "special"),
            "<both>": ("lstrip", "rstrip"),
            "word": ("single_word",),
            "<normal>": ("normalized",),
            "<|end|>x": (),
            "a\nb": (),
            "é ▁": (),
            ".*.": (),
        }.items()
    ):
        content["added_tokens"].append(
            {"id": 600 + index, "content": text, **{flag: flag in on for flag in flags}}
        )
    texts = [
        " a  <left>  b <left><left>",
        " a  <right>  b <right> <right>",
        " \t<both>\n<both> \u00a0<both>x",
        "word words word. (word) swordword word",
        "<normal> <normal><left>",
        "<|end|><|end|>x <|end|> x",
        "a\nb a.b a*b .*. . *",
        "é ▁é",
    ]
    assert_equal(tmp_path, content, texts=texts)
    (tmp_path / "varied").mkdir()
    assert_equal(tmp_path / "varied", content)


def test_a_word_that_is_a_token_is_that_token_though_the_merges_make_others(tmp_path: Path) -> None:
    content = trained(pre_tokenizers.ByteLevel(add_prefix_space=False))
    content["model"]["ignore_merges"] = True
    for word in ("Ġzebra", "quux", "zeb", "ÃŁÃŁÃŁ"):
        content["model"]["vocab"][word] = len(content["model"]["vocab"])
    tokenizer = assert_equal(
        tmp_path, content, texts=["a zebra quux", "zebra zebras quuxes zeb ßßß ß", "quux"]
    )
    assert encoded(tokenizer, ["quux"], adds=False) == [[601]]


def test_a_token_without_merges_is_nowhere_in_a_text(tmp_path: Path) -> None:
    content = trained(pre_tokenizers.ByteLevel(add_prefix_space=False))
    for word in ("quux", "zeb", "raqu"):
        content["model"]["vocab"][word] = len(content["model"]["vocab"])
    # This one makes a token of another that nothing makes, so it never comes about.
    content["model"]["merges"].append(["zeb", "raqu"])
    content["model"]["vocab"]["zebraqu"] = len(content["model"]["vocab"])
    assert_equal(tmp_path, content, texts=["zebraquux quux zeb raqu zebraqu"])


def test_tokens_around_a_text_are_those_of_the_template(tmp_path: Path) -> None:
    content = trained(pre_tokenizers.ByteLevel(add_prefix_space=False))
    template = processors.TemplateProcessing(
        single="<|begin|> <|begin|> $A <|end|>",
        pair="$A $B",
        special_tokens=[("<|begin|>", 0), ("<|end|>", 1)],
    )
    sequence = processors.Sequence([processors.ByteLevel(trim_offsets=True), template])
    content["post_processor"] = json.loads(sequence.__getstate__())
    tokenizer = assert_equal(tmp_path, content, count=300)
    assert encoded(tokenizer, ["", "x"], adds=True)[0] == [0, 0, 1]


@pytest.mark.parametrize(
    "config",
    [
        {"add_bos_token": True},
        {"add_eos_token": True},
        {"add_bos_token": True, "add_eos_token": True},
        {"add_bos_token": False},
        {"add_bos_token": None},
        {"add_bos_token": True, "bos_token": None},
        {},
    ],
    ids=str,
)
def test_what_the_config_says_of_tokens_around_a_text_replaces_the_template_as_in_transformers(
    config: dict[str, Any], tmp_path: Path
) -> None:
    config = {"bos_token": "<|begin|>", "eos_token": "<|end|>", **config}
    content = trained(*STEPS["gpt-2"])
    ids = {token: content["model"]["vocab"][token] for token in SPECIAL}
    template = processors.TemplateProcessing("<|pad|> $A", special_tokens=list(ids.items()))
    library = tokenizers.Tokenizer.from_str(json.dumps(content))
    library.post_processor = template
    content = json.loads(library.to_str())
    theirs = transformers.TokenizersBackend(tokenizer_object=library, **config)
    tokenizer = saved(tmp_path, build_tokenizer_models(content, config))
    assert encoded(tokenizer, ["one"], adds=True) == [theirs("one").input_ids]


def test_what_the_config_names_are_the_ids_and_the_template_of_the_models(tmp_path: Path) -> None:
    config = {
        "bos_token": {"content": "<|begin|>"},
        "eos_token": "<|end|>",
        "pad_token": "<|pad|>",
        "unk_token": None,
        "chat_template": "{{ 'é' }}\n",
    }
    models_ = build_tokenizer_models(trained(BYTES), config)
    assert (models_.bos, models_.eos, models_.pad) == (0, 1, 2)
    tokenizer = saved(tmp_path, models_)
    assert (tokenizer.get_bos_token_id(), tokenizer.get_eos_token_id(), tokenizer.get_pad_token_id()) == (
        0,
        1,
        2,
    )
    assert tokenizer.chat_template == "{{ 'é' }}\n"
    assert tokenizer.encode(["xyz", "x"]).input_ids.data.tolist()[1][0] == 2


def test_a_text_of_any_length_keeps_all_its_tokens(tmp_path: Path) -> None:
    content = trained(pre_tokenizers.ByteLevel(add_prefix_space=False))
    content["truncation"] = {"max_length": 10, "direction": "Right", "strategy": "LongestFirst", "stride": 0}
    assert_equal(tmp_path, content, texts=["the world " * 20_000, " " * 50_000 + "<|end|>" + "x" * 50_000])


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"model": {"vocab": {"a": 0}, "type": "WordLevel"}}, "tokenizer.json's model 'WordLevel' is none that"),
    ({"model": {}}, "tokenizer.json has no model with a vocabulary"),
    ({"normalizer": {"type": "Nmt"}}, "tokenizer.json's normalizer 'Nmt' is none that ovpipe builds"),
    (
        {"pre_tokenizer": {"type": "UnicodeScripts"}},
        "pre_tokenizer 'UnicodeScripts' is none that ovpipe builds",
    ),
    ({"decoder": {"type": "CTC"}}, "decoder 'CTC' is none that ovpipe builds"),
    (
        {"pre_tokenizer": {"type": "Split", "pattern": {"Regex": "[a-z&&[^b]]"}, "behavior": "Isolated"}},
        "OpenVINO's regular expressions do not have a set within a set",
    ),
    (
        {"pre_tokenizer": {"type": "Split", "pattern": {"Regex": r"\p{Emojii}"}, "behavior": "Isolated"}},
        "OpenVINO's regular expressions do not know",
    ),
    (
        {"pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "ByteLevel"}, {"type": "Digits"}]}},
        "pre_tokenizer 'ByteLevel' is not the last one",
    ),
]


@pytest.mark.parametrize(("part", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_what_openvino_would_do_otherwise_is_refused(part: dict[str, Any], message: str) -> None:
    with pytest.raises(UnsupportedModel) as caught:
        build_tokenizer_models({**trained(BYTES), **part}, {})
    assert message in str(caught.value)
