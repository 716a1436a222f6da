"""Answers and events as the openai package's types have them, strictly, with the names of what is more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from openai import BaseModel
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

KNOWN: Final = frozenset(
    {"Response.store", "Logprob.bytes", "LogprobTopLogprob.bytes", "ResponseCustomToolCall.status"}
)
"""What OpenAI's service writes too, and the package's types do not have."""
EVENT: Final[TypeAdapter[Any]] = TypeAdapter(ResponseStreamEvent)


def response_of(data: Any) -> Response:
    """A whole answer."""
    response = Response.model_validate(data, strict=True)
    assert set(extras(response)) <= KNOWN
    return response


def event_of(data: Any) -> Any:
    """An event of a stream."""
    event = EVENT.validate_python(data, strict=True)
    assert set(extras(event)) <= KNOWN
    return event


def extras(value: Any) -> Iterator[str]:
    """What a value has that its type does not, by type and name."""
    if isinstance(value, BaseModel):
        for name in value.model_extra or ():
            yield f"{type(value).__name__}.{name}"
        for name in type(value).model_fields:
            yield from extras(getattr(value, name))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from extras(item)
    elif isinstance(value, dict):
        yield from extras(list(value.values()))
