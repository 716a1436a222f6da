"""Byte-pair encoding: what is learned, and what the built tokenizer makes of texts."""

import re
from pathlib import Path

import openvino as ov
import openvino_genai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ovpipe.modelling.bpe import BytePairs, train_bpe
from ovpipe.modelling.tokenizer import build_tokenizer

SPECIALS = ("<pad>", "<end>")
CORPUS = "the graph, the stream and the packet; the graph's packets: größer, 你好你好, 你好 👍👍 " * 3


@pytest.fixture(scope="module")
def pairs() -> BytePairs:
    return train_bpe(CORPUS, 300, SPECIALS)


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory, pairs: BytePairs) -> openvino_genai.Tokenizer:
    folder = tmp_path_factory.mktemp("tokenizer")
    models = build_tokenizer(pairs, eos="<end>", pad="<pad>", chat_template='{{ "<pad>" }}\n{# é #}')
    for name, model in zip(("openvino_tokenizer", "openvino_detokenizer"), models, strict=True):
        ov.save_model(model, folder / f"{name}.xml")
    return openvino_genai.Tokenizer(str(folder))


def encode(tokenizer: openvino_genai.Tokenizer, text: str) -> list[int]:
    ids: list[int] = tokenizer.encode(text).input_ids.data[0].tolist()
    return ids


def test_the_most_frequent_neighbours_are_joined_first() -> None:
    assert train_bpe("abab abab ab", 259, ["<end>"]).merges == ((b"a", b"b"), (b"ab", b"ab"))


def test_of_equal_pairs_the_last_in_order_is_joined() -> None:
    assert train_bpe("xy ab", 258, ["<end>"]).merges == ((b"x", b"y"),)


def test_a_text_too_short_for_the_vocabulary_is_refused() -> None:
    with pytest.raises(ValueError, match="the text yields 1 merges; vocab_size 300 takes 43"):
        train_bpe("ab", 300, ["<end>"])
    with pytest.raises(ValueError, match="vocab_size 200 has no room for 257 bytes and specials"):
        train_bpe("ab", 200, ["<end>"])


def test_a_text_too_short_may_leave_tokens_spare() -> None:
    pairs = train_bpe("ab", 259, ["<end>"], spare=True)
    assert (pairs.merges, pairs.padding) == (((b"a", b"b"),), (b"<|spare_0|>",))


def test_tokens_do_not_reach_beyond_pieces_of_a_pattern_of_ones_own(tmp_path: Path) -> None:
    words = "(?<!x)ab|[^y]"
    pairs = train_bpe("abab xab", 260, ["<end>"], words=re.compile(words), spare=True)
    assert pairs.merges == ((b"a", b"b"),)
    models = build_tokenizer(pairs, eos="<end>", pad="<end>", words=words)
    for name, model in zip(("openvino_tokenizer", "openvino_detokenizer"), models, strict=True):
        ov.save_model(model, tmp_path / f"{name}.xml")
    ids = encode(openvino_genai.Tokenizer(str(tmp_path)), "abxab")
    assert [pairs.tokens[index] for index in ids] == [b"ab", b"x", b"a", b"b"]


def test_pairs_that_make_no_vocabulary_are_refused() -> None:
    with pytest.raises(ValueError, match="joins what no merge before it made"):
        BytePairs(SPECIALS, ((b"ab", b"c"),))
    with pytest.raises(ValueError, match="two tokens have the same bytes"):
        BytePairs(SPECIALS, ((b"a", b"b"),), padding=(b"ab",))


def test_the_vocabulary_is_that_of_the_pairs(tokenizer: openvino_genai.Tokenizer, pairs: BytePairs) -> None:
    assert len(pairs.tokens) == 300
    assert tokenizer.get_vocab() == {token: index for index, token in enumerate(pairs.tokens)}


def test_frequent_words_are_few_tokens(tokenizer: openvino_genai.Tokenizer, pairs: BytePairs) -> None:
    assert [pairs.tokens[index] for index in encode(tokenizer, "the graph")] == [b"the", b" graph"]


@pytest.mark.parametrize(
    "text",
    [
        "Hello, world!",
        "  two\n\n\tlines ",
        "größer naïve",
        "Привет, мир",
        "你好世界",
        "مرحبا नमस्ते",
        "👩‍💻👍🏽",
        "\0",
        "",
    ],
)
def test_texts_come_back(tokenizer: openvino_genai.Tokenizer, text: str) -> None:
    assert tokenizer.decode(encode(tokenizer, text)) == text


@settings(max_examples=50, deadline=None)
@given(text=st.text())
def test_any_text_comes_back(tokenizer: openvino_genai.Tokenizer, pairs: BytePairs, text: str) -> None:
    assert b"".join(pairs.tokens[index] for index in encode(tokenizer, text)) == text.encode()


def test_special_tokens_are_one_token_each(tokenizer: openvino_genai.Tokenizer) -> None:
    ids = encode(tokenizer, "a<end>b<pad>")
    assert ids == [2 + ord("a"), 1, 2 + ord("b"), 0]
    assert tokenizer.decode(ids) == "ab"
    assert tokenizer.decode(ids, skip_special_tokens=False) == "a<end>b<pad>"
    assert (tokenizer.get_eos_token_id(), tokenizer.get_pad_token_id()) == (1, 0)
    assert (tokenizer.get_eos_token(), tokenizer.get_pad_token()) == ("<end>", "<pad>")


def test_batches_are_padded_and_cut_when_asked(tokenizer: openvino_genai.Tokenizer) -> None:
    padded = tokenizer.encode(["xyz", "x"]).input_ids.data.tolist()
    assert padded == [[2 + ord("x"), 2 + ord("y"), 2 + ord("z")], [0, 0, 2 + ord("x")]]
    cut = tokenizer.encode("xyz", max_length=2, truncation=True).input_ids.data.tolist()
    assert cut == [[2 + ord("x"), 2 + ord("y")]]


def test_bytes_that_are_no_character_are_replaced(tokenizer: openvino_genai.Tokenizer) -> None:
    assert tokenizer.decode([2 + 0xC3, 2 + ord("x")]) == "\ufffdx"


def test_the_chat_template_is_kept(tokenizer: openvino_genai.Tokenizer) -> None:
    assert tokenizer.chat_template == '{{ "<pad>" }}\n{# é #}'


def test_padding_fills_the_vocabulary(tmp_path: Path, pairs: BytePairs) -> None:
    padded = BytePairs(pairs.specials, pairs.merges, tuple(f" n{index}".encode() for index in range(700)))
    models = build_tokenizer(padded, eos="<end>", pad="<pad>")
    for name, model in zip(("openvino_tokenizer", "openvino_detokenizer"), models, strict=True):
        ov.save_model(model, tmp_path / f"{name}.xml")
    tokenizer = openvino_genai.Tokenizer(str(tmp_path))
    assert tokenizer.decode([300, 999]) == " n0 n699"
    assert max(encode(tokenizer, "the graph n0 n699")) < 300
