"""The tokenizer of a model folder: text, special tokens, chat templates, the table of bytes."""

import json
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import openvino as ov
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openvino_tokenizers.tokenizer_pipeline import (
    FuseStep,
    RegexDecodingStep,
    TokenizerPipeline,
    UTF8ValidateStep,
    VocabDecoderStep,
)
from openvino_tokenizers.utils import change_inputs_type

from ovpipe.modelling.bpe import BytePairs, train_bpe
from ovpipe.modelling.tokenizer import build_tokenizer
from ovpipe.tokenizers.detokenizer import ByteDetokenizer, WindowedDetokenizer
from ovpipe.tokenizers.tokenizer import Tokenizer
from ovpipe.tokenizers.vocabulary import Vocabulary
from tests.models.folders import TINY_RANDOM

SPECIALS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
TEXTS = [
    "Hello, world!",
    "  two spaces\n\n\tand a tab ",
    "naïve Größe",
    "Привет",
    "你好 世界",
    "👩‍💻 emoji",
    "a\0b",
    "",
]


@pytest.fixture(scope="module")
def tiny() -> Tokenizer:
    return Tokenizer.load(TINY_RANDOM)


@pytest.fixture(scope="module")
def sentencepiece(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    """Spaces are ▁ in its vocabulary, and a text's first space goes, as in Llama 2's tokenizer."""
    text = "▁the▁graph▁runs▁and▁the▁words▁of▁the▁graph▁run▁in▁streams" * 3
    pairs = train_bpe(text, 280, SPECIALS)
    folder = tmp_path_factory.mktemp("sentencepiece")
    save(folder, pairs, [RegexDecodingStep.replace_sp_spaces(), RegexDecodingStep.strip_forward_space()])
    return Tokenizer.load(folder)


def save(folder: Path, pairs: BytePairs, decoding: list[RegexDecodingStep]) -> None:
    """Writes a folder whose detokenizer takes these steps after it has joined the tokens."""
    tokenizer, _ = build_tokenizer(pairs, eos="<|im_end|>", pad="<|endoftext|>")
    pipeline = TokenizerPipeline()
    vocab = VocabDecoderStep(vocab=pairs.tokens, skip_tokens=[0, 1, 2])
    pipeline.add_steps([vocab, FuseStep(), *decoding, UTF8ValidateStep()])
    detokenizer = change_inputs_type(pipeline.get_detokenizer_ov_subgraph(), ov.Type.i64)
    ov.save_model(tokenizer, folder / "openvino_tokenizer.xml")
    ov.save_model(detokenizer, folder / "openvino_detokenizer.xml")


def with_spaces_as_lines(text: str) -> str:
    return text.replace(" ", "▁")


@pytest.mark.parametrize("text", TEXTS)
def test_text_comes_back_from_its_tokens(tiny: Tokenizer, text: str) -> None:
    assert tiny.decode(tiny.encode(text, add_special_tokens=False)) == text


@settings(max_examples=50, deadline=None)
@given(text=st.text())
def test_any_text_is_the_joined_bytes_of_its_tokens(tiny: Tokenizer, text: str) -> None:
    ids = tiny.encode(text, add_special_tokens=False)
    assert b"".join(tiny.token_bytes[index] for index in ids) == text.encode()


def test_special_tokens_are_recognised_and_skipped(tiny: Tokenizer) -> None:
    ids = tiny.encode("<|im_start|>a<|im_end|>", add_special_tokens=False)
    assert ids[0] == 1
    assert ids[-1] == 2
    assert tiny.decode(ids) == "a"
    assert tiny.decode(ids, skip_special_tokens=False) == "<|im_start|>a<|im_end|>"


def test_a_lone_surrogate_is_refused(tiny: Tokenizer) -> None:
    with pytest.raises(ValueError, match=r"lone surrogate U\+D800 at character 2"):
        tiny.encode("ab\ud800", add_special_tokens=False)


def test_no_tokens_and_unknown_tokens_decode_to_nothing(tiny: Tokenizer) -> None:
    assert tiny.decode([]) == ""
    assert tiny.decode([5000]) == ""


def test_threads_may_share_it(tiny: Tokenizer) -> None:
    texts = [f"{text} {index}" for index in range(20) for text in TEXTS]
    with ThreadPoolExecutor(8) as pool:
        decoded = list(pool.map(lambda text: tiny.decode(tiny.encode(text, add_special_tokens=True)), texts))
    assert decoded == texts


def test_the_shipped_tokenizer_is_described(tiny: Tokenizer) -> None:
    assert tiny.vocab_size == 1280
    assert tiny.eos_token_ids == (2,)
    assert tiny.special_ids == {0, 1, 2}
    assert tiny.special_tokens == {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"}
    assert tiny.chat_template is not None
    assert tiny.chat_template.startswith("{% for message in messages %}<|im_start|>")
    assert tiny.token_bytes[3 + 65] == b"A"


def test_special_tokens_may_be_objects_and_there_may_be_several_ends(tmp_path: Path) -> None:
    save(tmp_path, BytePairs(SPECIALS, ((b"a", b"b"),)), [])
    config = {"unk_token": {"content": "<unk>", "lstrip": False}, "eos_token": "</s>", "pad_token": "<pad>"}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config))
    (tmp_path / "generation_config.json").write_text(json.dumps({"eos_token_id": [2, 0]}))
    tokenizer = Tokenizer.load(tmp_path)
    assert tokenizer.special_tokens == {"eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    assert tokenizer.eos_token_ids == (2, 0)
    assert tokenizer.chat_template is None


def test_a_byte_level_tokenizer_is_plain(tiny: Tokenizer) -> None:
    assert tiny.plain_bytes
    assert isinstance(tiny.detokenizer(), ByteDetokenizer)


def test_the_byte_table_decodes_as_the_tokenizer_does(tiny: Tokenizer) -> None:
    draws = random.Random(1)
    for _ in range(200):
        ids = [draws.randrange(tiny.vocab_size) for _ in range(20)]
        detokenizer = tiny.detokenizer(skip_special_tokens=False)
        text = "".join(detokenizer.push([index]) for index in ids) + detokenizer.flush()
        whole = tiny.decode(ids, skip_special_tokens=False)
        assert text.replace("\ufffd", "") == whole.replace("\ufffd", "")


def test_texts_of_single_tokens_show_special_ones(tiny: Tokenizer, sentencepiece: Tokenizer) -> None:
    for tokenizer in (tiny, sentencepiece):
        for token in range(40):
            assert tokenizer.text_of(token) == tokenizer.decode([token], skip_special_tokens=False)
    assert tiny.text_of(2) == "<|im_end|>"


def test_the_text_of_a_single_token_is_asked_for_once() -> None:
    class Counts:
        """Says how often it was asked."""

        asked = 0

        def decode(self, ids: list[int], *, skip_special_tokens: bool) -> str:
            self.asked += 1
            return f"{ids} {self.asked}"

    tokenizer = Tokenizer(Counts(), Vocabulary([b"a"], frozenset(), plain_bytes=False))
    assert [tokenizer.text_of(token) for token in (5, 6, 5)] == ["[5] 1", "[6] 2", "[5] 1"]


def test_the_detokenizers_of_a_tokenizer_share_texts_but_not_whether_special_tokens_show(
    tiny: Tokenizer,
) -> None:
    for _ in range(2):
        assert tiny.detokenizer().push([2]) == ""
        assert tiny.detokenizer(skip_special_tokens=False).push([2]) == "<|im_end|>"


def test_a_tokenizer_that_strips_and_replaces_is_not_plain(sentencepiece: Tokenizer) -> None:
    assert not sentencepiece.plain_bytes
    assert sentencepiece.special_ids == {0, 1, 2}
    assert isinstance(sentencepiece.detokenizer(), WindowedDetokenizer)


@pytest.mark.parametrize(
    "step", [RegexDecodingStep.replace_sp_spaces(), RegexDecodingStep.strip_forward_space()]
)
def test_one_such_step_suffices(tmp_path: Path, step: RegexDecodingStep) -> None:
    save(tmp_path, BytePairs(SPECIALS, ((b"a", b"b"),)), [step])
    assert not Tokenizer.load(tmp_path).plain_bytes


def test_a_window_gives_the_text_that_the_tokenizer_decodes(sentencepiece: Tokenizer) -> None:
    draws = random.Random(2)
    words = ["the", "graph", "streams", "é", "你", "👍", "", " "]
    for _ in range(30):
        text = " ".join(draws.choice(words) for _ in range(12))
        ids = sentencepiece.encode(with_spaces_as_lines(" " + text), add_special_tokens=False)
        detokenizer = sentencepiece.detokenizer()
        assert "".join(detokenizer.push([index]) for index in ids) + detokenizer.flush() == text


def test_a_folder_without_a_tokenizer_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="has no openvino_tokenizer"):
        Tokenizer.load(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "The quick brown fox jumps over the lazy dog. " * 50,
        " " * 5000,
        "\n" * 5000,
        "-" * 5000,
        "e\u0301" * 500,
        "\u1112\u1161\u11ab" * 500,
        "你好世界" * 500,
        "<|im_end|>" * 100,
    ],
)
def test_a_text_has_no_fewer_tokens_than_its_length_says(tiny: Tokenizer, text: str) -> None:
    assert tiny.fewest_tokens([text]) <= len(tiny.encode(text, add_special_tokens=False))


def test_the_length_of_a_text_says_something(tiny: Tokenizer) -> None:
    longest = max(map(len, tiny.token_bytes))
    assert tiny.fewest_tokens(["x" * longest, "x" * longest * 9]) == 10


def test_names_are_the_vocabularys_own_so_that_no_two_tokens_share_one(
    tiny: Tokenizer, sentencepiece: Tokenizer
) -> None:
    ids = tiny.encode("ö the 👍<|im_end|>", add_special_tokens=False)
    names = tiny.names_of(ids)
    assert "".join(names) == "Ã¶ĠtheĠðŁĳį<|im_end|>"
    assert len({*tiny.names_of(range(tiny.vocab_size))}) == tiny.vocab_size
    named = sentencepiece.names_of(sentencepiece.encode("the graph", add_special_tokens=False))
    assert "".join(named).lstrip("▁") == "the▁graph"


def test_the_context_is_what_config_json_says_of_the_language_model(tmp_path: Path, tiny: Tokenizer) -> None:
    assert tiny.context_length == 4096
    for path in TINY_RANDOM.glob("*token*"):
        (tmp_path / path.name).symlink_to(path)
    assert Tokenizer.load(tmp_path).context_length is None
    (tmp_path / "config.json").write_text(json.dumps({"text_config": {"max_position_embeddings": 77}}))
    assert Tokenizer.load(tmp_path).context_length == 77
