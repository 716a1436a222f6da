"""What tokens stand for, asked of decoders written here."""

from collections.abc import Sequence

from ovpipe.tokenizers.vocabulary import DecodeRows, read_vocabulary


def joining(texts: Sequence[bytes]) -> DecodeRows:
    """A decoder that joins these bytes."""

    def decode(rows: Sequence[Sequence[int]]) -> list[str]:
        return [b"".join(texts[index] for index in row).decode(errors="replace") for row in rows]

    return decode


def test_a_token_that_adds_nothing_to_a_text_is_special() -> None:
    vocabulary = read_vocabulary({b"a": 0, b"<end>": 1, b"\xc3": 2}, [[0]], joining([b"a", b"", b"\xc3"]))
    assert vocabulary.special_ids == {1}
    assert vocabulary.plain_bytes


def test_bytes_that_a_decoder_drops_are_not_special() -> None:
    vocabulary = read_vocabulary({b"a": 0, b"\xc3": 1, b"<0xE4>": 2}, [[0]], joining([b"a", b"", b""]))
    assert vocabulary.special_ids == frozenset()


def test_gpt2_characters_are_read_as_the_bytes_they_stand_for() -> None:
    # "Ġ" stands for the space, "Ã©" for the two bytes of é.
    ids = {name.encode(): index for index, name in enumerate(["a", "Ġ", "Ã©", "Ã", "©", "<end>"])}
    decode = joining([b"a", b" ", b"\xc3\xa9", b"\xc3", b"\xa9", b""])
    vocabulary = read_vocabulary(ids, [[0, 1, 2], [3, 4, 0]], decode)
    assert vocabulary.token_bytes == [b"a", b" ", b"\xc3\xa9", b"\xc3", b"\xa9", b"<end>"]
    assert vocabulary.special_ids == {5}
    assert vocabulary.plain_bytes


def test_of_two_ids_with_the_same_bytes_both_are_known() -> None:
    vocabulary = read_vocabulary({b"a": 0, b"b": 1, b"c": 3}, [[0]], joining([b"a", b"b", b"a", b"c"]))
    assert vocabulary.token_bytes == [b"a", b"b", b"a", b"c"]
    assert vocabulary.plain_bytes


def test_a_decoder_that_cleans_up_its_text_is_not_plain() -> None:
    join = joining([b"a", b" ", b"."])

    def decode(rows: Sequence[Sequence[int]]) -> list[str]:
        return [text.replace(" .", ".") for text in join(rows)]

    assert not read_vocabulary({b"a": 0, b" ": 1, b".": 2}, [[0, 1, 2]], decode).plain_bytes
