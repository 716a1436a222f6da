"""Incremental text equals whole text, however the tokens come."""

import re
from collections.abc import Sequence
from itertools import chain, pairwise

from hypothesis import given
from hypothesis import strategies as st

from ovpipe.tokenizers.detokenizer import ByteDetokenizer, Detokenizer, WindowedDetokenizer

EURO = "€".encode()
BYTES = [bytes([byte]) for byte in range(256)]
TOKENS = [
    *BYTES,
    b"the",
    b" graph",
    EURO,
    EURO[:2],
    EURO[2:] + b"x",
    b"",
    b"\xf0\x9f\x98",
    b"\x80!",
    b"<end>",
]
END = TOKENS.index(b"<end>")

token_ids = st.lists(st.integers(0, len(TOKENS) - 1) | st.integers(256, len(TOKENS) - 1), max_size=40)


def split(ids: Sequence[int], cuts: Sequence[int]) -> list[Sequence[int]]:
    places = sorted({0, len(ids), *(cut % (len(ids) + 1) for cut in cuts)})
    return [ids[a:b] for a, b in pairwise(places)]


def text_of(detokenizer: Detokenizer, pushes: Sequence[Sequence[int]]) -> str:
    return "".join([detokenizer.push(ids) for ids in pushes]) + detokenizer.flush()


@given(token_ids, st.lists(st.integers(0, 100)))
def test_bytes_in_any_pushes_give_the_text_of_the_joined_bytes(ids: list[int], cuts: list[int]) -> None:
    whole = b"".join(TOKENS[index] for index in ids if index != END).decode(errors="replace")
    assert text_of(ByteDetokenizer(TOKENS, frozenset({END})), split(ids, cuts)) == whole


@given(st.lists(token_ids), st.lists(st.integers(0, 100)))
def test_sequences_may_share_the_texts_of_tokens(rows: list[list[int]], cuts: list[int]) -> None:
    texts: dict[int, str] = {}
    for ids in rows:
        whole = b"".join(TOKENS[index] for index in ids if index != END).decode(errors="replace")
        for pushes in (split(ids, cuts), [[index] for index in ids]):
            assert text_of(ByteDetokenizer(TOKENS, frozenset({END}), texts=texts), pushes) == whole


@given(st.text(), st.lists(st.integers(0, 100)))
def test_bytes_of_a_text_never_give_half_a_character(text: str, cuts: list[int]) -> None:
    detokenizer = ByteDetokenizer(BYTES, frozenset())
    deltas = [detokenizer.push(ids) for ids in split(list(text.encode()), cuts)]
    assert "".join(deltas) == text
    assert detokenizer.flush() == ""


def test_a_character_comes_with_its_last_byte() -> None:
    detokenizer = ByteDetokenizer(TOKENS, frozenset())
    assert [detokenizer.push([byte]) for byte in EURO] == ["", "", "€"]


def test_flush_gives_what_was_begun_and_begins_anew() -> None:
    detokenizer = ByteDetokenizer(TOKENS, frozenset())
    assert detokenizer.push(EURO[:2]) == ""
    assert detokenizer.flush() == "\ufffd"
    assert detokenizer.push(EURO) == "€"


def test_special_tokens_are_skipped_or_kept() -> None:
    assert ByteDetokenizer(TOKENS, frozenset({END})).push([97, END]) == "a"
    assert ByteDetokenizer(TOKENS, frozenset({END}), skip_special_tokens=False).push([97, END]) == "a<end>"


def test_ids_beyond_the_vocabulary_have_no_text() -> None:
    assert ByteDetokenizer(TOKENS, frozenset()).push([97, len(TOKENS), 151_999, -1, 98]) == "ab"


PIECES = ["▁the", "▁", "▁g", "raph", "s", "▁▁", "é", "<0xE2>", "<0x82>", "<0xAC>", "<s>", "▁x", ",", "\n"]


def decode_pieces(ids: Sequence[int]) -> str:
    """Decodes as SentencePiece does: ▁ is a space, the first space goes, <0x..> is a byte, <s> is skipped."""
    names = (PIECES[index] for index in ids if PIECES[index] != "<s>")
    parts = (bytes([int(name[3:5], 16)]) if re.fullmatch("<0x..>", name) else name.encode() for name in names)
    text = b"".join(parts).decode(errors="replace").replace("▁", " ")
    return text.removeprefix(" ")


euro_pieces = st.just([PIECES.index(f"<0x{byte:02X}>") for byte in EURO])
plain_pieces = st.integers(0, len(PIECES) - 1).filter(lambda i: "<0x" not in PIECES[i]).map(lambda i: [i])
piece_ids = st.lists(plain_pieces | euro_pieces, max_size=40).map(lambda parts: list(chain(*parts)))


@given(piece_ids, st.lists(st.integers(0, 100)))
def test_a_window_over_any_pushes_gives_the_whole_text(ids: list[int], cuts: list[int]) -> None:
    assert text_of(WindowedDetokenizer(decode_pieces), split(ids, cuts)) == decode_pieces(ids)


@given(piece_ids)
def test_a_window_over_single_tokens_gives_the_whole_text(ids: list[int]) -> None:
    assert text_of(WindowedDetokenizer(decode_pieces), [[index] for index in ids]) == decode_pieces(ids)


def test_a_window_gives_the_text_before_a_character_that_is_only_begun() -> None:
    detokenizer = WindowedDetokenizer(decode_pieces)
    the, first, second, third = (PIECES.index(name) for name in ("▁the", "<0xE2>", "<0x82>", "<0xAC>"))
    assert [detokenizer.push(ids) for ids in ([the, first], [second], [third, the])] == ["the", "", "€ the"]


def test_a_window_stays_small() -> None:
    longest = 0

    def decode(ids: Sequence[int]) -> str:
        nonlocal longest
        longest = max(longest, len(ids))
        return decode_pieces(ids)

    for names in (["▁the"], ["<0xE2>"], ["<s>"], ["s", "<0xE2>"], ["<0x82>", "<0xAC>", "<0xE2>"]):
        detokenizer = WindowedDetokenizer(decode)
        for _ in range(300):
            detokenizer.push([PIECES.index(name) for name in names])
    assert longest < 50


def test_pushes_that_all_end_within_a_character_give_whole_characters() -> None:
    first, second, third = (PIECES.index(name) for name in ("<0xE2>", "<0x82>", "<0xAC>"))
    detokenizer = WindowedDetokenizer(decode_pieces)
    assert detokenizer.push([first]) == ""
    assert [detokenizer.push([second, third, first]) for _ in range(100)] == ["€"] * 100


def test_a_window_passes_on_bytes_that_never_become_a_character() -> None:
    detokenizer = WindowedDetokenizer(decode_pieces)
    first = PIECES.index("<0xE2>")
    assert text_of(detokenizer, [[first]] * 100) == "\ufffd" * 100
