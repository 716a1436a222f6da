"""What msgspec finds wrong with a value, as the API's error: the place, and what would be right there."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta, Struct

from ovpipe.calculators.llm.parameters.validation_errors import read_as
from ovpipe.calculators.llm.parameters.value_types import NonEmptyText, integer, number, refused, texts
from ovpipe.errors import RequestError


class Cat(Struct, tag_field="type", tag="cat"):
    lives: Annotated[int, Meta(ge=0, le=9)]


class Dog(Struct, tag_field="type", tag="dog"):
    tricks: list[NonEmptyText] = []
    owner: Literal["Ann"] | None = None
    leash: Annotated[None, Meta(extra={"unsupported": "is not sold here"})] = None


Pet = Annotated[
    Cat | Dog,
    Meta(extra={"unsupported": {"bear": "is a bear"}}),
]


class House(Struct):
    pets: Annotated[list[Pet], Meta(min_length=1, extra={"words": "a non-empty list of pets"})]
    ages: dict[str, Annotated[int, Meta(ge=0, le=99)]] = {}


def error(value: Any, kind: Any = House, path: str = "house") -> tuple[str | None, str | None, str]:
    with pytest.raises(RequestError) as caught:
        read_as(value, kind, path)
    assert caught.value.status == 400
    return caught.value.code, caught.value.param, caught.value.message


@pytest.mark.parametrize(
    ("house", "code", "message"),
    [
        (3, "invalid_type", "'house' must be an object with 'pets', and optionally 'ages'."),
        ({}, "missing_required_parameter", "'house.pets' is required and must be a non-empty list of pets."),
        (
            {"pets": None},
            "missing_required_parameter",
            "'house.pets' is required and must be a non-empty list of pets.",
        ),
        ({"pets": []}, "invalid_value", "'house.pets' must be a non-empty list of pets."),
        (
            {"pets": ["cat"]},
            "invalid_type",
            "'house.pets[0]' must be an object whose 'type' is one of 'cat', 'dog'.",
        ),
        (
            {"pets": [{}]},
            "missing_required_parameter",
            "'house.pets[0].type' is required and must be one of 'cat', 'dog'.",
        ),
        (
            {"pets": [{"type": "secret"}]},
            "invalid_value",
            "'house.pets[0].type' must be one of 'cat', 'dog'.",
        ),
        ({"pets": [{"type": "bear"}]}, "unsupported_parameter", "'house.pets[0]' is a bear."),
        (
            {"pets": [{"type": "dog"}, {"type": "cat"}]},
            "missing_required_parameter",
            "'house.pets[1].lives' is required and must be an integer from 0 to 9.",
        ),
        (
            {"pets": [{"type": "cat", "lives": 10}]},
            "invalid_value",
            "'house.pets[0].lives' must be an integer from 0 to 9.",
        ),
        (
            {"pets": [{"type": "dog", "tricks": ["sit", None]}]},
            "invalid_type",
            "'house.pets[0].tricks[1]' must be a non-empty string.",
        ),
        (
            {"pets": [{"type": "dog", "owner": "secret"}]},
            "invalid_value",
            "'house.pets[0].owner' must be 'Ann'.",
        ),
        (
            {"pets": [{"type": "dog", "leash": 1}]},
            "unsupported_parameter",
            "'house.pets[0].leash' is not sold here.",
        ),
        (
            {"pets": [{"type": "dog"}], "ages": {"secret": -1}},
            "invalid_value",
            "'house.ages' must be an object.",
        ),
    ],
)
def test_the_error_says_what_would_be_right_at_the_place(house: Any, code: str, message: str) -> None:
    found = error(house)
    assert (found[0], found[2]) == (code, message)
    assert message.startswith(f"'{found[1]}' ")
    assert "secret" not in message


def test_a_value_that_quotes_a_place_does_not_move_the_error() -> None:
    assert error("x - at `$.pets[0]`", Literal["a"], "p")[1] == "p"
    assert error({"pets": [{"type": "x` - at `$.ages`"}]})[1] == "house.pets[0].type"


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (bool, "true or false"),
        (integer(1, 5), "an integer from 1 to 5"),
        (number(0, 2), "a number from 0 to 2"),
        (number(0, 1, above=True), "a number above 0 and at most 1"),
        (number(0, 1, below=True), "a number from 0 to below 1"),
        (number(0, 1, above=True, below=True), "a number above 0 and below 1"),
        (texts(longest=9, most=2), "a string of at most 9 characters, or a list of at most 2 of them"),
        (bool | Literal["never"], "true or false, or 'never'"),
        (dict[str, Any], "an object"),
        (list[int], "a list"),
    ],
)
def test_types_say_in_words_what_they_allow(kind: Any, words: str) -> None:
    assert error(object(), kind, "p")[2] == f"'p' must be {words}."


def test_what_is_refused_on_purpose_says_why() -> None:
    assert error(1, refused("is not for sale"), "p") == (
        "unsupported_parameter",
        "p",
        "'p' is not for sale.",
    )
