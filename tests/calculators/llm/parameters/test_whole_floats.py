"""A whole float is an integer wherever one is due, at any depth, and nowhere else."""

from __future__ import annotations

from copy import deepcopy
from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import Meta, Struct, inspect

from ovpipe.calculators.llm.parameters.request_parameter import Endpoint
from ovpipe.calculators.llm.parameters.table import BY_NAME
from ovpipe.calculators.llm.parameters.whole_floats import convert
from ovpipe.calculators.llm.request_parser import parse
from ovpipe.engines.protocol import EngineInfo
from ovpipe.errors import RequestError
from ovpipe.http import HttpRequest
from ovpipe.testing.fakes import FAKE_ENGINE_INFO

MESSAGES = [{"role": "user", "content": "hi"}]


class Cat(Struct, tag_field="type", tag="cat"):
    lives: int | None = None


class Dog(Struct, tag_field="type", tag="dog"):
    age: float | None = None


class House(Struct):
    rooms: Annotated[int, Meta(ge=1)] = 1
    pets: str | Annotated[list[Cat | Dog], Meta(max_length=3)] | None = None
    sizes: dict[str, int] = {}
    either: int | float = 0
    doors: tuple[int, ...] | Literal["none"] = ()
    notes: Any = None


def house(**members: Any) -> House:
    before = deepcopy(members)
    found = convert(members, House, inspect.type_info(House))
    assert members == before
    assert isinstance(found, House)
    return found


def test_whole_floats_are_integers_at_any_depth() -> None:
    found = house(
        rooms=3.0,
        pets=[{"type": "cat", "lives": 9.0}, {"type": "dog", "age": 2.0}],
        sizes={"hall": 4.0},
        doors=[1, 2.0],
    )
    assert (found.rooms, found.doors, found.sizes) == (3, (1, 2), {"hall": 4})
    assert found.pets == [Cat(9), Dog(2.0)]
    assert type(found.rooms) is type(found.doors[1]) is int


def test_where_floats_or_anything_may_stand_they_stay() -> None:
    found = house(rooms=2.0, either=3.0, notes={"a": [1.0]})
    assert type(found.either) is float
    assert type(found.notes["a"][0]) is float


@pytest.mark.parametrize(
    "members",
    [{"rooms": 1.5}, {"rooms": 0.0}, {"rooms": float("inf")}, {"rooms": "3.0"}, {"doors": [1.0, 0.5]}],
)
def test_nothing_else_becomes_an_integer(members: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        house(**members)


INTEGERS: dict[str, Any] = {
    "max_tokens": 5,
    "max_completion_tokens": 5,
    "min_tokens": 2,
    "n": 2,
    "best_of": 3,
    "num_beam_groups": 3,
    "top_k": 40,
    "seed": 7,
    "stop_token_ids": [3, 4],
    "allowed_token_ids": [3],
    "prompt_logprobs": 2,
    "truncate_prompt_tokens": 4,
    "priority": -3,
}
DRAFTS: dict[str, Any] = {"num_assistant_tokens": 2, "max_ngram_size": 2}
"""Apart from the others: a beam search drafts nothing."""
OF_CHAT: dict[str, Any] = INTEGERS | {"logprobs": True, "top_logprobs": 3}
OF_COMPLETIONS: dict[str, Any] = INTEGERS | {"logprobs": 3}


def engine_with_everything() -> EngineInfo:
    every = frozenset(row.capability for rows in BY_NAME.values() for row in rows.values())
    return msgspec.structs.replace(FAKE_ENGINE_INFO, capabilities=every)


def as_floats(value: Any) -> Any:
    """The same with floats for integers."""
    if isinstance(value, list):
        return [as_floats(item) for item in value]
    return value if isinstance(value, bool) else float(value)


@pytest.mark.parametrize(
    ("path", "what", "integers"),
    [
        (Endpoint.CHAT, {"messages": MESSAGES}, OF_CHAT),
        (Endpoint.COMPLETIONS, {"prompt": [1, 2]}, OF_COMPLETIONS),
    ],
)
def test_every_parameter_that_is_an_integer_takes_whole_floats(
    path: Endpoint, what: dict[str, Any], integers: dict[str, Any]
) -> None:
    def read(values: dict[str, Any]) -> Any:
        http = HttpRequest("POST", path.value, json={"model": "m", **what, **values}, id="1", received=0)
        return parse(http, engine_with_everything())

    for searched, values in ((True, integers), (False, DRAFTS)):
        asked = read({"use_beam_search": searched, **values})
        floats = read({"use_beam_search": searched, **{name: as_floats(one) for name, one in values.items()}})
        assert repr(floats) == repr(asked)  # 3.0 == 3, and their texts differ


def test_the_error_of_a_whole_float_out_of_range_names_its_place() -> None:
    body = {"model": "m", "messages": MESSAGES, "max_tokens": 5.0, "stop_token_ids": [1.0, -2.0]}
    with pytest.raises(RequestError) as caught:
        parse(HttpRequest("POST", "/chat/completions", json=body))
    assert caught.value.param == "stop_token_ids[1]"


def test_whole_floats_of_generation_config_count() -> None:
    config = {"top_k": 20.0, "max_new_tokens": 100.0, "temperature": "hot"}
    info = msgspec.structs.replace(FAKE_ENGINE_INFO, generation_config=config)
    request = parse(HttpRequest("POST", "/completions", json={"model": "m", "prompt": "hi"}), info)
    assert (request.top_k, request.default_max_tokens, request.temperature) == (20, 100, 1.0)
