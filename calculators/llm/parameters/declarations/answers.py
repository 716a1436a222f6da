"""What requests to the parser of answers may say: a model's raw answer, and how it ended."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from msgspec import Meta

from ovpipe.calculators.llm.parameters.errors import wrong_type, wrong_value
from ovpipe.calculators.llm.parameters.request_parameter import RequestParameter
from ovpipe.calculators.llm.parameters.validation_errors import read_as
from ovpipe.calculators.llm.parameters.value_types import INT31, integers, text, tuple_of
from ovpipe.calculators.llm.parameters.well_formed_text import check_text
from ovpipe.calculators.llm.parameters.wire.prompts import ids_of

MOST_PIECES: Final = 10_000
MOST_CHARACTERS: Final = 500_000
"""Of an answer: more than any model gives in one."""
IN_WORDS: Final = (
    f"a string of at most {MOST_CHARACTERS} characters, or a list of at most {MOST_PIECES} pieces of one"
)
IDS_IN_WORDS: Final = f"a list of at most {MOST_CHARACTERS} token ids"
AnswerIds: Final = integers(0, INT31, most=MOST_CHARACTERS)
Text: Final = text(longest=MOST_CHARACTERS)
Pieces: Final = tuple_of(text(), most=MOST_PIECES, words=IN_WORDS)


def pieces_of(value: Any, path: str) -> tuple[str, ...]:
    """The pieces of an answer's text; raises RequestError 400."""
    if type(value) not in (str, list):
        raise wrong_type(path, IN_WORDS)
    pieces: tuple[str, ...] = read_as(value, Pieces, path) if type(value) is list else (value,)
    if sum(map(len, pieces)) > MOST_CHARACTERS:
        raise wrong_value(path, IN_WORDS)
    check_text(pieces if type(value) is list else value, path)
    return pieces


def answered_ids(value: Any, path: str) -> tuple[int, ...]:
    """The ids of an answer; raises RequestError 400."""
    ids = ids_of(value, path)
    if len(ids) > MOST_CHARACTERS:
        raise wrong_value(path, IDS_IN_WORDS)
    return ids


ANSWER: Final = (
    RequestParameter(
        "text",
        Annotated[Any, Meta(extra={"words": IN_WORDS})],
        "The model's raw answer, control tokens included: whole, or in the pieces in which it is to be read.",
        make=pieces_of,
        forms=(Text, Pieces),
        field="pieces",
    ),
    RequestParameter(
        "token_ids",
        Annotated[Any, Meta(extra={"words": IDS_IN_WORDS})],
        "The model's raw answer as token ids, in place of `text`.",
        make=answered_ids,
        forms=(AnswerIds,),
    ),
    RequestParameter(
        "finish_reason",
        Literal["stop", "length"],
        "How the answer ended: by itself, or at a limit, maybe amid a call.",
    ),
)
