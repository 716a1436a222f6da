"""Keys of prefixes."""

from __future__ import annotations

from ovpipe.calculators.engine.paging.prefix_keys import extend_keys


def keys(tokens: list[int], adapter: str | None = None) -> list[bytes]:
    found: list[bytes] = []
    extend_keys(found, tokens, 2, len(tokens) // 2, adapter)
    return found


def test_texts_share_the_keys_of_the_blocks_with_which_both_begin() -> None:
    one, two = keys([1, 2, 3, 4, 5, 6]), keys([1, 2, 3, 4, 7, 6])
    assert one[:2] == two[:2]
    assert one[2] != two[2]


def test_the_same_text_through_another_adapter_has_no_key_in_common() -> None:
    tokens = [1, 2, 3, 4]
    assert keys(tokens, "salt") == keys(tokens, "salt")
    assert len({*keys(tokens), *keys(tokens, "salt"), *keys(tokens, "sweet")}) == 6
