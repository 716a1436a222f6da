"""Answers and events are what their types say, and every type of event is written."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
import pytest

from ovpipe.calculators.llm.openai_responses.answers import ResponseBodyForm, ResponseEvents
from ovpipe.calculators.llm.openai_responses.asking import parse_response
from ovpipe.calculators.llm.openai_responses.types import ResponseObject, StreamEvent
from ovpipe.calculators.llm.packets import CalledTool, Content, Finish, OutputDelta, Part, Reasoning
from ovpipe.calculators.llm.text.token_texts import TokenTexts
from ovpipe.engines.protocol import Token
from ovpipe.errors import RequestError
from ovpipe.http import HttpRequest

SCHEMA = {"type": "json_schema", "name": "n", "schema": {"type": "object"}}
ASKED: dict[str, Any] = {
    "model": "m",
    "input": "Hi",
    "tools": [{"type": "function", "name": "add"}, {"type": "custom", "name": "patch"}],
    "tool_choice": {"type": "custom", "name": "patch"},
    "include": ["message.output_text.logprobs", "reasoning.encrypted_content"],
    "text": {"format": SCHEMA},
    "metadata": {"a": "b"},
    "user": "ada",
}
PARTS: tuple[Part, ...] = (
    Reasoning("Hm"),
    Content("Yes"),
    CalledTool("add", "{}"),
    CalledTool("patch", '{"input": "x"}'),
)


def answered(body: dict[str, Any], finish: Finish) -> list[bytes]:
    """The answer, or the data of its events."""
    request, asked = parse_response(HttpRequest("POST", "/responses", json=body))
    form = (ResponseEvents if request.stream else ResponseBodyForm)(
        request, asked, (), TokenTexts(None), lambda response: None
    )
    data = form.add(OutputDelta(PARTS, 4, 3, tokens=(Token(1, -0.5),)), last=False)
    data += form.add(OutputDelta((), 5, 3, finish), last=True)
    if not request.stream:
        return [data]
    return data_of(data)


def data_of(events: bytes) -> list[bytes]:
    return [event.partition(b"\ndata: ")[2] for event in events.split(b"\n\n") if event]


@pytest.mark.parametrize("body", [ASKED, {"model": "m", "input": "Hi"}], ids=["all", "nothing"])
@pytest.mark.parametrize("finish", ["stop", "length"])
def test_a_whole_answer_is_what_its_type_says(body: dict[str, Any], finish: Finish) -> None:
    (data,) = answered(body, finish)
    response = msgspec.json.decode(data, type=ResponseObject)
    assert len(response.output) == 4
    with pytest.raises(msgspec.ValidationError, match="unknown field `surprise`"):
        msgspec.json.decode(data.replace(b'"usage"', b'"surprise":1,"usage"'), type=ResponseObject)


def test_every_event_is_what_its_type_says_and_every_type_is_written() -> None:
    body = ASKED | {"stream": True}
    data = [event for finish in ("stop", "length") for event in answered(body, finish)]
    request, asked = parse_response(HttpRequest("POST", "/responses", json=body))
    form = ResponseEvents(request, asked, (), TokenTexts(None), lambda response: None)
    data += data_of(form.failed(RequestError(500, "lost")))
    seen = {type(msgspec.json.decode(event, type=StreamEvent)) for event in data}
    assert seen == set(get_args(StreamEvent))
