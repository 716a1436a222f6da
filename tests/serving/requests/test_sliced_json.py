"""Large bodies: parsed in slices, with the value and the refusals that they have in one piece."""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

import pytest

from ovpipe.errors import RequestError
from ovpipe.serving.requests.body import MAX_CONTAINERS, MAX_MEMBERS, parse_body, parse_json
from ovpipe.serving.requests.sliced_json import MOST_BRACKETS, SLICE, SlicedJson
from ovpipe.serving.requests.turns import Turns

PAD = " " * SLICE


def parsed(body: bytes) -> Any:
    assert len(body) > SLICE
    return asyncio.run(parse_body(body))


def refusal(body: bytes) -> str:
    assert len(body) > SLICE
    with pytest.raises(RequestError) as raised:
        asyncio.run(parse_body(body))
    assert (raised.value.status, raised.value.code) == (400, "invalid_body")
    return raised.value.message


VALUES = {
    "one long string": {"a": "x" * 200_000},
    "escapes all through": {"a": '\n"\\' * 50_000},
    "characters of two to four bytes": {"a": "é€😀" * 30_000},
    "a key longer than a slice": {"k" * 100_000: 1, "b": {"k" * 100_000: [2]}},
    "many numbers": {"a": list(range(50_000)), "b": [1.5, -2]},
    "many strings, some with brackets": {"a": ["[{", "]}", ",", '"', "\\"] * 20_000},
    "many small objects": {"messages": [{"role": "user", "content": "hi"}] * 10_000},
    "lists in lists": {"a": [[[1] * 9_000] * 3] * 3},
    "many members": {f"key {number}": number for number in range(20_000)},
    "long beside short": {"a": 1, "b": "x" * 99_999, "c": [], "d": {}, "e": ["y" * 99_999, None, True]},
    "nothing in between": {"a": [], "b": {"c": ""}, "d": ["x" * 70_000]},
}


@pytest.mark.parametrize("ensure_ascii", [True, False])
@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("name", VALUES)
def test_it_is_the_value_that_json_has(name: str, indent: int | None, ensure_ascii: bool) -> None:
    body = json.dumps(VALUES[name], indent=indent, ensure_ascii=ensure_ascii).encode()
    assert parsed(body) == VALUES[name]


@pytest.mark.parametrize("shift", range(14))
def test_neither_an_escape_nor_a_pair_nor_a_character_is_cut_in_two(shift: int) -> None:
    text = "x" * shift + "\\ud83d\\ude00" + "😀é" + r"\ud83d\ude00" * 20_000 + "😀é" * 20_000
    assert parsed(b'{"a": "%s"}' % text.encode()) == {"a": json.loads(f'"{text}"')}


def test_blanks_may_stand_wherever_they_may_and_as_many() -> None:
    body = '~{~"a"~:~[~1~,~"b"~,~[~]~]~,~"c"~:~{~}~}~'.replace("~", PAD).encode()
    assert parsed(body) == {"a": [1, "b", []], "c": {}}


@pytest.mark.parametrize(
    "text",
    ["{~", '{"a"~', '{"a":~', '{"a":1~', '{"a":1,~}', '{"a":[1,~]}', '{"a":[~,1]}', '{"a":[1~2]}',
     '{"a":1~"b":2}', '{"a":["~x"]~"b":1}', '{"a":[~]]}', '{"a":[~}}', '{"a":{~]}', '{~}x', '{~1:2}',
     '{"a":"~', '{"a":"~\\', '{"a":"~\\u12', '{"a":"~\\ud83d', '{"a":"~\\q"}', '{"a":"~\x01"}', '{"a":~01}', '{~"a"}',
     '{"a":[[~],,1]}', '{,~"a":1}', '{"a"~,1}', '{"a":x~}'],
)  # fmt: skip
def test_what_is_no_json_is_refused_with_its_place(text: str) -> None:
    body = text.replace("~", PAD).encode()
    with pytest.raises(RequestError) as in_one_piece:
        parse_json(body)
    assert in_one_piece.value.message.startswith("The request body is not valid JSON: line 1, column ")
    assert refusal(body).startswith("The request body is not valid JSON: line 1, column ")


def test_the_place_is_that_of_the_whole_body() -> None:
    body = ('{"é": [\n' + "1,\n" * 20_000 + ' "é", x]}').encode()
    assert refusal(body) == "The request body is not valid JSON: line 20002, column 7 cannot be parsed."


def test_the_byte_that_is_no_utf8_is_that_of_the_whole_body() -> None:
    body = b'{"a": "' + b"x" * 100_000 + b'\xff"}'
    assert refusal(body) == "The request body is not valid UTF-8: byte 100007 cannot be decoded."


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b'{"a": 1,' + b" " * SLICE + b'"a": 2}', "has an object with duplicate keys"),
        (b'{"a": "' + b"x" * SLICE + b'", "a": 2}', "has an object with duplicate keys"),
        (b'{"a": [' + b"1," * SLICE + b"NaN]}", "has NaN or Infinity"),
        (b'{"a": [' + b"1," * SLICE + b"1e999]}", "has a number that is too large"),
        (b'{"a": [' + b"1," * SLICE + b"9" * 2000 + b"]}", "has an integer of more than 1000 digits"),
        (b'{"a": "' + b"x" * SLICE + rb'\ud800"}', "has a string with a lone surrogate"),
        (b'{"a": ' + b"[" * 100 + b"1," * SLICE + b"1" + b"]" * 100 + b"}", "is nested more than 100 levels"),
        (b'{"a": [' + b"[]," * MAX_CONTAINERS + b"[]]}", f"holds more than {MAX_CONTAINERS} objects"),
        (
            json.dumps(dict.fromkeys(map(str, range(MAX_MEMBERS + 1)))).encode(),
            f"has an object with more than {MAX_MEMBERS} members",
        ),
        (b"[" + b"1," * SLICE + b"1]", "must be a JSON object"),
        (b'"' + b"x" * SLICE + b'"', "must be a JSON object"),
        (b" " * 2 * SLICE, "is empty"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_limits_are_those_of_small_bodies(body: bytes, why: str) -> None:
    assert f"The request body {why}" in refusal(body)


def test_a_hundred_levels_are_taken() -> None:
    deep = b"[" * 99 + b"1," * SLICE + b"1" + b"]" * 99
    assert parsed(b'{"a": ' + deep + b"}") is not None


@pytest.mark.parametrize("seed", range(16))
def test_random_values_are_what_json_has(seed: int) -> None:
    draws = random.Random(seed)
    text = draws.choice(["x", "é", "😀", "\n", '"', "\\", "[", ","])

    def value(depth: int) -> Any:
        kind = draws.randrange(6 if depth < 4 else 3)
        if kind < 2:
            return draws.choice([None, True, 0, -1.5, "", text * draws.choice([1, 50, 50, 50, 50, 40_000])])
        if kind < 4:
            return [value(depth + 1) for _ in range(draws.choice([0, 1, 3, 7]))]
        return {f"{text}{at}": value(depth + 1) for at in range(draws.choice([0, 1, 3, 7]))}

    whole = {"first": text * 40_000, "rest": [value(0) for _ in range(5)]}
    assert parsed(json.dumps(whole, ensure_ascii=draws.random() < 0.5).encode()) == whole


def test_no_call_gets_more_than_a_slice_and_others_have_their_turn_after_each() -> None:
    body = json.dumps(
        {"text": "é" * 200_000, "ids": [5] * 200_000, "messages": [{"a": []}] * 50_000}
    ).encode()
    sizes: list[int] = []
    containers = [0]

    def load(part: bytes, at: int) -> Any:
        sizes.append(len(part))
        return json.loads(part)

    def merge(value: Any, more: Any) -> None:
        value.update(more) if isinstance(value, dict) else value.extend(more)

    def entered(depth: int, so_far: int) -> None:
        containers[-1] += 1

    work = SlicedJson(body, load, merge, entered).read()
    for _ in work:
        containers.append(0)
    assert max(sizes) <= SLICE + 4  # brackets and quotes round it
    assert max(containers) <= MOST_BRACKETS
    assert len(containers) >= len(sizes) >= len(body) // SLICE


def test_large_bodies_take_turns_and_each_turn_is_one_slice() -> None:
    order: list[str] = []

    def work(name: str, slices: int) -> Any:
        for _ in range(slices):
            order.append(name)
            yield
        return name

    async def both() -> list[str]:
        turns = Turns()
        running = [
            asyncio.ensure_future(turns.run(work(name, slices))) for name, slices in (("a", 5), ("b", 2))
        ]
        while not all(one.done() for one in running):
            order.append("|")
            await asyncio.sleep(0)
        return [one.result() for one in running]

    assert asyncio.run(both()) == ["a", "b"]
    slices = [one for one in order if one != "|"]
    assert slices == ["a", "b", "a", "b", "a", "a", "a"]
    assert all("|" in order[at : at + 2] for at in range(len(order) - 1))
