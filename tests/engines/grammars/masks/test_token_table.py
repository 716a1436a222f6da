"""A model's own tokens: what a mask allows always leads to a text of the grammar."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ovpipe.engines.grammars.masks.compiling import compiled
from ovpipe.engines.grammars.masks.token_table import TokenTable, token_table
from ovpipe.engines.protocol import Grammar
from ovpipe.tokenizers.tokenizer import Tokenizer
from ovpipe.tokenizers.vocabulary import Vocabulary
from tests.models.folders import TINY_RANDOM

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "tags": {"type": "array", "items": {"enum": ["ä", "\n", "漢字", 1.5, None]}, "maxItems": 3},
        "more": {"type": "object", "additionalProperties": {"type": "integer"}},
    },
    "required": ["name", "tags"],
    "additionalProperties": False,
}
DOCUMENTS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "name": st.text(st.characters(codec="utf-8"), max_size=12),
        "tags": st.lists(st.sampled_from(["ä", "\n", "漢字", 1.5, None]), max_size=3),
    },
    optional={"more": st.dictionaries(st.text("abß", max_size=3), st.integers(), max_size=2)},
)


@cache
def tokenizer() -> Tokenizer:
    return Tokenizer.load(TINY_RANDOM)


@cache
def tokens() -> TokenTable:
    own = tokenizer()
    size = len(own.token_bytes) + 70
    return token_table(own.vocabulary, size=size, eos_token_ids=set(own.eos_token_ids))


@settings(max_examples=60, deadline=None)
@given(document=DOCUMENTS)
def test_a_document_of_the_schema_is_taken_as_the_tokenizer_writes_it(document: dict[str, Any]) -> None:
    in_order = {key: document[key] for key in SCHEMA["properties"] if key in document}
    ids = tokenizer().encode(json.dumps(in_order, ensure_ascii=False), add_special_tokens=False)
    matcher = compiled(Grammar("json_schema", json.dumps(SCHEMA)), tokens()).matcher
    assert matcher.try_consume_tokens(ids) == len(ids)
    assert matcher.is_accepting()


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_any_tokens_that_masks_allow_are_a_document_of_the_schema_when_they_end(seed: int) -> None:
    matcher, forbidden = compiled(Grammar("json_schema", json.dumps(SCHEMA)), tokens())
    draws = np.random.default_rng(seed)
    ends = set(tokenizer().eos_token_ids)
    ids: list[int] = []
    for place in range(600):
        mask = np.frombuffer(matcher.compute_bitmask(), np.uint8)
        allowed = np.flatnonzero(np.unpackbits(mask, bitorder="little"))
        allowed = allowed[~np.isin(allowed, forbidden)]
        assert ends.isdisjoint(allowed) != matcher.is_accepting()
        if matcher.is_accepting():
            break
        # After a while the shortest way to the end: what is no letter, if there is such a token.
        short = [each for each in allowed if place > 40 and tokenizer().token_bytes[each] in ENDS]
        ids.append(int(draws.choice(short or allowed)))
        assert matcher.consume_token(ids[-1])
    text = b"".join(tokenizer().token_bytes[each] for each in ids).decode()
    jsonschema.validate(json.loads(text), SCHEMA)
    assert tokenizer().decode(ids) == text


ENDS = (b'"', b"}", b"]")


def test_bytes_of_a_character_are_tokens_of_their_own() -> None:
    vocabulary = Vocabulary([b"\xe6", b"\xbc", b"\xa2", b"\xa3", b"</s>"], frozenset({4}), plain_bytes=False)
    matcher = compiled(Grammar("regex", "漢"), token_table(vocabulary, size=5, eos_token_ids={4})).matcher
    assert matcher.validate_tokens([0, 1, 2, 4]) == 4
    assert matcher.validate_tokens([0, 1, 3]) == 2


def allowed(grammar: Grammar) -> set[int]:
    vocabulary = Vocabulary([b"<tool>", b"<", b"", b"</s>", b"<pad>"], frozenset({0, 3, 4}), plain_bytes=True)
    table = token_table(vocabulary, size=7, eos_token_ids={3})
    matcher, forbidden = compiled(grammar, table)
    mask = np.unpackbits(np.frombuffer(matcher.compute_bitmask(), np.uint8), bitorder="little")
    return set(np.flatnonzero(mask).tolist()) - set(forbidden)


def test_special_tokens_and_logits_without_a_token_are_in_no_text() -> None:
    assert allowed(Grammar("regex", "[^x]*")) == {1, 3}


def test_a_structural_tag_may_have_the_special_tokens_that_it_names() -> None:
    content = {"type": "regex", "pattern": "[^x]*"}
    tag = {"type": "tag", "begin": "<tool>", "content": content, "end": ""}
    assert allowed(Grammar("structural_tag", json.dumps({"format": tag}))) == {0, 1}


def test_a_model_whose_texts_do_not_end_has_no_grammars() -> None:
    with pytest.raises(ValueError, match="no token that ends a text"):
        token_table(Vocabulary([b"a"], frozenset(), plain_bytes=True), size=1, eos_token_ids=())
