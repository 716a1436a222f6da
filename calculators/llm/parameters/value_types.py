"""Value types: what a parameter's JSON value may be, as types that msgspec reads, checks and describes.

Types are strict: a bool is no integer and "1" is no number. (3.0 is an integer: whole_floats.py makes it
one.) What msgspec has no word for stands in `Meta.extra`, where wording.py and validation_errors.py find it.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from msgspec import Meta

WORDS: Final = "words"
"""What is allowed, to stand after "must be", where the type alone says it badly."""
UNSUPPORTED: Final = "unsupported"
"""Values that the API knows and this server refuses: the reason of each, or one reason for all."""


def says(words: str) -> Meta:
    """Names what is allowed, to stand after "must be"."""
    return Meta(extra={WORDS: words})


def refused(reason: str) -> Any:
    """Nothing but null: known to other servers, refused here on purpose."""
    return Annotated[None, Meta(extra={WORDS: "absent", UNSUPPORTED: reason})]


def integer(minimum: int, maximum: int) -> Any:
    """A whole number in [minimum, maximum]."""
    return Annotated[int, Meta(ge=minimum, le=maximum)]


def wide_integer(minimum: int, maximum: int) -> Any:
    """A whole number, whose limits are beyond the 64 bits of msgspec's own; whoever reads it checks them."""
    words = f"an integer from {minimum} to {maximum}"
    limits = {"minimum": minimum, "maximum": maximum}
    return Annotated[int, Meta(extra_json_schema=limits, extra={WORDS: words})]


def number(minimum: float, maximum: float, *, above: bool = False, below: bool = False) -> Any:
    """A number in [minimum, maximum]; `above` leaves the minimum out, `below` the maximum."""
    limits: dict[str, Any] = {"gt" if above else "ge": minimum, "lt" if below else "le": maximum}
    return Annotated[float, Meta(**limits)]


def text(*, longest: int | None = None) -> Any:
    """A string of Unicode characters."""
    return Annotated[str, Meta(max_length=longest)]


def tuple_of(item: Any, *, most: int, words: str, fewest: int = 0) -> Any:
    """A list, read as a tuple; `words` say what is allowed."""
    meta = Meta(min_length=fewest or None, max_length=most, extra={WORDS: words})
    return Annotated[tuple[item, ...], meta]


def unless_empty(value: str, path: str) -> str | None:
    """A text; an empty one is absent, as programs write what they have not."""
    return value or None


def texts(*, longest: int | None = None, most: int) -> Any:
    """A string, or a list of at most `most` strings."""
    item = text(longest=longest)
    return item | tuple_of(item, most=most, words=f"a list of at most {most} of them")


def integers(minimum: int, maximum: int, *, most: int, fewest: int = 0) -> Any:
    """A list of whole numbers; read as a tuple."""
    some = "a non-empty list" if fewest else "a list"
    words = f"{some} of at most {most} integers from {minimum} to {maximum}"
    return tuple_of(integer(minimum, maximum), most=most, words=words, fewest=fewest)


INT31: Final = 2**31 - 1
UINT32: Final = 2**32 - 1
INT64: Final = 2**63 - 1
UINT64: Final = 2**64 - 1
MOST_CHOICES: Final = 128
"""Beyond any best_of_limit."""
Object = dict[str, Any]
"""A JSON object, handed on as it is."""
Objects = Annotated[tuple[Object, ...], says("a list of objects")]
Labels = Annotated[
    dict[Annotated[str, Meta(max_length=64)], Annotated[str, Meta(max_length=512)]],
    Meta(
        max_length=16,
        extra={WORDS: "an object of at most 16 strings of up to 512 characters, by names of up to 64"},
    ),
]
"""As OpenAI's metadata."""
TokenBias = Annotated[dict[str, float], says("an object of numbers by token ids")]
NonEmptyText = Annotated[str, Meta(min_length=1)]
