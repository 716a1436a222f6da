"""PacketCodec: every packet of the shipped calculators is read as it was written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import inspect

from ovpipe.calculator import Calculator
from ovpipe.calculators.flow.batch_end import BatchEnd
from ovpipe.calculators.llm.packets import TextDelta, TokenDelta
from ovpipe.engines.protocol import Token
from ovpipe.errors import CodecError
from ovpipe.http import HttpRequest, ResponseStart
from ovpipe.http_errors import OPENAI_ERRORS
from ovpipe.packet import Packet
from ovpipe.packet_codec import PacketCodec
from ovpipe.ports import Input, Output, SideInput
from ovpipe.registry import Registry
from ovpipe.timestamp import Timestamp

INSTALLED = Registry.installed()
CODEC = PacketCodec.of(INSTALLED[name] for name in INSTALLED)

# --- values of any type, made from its declaration

TIMESTAMPS = st.integers(-(2**63), 2**63 - 1).map(Timestamp.of_raw)
NUMBERS = st.floats(allow_nan=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def text(kind: inspect.StrType) -> st.SearchStrategy[str]:
    if kind.pattern is not None:
        return st.from_regex(re.compile(kind.pattern, re.ASCII), fullmatch=True)
    return st.text(min_size=kind.min_length or 0, max_size=kind.max_length)


def needed(fields: tuple[inspect.Field, ...]) -> set[str]:
    return {field.name for field in fields if field.required}


@st.composite
def objects(
    draw: st.DrawFn, cls: type, members: dict[str, st.SearchStrategy[Any]], required: set[str]
) -> Any:
    """Objects with what they need, and some of the rest: requests have fifty members."""
    rest = sorted(members.keys() - required)
    some = draw(st.lists(st.sampled_from(rest), max_size=5)) if rest else []
    return cls(**{name: draw(members[name]) for name in (*sorted(required), *dict.fromkeys(some))})


def values_of(kind: inspect.Type) -> st.SearchStrategy[Any]:
    """Values that a declaration allows."""
    match kind:
        case inspect.Metadata(type=inner):
            return values_of(inner)
        case inspect.AnyType():
            return JSON
        case inspect.NoneType():
            return st.none()
        case inspect.BoolType():
            return st.booleans()
        case inspect.IntType(ge=least, le=most):
            return st.integers(least, most)
        case inspect.FloatType():
            return NUMBERS
        case inspect.StrType():
            return text(kind)
        case inspect.BytesType():
            return st.binary(max_size=20)
        case inspect.LiteralType(values=values):
            return st.sampled_from(values)
        case inspect.UnionType(types=types):
            return st.one_of(*map(values_of, types))
        case inspect.ListType(item_type=item):
            return st.lists(values_of(item), max_size=3)
        case inspect.VarTupleType(item_type=item):
            return st.lists(values_of(item), max_size=3).map(tuple)
        case inspect.TupleType(item_types=items):
            return st.tuples(*map(values_of, items))
        case inspect.DictType(key_type=key, value_type=value):
            return st.dictionaries(values_of(key), values_of(value), max_size=3)
        case (
            inspect.StructType(cls=cls, fields=fields)
            | inspect.DataclassType(cls=cls, fields=fields)
            | inspect.NamedTupleType(cls=cls, fields=fields)
        ):
            return objects(cls, {field.name: values_of(field.type) for field in fields}, needed(fields))
    assert isinstance(kind, inspect.CustomType)
    if kind.cls.__name__ == "Callable":
        return st.just(OPENAI_ERRORS.event)  # what a value can do is not compared
    assert kind.cls is Timestamp
    return TIMESTAMPS


@pytest.mark.parametrize("kind", CODEC.types, ids=lambda kind: kind.__name__)
def test_what_is_written_is_read_equal(kind: type) -> None:
    @settings(max_examples=40)
    @given(st.builds(Packet, values_of(inspect.type_info(kind)), TIMESTAMPS))
    def check(packet: Packet[Any]) -> None:
        line = CODEC.encode(packet)
        assert "\n" not in line
        read = CODEC.decode(line)
        assert read == packet
        assert type(read.value) is kind
        assert type(read.timestamp) is Timestamp

    check()


PLAIN = st.none() | st.booleans() | st.integers() | NUMBERS | st.text() | st.binary(max_size=9)


@given(
    st.recursive(
        PLAIN,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.lists(inner, max_size=3).map(tuple)
            | st.dictionaries(st.integers() | st.text(), inner, max_size=3)
        ),
        max_leaves=8,
    )
)
def test_plain_values_keep_their_types(value: Any) -> None:
    read = CODEC.decode(CODEC.encode(Packet(value, Timestamp(0)))).value
    assert repr(read) == repr(value)


def test_the_types_are_those_of_streams() -> None:
    names = {kind.__name__ for kind in CODEC.types}
    assert names >= {"HttpRequest", "ResponseStart", "ResponseBody", "ChatRequest", "CompletionRequest"}
    assert names >= {"Prompts", "TokenDelta", "TextDelta", "OutputDelta", "BatchEnd"}
    assert "SeenNames" not in names  # a side packet


def test_a_line_can_be_read_by_a_person() -> None:
    line = CODEC.encode(Packet(BatchEnd(Timestamp(7)), Timestamp(3)))
    assert line == '[3,"BatchEnd",{"timestamp":7,"has_list":true}]'


def test_the_start_of_a_stream_is_written_down_without_what_it_can_do() -> None:
    start = ResponseStart(200, {"content-type": "text/event-stream"}, OPENAI_ERRORS.event)
    again = CODEC.decode(CODEC.encode(Packet(start, Timestamp(3)))).value
    assert again == start
    assert again.failed is None


def test_a_list_of_packets_values_keeps_each() -> None:
    deltas = [TextDelta("hi", 1, 2), TokenDelta((Token(1, float("-inf")),), 1, 2), None, (1, b"\xff")]
    assert CODEC.decode(CODEC.encode(Packet(deltas, Timestamp.PRE_STREAM))) == Packet(
        deltas, Timestamp.PRE_STREAM
    )


class Secret:
    pass


def test_a_type_that_no_port_declares_is_refused_by_name() -> None:
    with pytest.raises(CodecError, match="type Secret cannot be written down: no port declares it"):
        CODEC.encode(Packet([Secret()], Timestamp(0)))
    with pytest.raises(CodecError, match="type HttpRequest cannot be written down: it holds a Secret"):
        CODEC.encode(Packet(HttpRequest("POST", "/", json=Secret()), Timestamp(0)))


def test_an_unknown_tag_names_what_there_is() -> None:
    with pytest.raises(CodecError, match="unknown tag 'TokenDelt': did you mean 'TokenDelta'?"):
        CODEC.decode('[0,"TokenDelt",{}]')
    with pytest.raises(
        CodecError, match="unknown tag 'os.system': there are: AskedResponse, Batch, BatchEnd, ChatRequest"
    ):
        CODEC.decode('[0,"os.system",{}]')


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("", "is no packet"),
        ("{}", "is no packet"),
        ("[]", "is no packet"),
        ('["now","int",1]', "is no packet"),
        ('[0,"int"]', "a tag and what it tags"),
        ('[0,1,"int"]', "a tag and what it tags"),
        ('[0,"int","x"]', "the value is no int: Expected `int`"),
        ('[0,"list",3]', "the value is no list"),
        ('[0,"list",[3]]', "a tag and what it tags"),
        ('[0,"dict",[3]]', "pairs of key and value"),
        ('[0,"dict",[[["list",[]],["int",1]]]]', "a key of it cannot be one: unhashable type: 'list'"),
        ('[0,"TokenDelta",{"tokens":[]}]', "the value is no TokenDelta: Object missing required field"),
        ('[0,"BatchEnd",{"timestamp":"x"}]', "the value is no BatchEnd: a Timestamp cannot be read"),
        ("[" * 100_000, "is no packet"),
    ],
)
def test_a_line_that_is_no_packet_says_what_is_wrong(line: str, error: str) -> None:
    with pytest.raises(CodecError, match=re.escape(error)):
        CODEC.decode(line)


def test_a_value_that_is_too_deep_is_refused() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(CodecError, match="nested too deeply"):
        CODEC.encode(Packet(deep, Timestamp(0)))


def test_two_types_of_one_name_are_refused_before_anything_is_written() -> None:
    @dataclass(frozen=True)
    class Prompts:
        text: str

    class Wordy(Calculator):
        prompts = Input[list[Prompts | None]]()

    with pytest.raises(CodecError, match="two types of packets have the name Prompts"):
        PacketCodec.of([*(INSTALLED[name] for name in INSTALLED), Wordy])


def test_a_graphs_own_types_are_found_in_unions_and_lists() -> None:
    class Word(msgspec.Struct, frozen=True):
        text: str
        places: dict[int, str] = {}

    @dataclass(frozen=True, slots=True)
    class Pause:
        seconds: float

    class Speak(Calculator):
        words = Input[list[Word | Pause]]()
        spoken = Output[str]()
        voice = SideInput[HttpRequest]()

    codec = PacketCodec.of([Speak])
    assert codec.types == (Pause, Word)
    packet = Packet([Word("hi", {1: "first"}), Pause(0.5)], Timestamp(1))
    assert codec.decode(codec.encode(packet)) == packet
