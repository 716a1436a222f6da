"""What the anthropic package's own types say of an answer: nothing missing, nothing wrong, nothing more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from anthropic.types import Message, MessageTokensCount, RawMessageStreamEvent
from anthropic.types.shared import ErrorResponse
from pydantic import BaseModel, TypeAdapter

M = TypeVar("M", bound=BaseModel)
EVENTS: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)


def as_message(data: bytes) -> Message:
    """A whole answer."""
    return checked(Message.model_validate_json(data, strict=True))


def as_count(data: bytes) -> MessageTokensCount:
    """An answer of count_tokens."""
    return checked(MessageTokensCount.model_validate_json(data, strict=True))


def as_error(data: bytes) -> ErrorResponse:
    """An error."""
    return checked(ErrorResponse.model_validate_json(data, strict=True))


def as_events(stream: bytes) -> list[Any]:
    """The events of a stream, each named as its type; pings, for which the package has no type, left out."""
    *events, rest = stream.decode().split("\n\n")
    assert rest == ""
    found = []
    for event in events:
        name, data = event.split("\n")
        if name == "event: ping":
            assert data == 'data: {"type":"ping"}'
            continue
        found.append(checked(EVENTS.validate_json(data.removeprefix("data: "), strict=True)))
        assert name == f"event: {found[-1].type}"
    return found


def checked(model: M) -> M:
    """The model, which has no field that its type does not have."""
    assert list(extra_fields(model)) == []
    return model


def extra_fields(value: Any, path: str = "$") -> Iterator[str]:
    """The places of fields that no type has."""
    if isinstance(value, BaseModel):
        yield from (f"{path}.{name}" for name in value.model_extra or ())
        for name in type(value).model_fields:
            yield from extra_fields(getattr(value, name), f"{path}.{name}")
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from extra_fields(item, f"{path}[{at}]")
