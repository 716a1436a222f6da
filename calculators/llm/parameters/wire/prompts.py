"""Prompts of completions, and the options of streams."""

from __future__ import annotations

from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from ovpipe.calculators.llm.parameters.errors import wrong_type
from ovpipe.calculators.llm.parameters.validation_errors import read_as
from ovpipe.calculators.llm.parameters.value_types import (
    INT31,
    NonEmptyText,
    integer,
    integers,
    says,
    tuple_of,
)
from ovpipe.calculators.llm.parameters.well_formed_text import check_text

MOST_PROMPTS: Final = 256
MOST_TOKENS: Final = 4_000_000
"""Far more than any context; the model's own is checked where it is known."""

IDS_AT_ONCE: Final = 65_536

IN_WORDS: Final = f"a non-empty string, a list of token ids, or a list of at most {MOST_PROMPTS} of either"
Tokens: Final = integers(0, INT31, most=MOST_TOKENS, fewest=1)
Texts: Final = tuple_of(NonEmptyText, fewest=1, most=MOST_PROMPTS, words=IN_WORDS)
TokenLists: Final = tuple_of(Tokens, fewest=1, most=MOST_PROMPTS, words=IN_WORDS)
PromptValue = Annotated[Any, Meta(extra={"words": IN_WORDS})]
FORMS: Final = (NonEmptyText, Tokens, Texts, TokenLists)
BY_FIRST: Final = {int: Tokens, float: Tokens, str: Texts, list: TokenLists}


def prompts_of(prompt: Any, path: str) -> tuple[str | tuple[int, ...], ...]:
    """The prompts, in one of four forms, which the first item tells apart; raises RequestError 400."""
    if type(prompt) is not list:
        if type(prompt) is not str:
            raise wrong_type(path, IN_WORDS)
        text: str = read_as(prompt, NonEmptyText, path)
        check_text(text, path)
        return (text,)
    form: Any = BY_FIRST.get(type(prompt[0])) if prompt else Texts
    if form is None:
        raise wrong_type(f"{path}[0]", "a string, a token id or a list of token ids")
    if form is Tokens and IDS_AT_ONCE < len(prompt) <= MOST_TOKENS:
        return (tuple(long_prompt(prompt, path)),)
    prompts: tuple[Any, ...] = read_as(prompt, form, path)
    if form is Texts:
        check_text(prompts, path)
    return (prompts,) if form is Tokens else prompts


def long_prompt(ids: list[Any], path: str) -> list[int]:
    """Many token ids, a part at a time: while one is read no other thread runs."""
    read: list[int] = []
    for at in range(0, len(ids), IDS_AT_ONCE):
        read.extend(read_as(ids[at : at + IDS_AT_ONCE], Tokens, path, first=at))
    return read


IDS_IN_WORDS: Final = f"a list of at most {MOST_TOKENS} token ids"
Ids: Final = tuple_of(integer(0, INT31), most=MOST_TOKENS, words=IDS_IN_WORDS)
IdsValue = Annotated[Any, Meta(extra={"words": IDS_IN_WORDS})]


def ids_of(ids: Any, path: str) -> tuple[int, ...]:
    """A list of token ids, which may be empty and long; raises RequestError 400."""
    if type(ids) is list and IDS_AT_ONCE < len(ids) <= MOST_TOKENS:
        return tuple(long_prompt(ids, path))
    read: tuple[int, ...] = read_as(ids, Ids, path)
    return read


class StreamOptions(Struct, frozen=True):
    """What a stream says of token counts."""

    include_usage: bool | None = None
    continuous_usage_stats: bool | None = None


StreamOptionsObject = Annotated[
    StreamOptions, says("an object whose 'include_usage' and 'continuous_usage_stats' are true or false")
]


def stream_options_of(options: StreamOptions, path: str) -> dict[str, bool]:
    """The request's fields."""
    members = ((name, getattr(options, name)) for name in options.__struct_fields__)
    return {name: member for name, member in members if member is not None}
