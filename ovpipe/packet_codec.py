"""PacketCodec: packets written down as lines of JSON, and read again as they were.

A line is `[timestamp, tag, value]`. The tag is the name of the value's class, which a port of the graph's
calculators declares; no line names an import path, and nothing is pickled.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator, Mapping
from types import FunctionType, MappingProxyType, MethodType
from typing import Any, Final, get_args

import msgspec

from ovpipe.calculator import Calculator
from ovpipe.errors import CodecError, did_you_mean
from ovpipe.packet import Packet
from ovpipe.ports import Port, ports_of
from ovpipe.timestamp import Timestamp, raw_timestamp

PLAIN: Final[Mapping[str, type]] = MappingProxyType(
    {"null": type(None), "bool": bool, "int": int, "float": float, "str": str, "bytes": bytes}
)
CONTAINERS: Final[Mapping[str, type]] = MappingProxyType({"list": list, "tuple": tuple, "dict": dict})
"""Values whose members have tags of their own, since a port that takes a list may not say of what."""


class PacketCodec:
    """Writes packets down and reads them again, for the types that it was given.

    A value of a Struct or a dataclass is read back equal when its fields are what they declare, and those
    declared `Any` hold plain JSON. Numbers that are none (`Infinity`) are written as Python's json writes
    them. Two classes of one name are an error: a tag would not tell them apart.
    """

    def __init__(self, types: Iterable[Any]) -> None:
        self._kinds: dict[str, type] = {**PLAIN, **CONTAINERS}
        for kind in sorted(set(classes_in(types)), key=lambda kind: (kind.__name__, kind.__module__)):
            other = self._kinds.setdefault(kind.__name__, kind)
            if other is not kind:
                raise CodecError(
                    f"two types of packets have the name {kind.__name__}: one of {other.__module__}, one of "
                    f"{kind.__module__}; rename one"
                )
        self._tags = {kind: tag for tag, kind in self._kinds.items()}

    @classmethod
    def of(cls, calculators: Iterable[type[Calculator]]) -> PacketCodec:
        """For the packets of a graph with these calculators: the types that their streams declare."""
        return cls(port.type for calculator in calculators for port in streams_of(calculator))

    @property
    def types(self) -> tuple[type, ...]:
        """The declared types, by name."""
        return tuple(kind for tag, kind in self._kinds.items() if tag not in PLAIN and tag not in CONTAINERS)

    def encode(self, packet: Packet[Any]) -> str:
        """The packet in one line; raises CodecError for a value of a type that no port declares."""
        try:
            line = [
                raw_timestamp(packet.timestamp),
                *self._tagged(packet.value),
            ]
            return json.dumps(line, separators=(",", ":"))
        except RecursionError:
            raise CodecError("the packet's value is nested too deeply to be written down") from None

    def decode(self, line: str) -> Packet[Any]:
        """The packet of a line; raises CodecError that says what is wrong with it."""
        try:
            timestamp, *tagged = json.loads(line)
            at = Timestamp.of_raw(raw_timestamp(timestamp))
        except (AttributeError, TypeError, ValueError, RecursionError):
            raise CodecError("the line is no packet: [timestamp, tag, value] in JSON is expected") from None
        return Packet(self._value(tagged), at)

    def _tagged(self, value: Any) -> tuple[str, Any]:
        tag = self._tags.get(type(value))
        if tag is None:
            raise CodecError(
                f"a value of type {type(value).__name__} cannot be written down: no port declares it as a "
                f"Struct or a dataclass; there are: {', '.join(sorted(self._kinds))}"
            )
        if tag == "dict":
            return tag, [[self._tagged(key), self._tagged(member)] for key, member in value.items()]
        if tag in CONTAINERS:
            return tag, [self._tagged(member) for member in value]
        try:
            return tag, msgspec.to_builtins(value, enc_hook=_in_json, str_keys=True)
        except TypeError as error:
            raise CodecError(f"a value of type {tag} cannot be written down: {error}") from error

    def _value(self, tagged: Any) -> Any:
        if type(tagged) is not list or len(tagged) != 2 or type(tagged[0]) is not str:
            raise CodecError("the line is no packet: a tag and what it tags are expected")
        tag, value = tagged
        if tag not in self._kinds:
            raise CodecError(f"unknown tag {tag!r}: {did_you_mean(tag, self._kinds)}")
        if tag in CONTAINERS and type(value) is not list:
            raise CodecError(f"the value is no {tag}: its members are expected as a list")
        if tag == "dict":
            return self._dict(value)
        if tag in CONTAINERS:
            return CONTAINERS[tag](map(self._value, value))
        try:
            return msgspec.convert(value, self._kinds[tag], dec_hook=_special, str_keys=True)
        except (TypeError, ValueError) as error:
            raise CodecError(f"the value is no {tag}: {error}") from error

    def _dict(self, pairs: list[Any]) -> dict[Any, Any]:
        members = [self._member(pair) for pair in pairs]
        try:
            return dict(members)
        except TypeError as error:
            raise CodecError(f"the value is no dict: a key of it cannot be one: {error}") from None

    def _member(self, pair: Any) -> tuple[Any, Any]:
        if type(pair) is not list or len(pair) != 2:
            raise CodecError("the value is no dict: pairs of key and value are expected")
        return self._value(pair[0]), self._value(pair[1])


def streams_of(calculator: type[Calculator]) -> Iterator[Port[Any]]:
    """The ports through which packets pass; side packets are no packets of a stream."""
    ports = ports_of(calculator)
    yield from (*ports.inputs.values(), *ports.outputs.values())
    yield from (*ports.repeated_inputs.values(), *ports.repeated_outputs.values())


def classes_in(types: Iterable[Any]) -> Iterator[type]:
    """The Structs and dataclasses in declared types: the members of unions and the items of lists, each."""
    for kind in types:
        if isinstance(kind, type) and (issubclass(kind, msgspec.Struct) or dataclasses.is_dataclass(kind)):
            yield kind
        yield from classes_in(get_args(kind))


def _in_json(value: Any) -> Any:
    """What msgspec has no form for: a timestamp is its number. What a value can do is left out as null."""
    if isinstance(value, Timestamp):
        return int(value)
    if isinstance(value, MethodType | FunctionType):
        return None
    raise TypeError(f"it holds a {type(value).__name__}, which has no form in JSON")


def _special(kind: type, value: Any) -> Any:
    if kind is Timestamp and type(value) is int:
        return Timestamp.of_raw(value)
    raise TypeError(f"a {kind.__name__} cannot be read")
