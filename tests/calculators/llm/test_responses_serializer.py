"""ResponsesSerializerCalculator: the bytes of a Response, and of the events that come to the same."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from itertools import count
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovpipe.calculators.llm.openai_responses.answers import FIELDS, ResponseEvents
from ovpipe.calculators.llm.openai_responses.errors import failure_of
from ovpipe.calculators.llm.packets import (
    CalledTool,
    ChatRequest,
    Content,
    Finish,
    Message,
    OutputDelta,
    Part,
    Reasoning,
)
from ovpipe.calculators.llm.responses_packets import AskedResponse, FoundResponse
from ovpipe.calculators.llm.responses_serializer import ResponsesSerializerCalculator
from ovpipe.calculators.llm.text.token_texts import TokenTexts
from ovpipe.engines.protocol import Token
from ovpipe.errors import RequestError
from ovpipe.http import ResponseBody, ResponseStart
from ovpipe.testing import CalculatorRunner
from ovpipe.testing.fakes import FakeTokenizer

ASKED = AskedResponse(
    id="resp_1",
    owner="",
    store=False,
    shown=dict.fromkeys(FIELDS),
    input=(),
    custom_tools=("patch",),
    encrypted_reasoning=True,
)
ID = re.compile(r'"(msg|rs|fc|ctc|call)_[0-9a-f]+"')


def run(*deltas: OutputDelta, **wishes: Any) -> tuple[ResponseStart, bytes]:
    request = ChatRequest(
        id="resp_1", created=5, model="m", messages=(Message(role="user", content="x"),), **wishes
    )
    out = CalculatorRunner(ResponsesSerializerCalculator()).run(
        request=[request], asked=[ASKED], parsed=deltas, tokenizer=FakeTokenizer()
    )
    start, *rest = out[ResponsesSerializerCalculator.response]
    assert isinstance(start, ResponseStart)
    return start, b"".join(part.data for part in rest if isinstance(part, ResponseBody))


def events_of(data: bytes) -> list[Any]:
    *events, rest = data.decode().split("\n\n")
    assert rest == ""
    return [json.loads(event.partition("\ndata: ")[2]) for event in events]


def folded(events: list[Any]) -> list[Any]:
    """The output that a client puts together of the pieces alone, without the items that are done."""
    output: list[Any] = []
    for event in events:
        kind = event["type"].removeprefix("response.")
        if kind == "output_item.added":
            assert event["output_index"] == len(output)
            output.append(event["item"])
        elif "output_index" in event and kind != "output_item.done":
            item = output[event["output_index"]]
            assert event["item_id"] == item["id"]
            if kind == "content_part.added":
                assert event["content_index"] == len(item["content"])
                item["content"].append(event["part"])
            elif kind.endswith("_text.delta"):
                part = item["content"][event["content_index"]]
                part["text"] += event["delta"]
                part.get("logprobs", []).extend(event.get("logprobs", []))
            elif kind.endswith(".delta"):
                item["arguments" if "arguments" in item else "input"] += event["delta"]
            elif kind == "content_part.done":
                assert event["part"] == item["content"][event["content_index"]]
        elif kind == "output_item.done":
            item = output[event["output_index"]]
            item["status"] = event["item"]["status"]
            if "encrypted_content" in event["item"]:
                item["encrypted_content"] = event["item"]["encrypted_content"]
            assert item == event["item"]
    return output


def alike(value: Any) -> Any:
    """A value without the ids that are new each time."""
    seen = count()
    names: dict[str, str] = {}
    return json.loads(
        ID.sub(lambda found: names.setdefault(found[0], f'"{found[1]}{next(seen)}"'), json.dumps(value))
    )


PARTS: st.SearchStrategy[Part] = st.one_of(
    st.builds(Content, st.text()),
    st.builds(Reasoning, st.text()),
    st.builds(CalledTool, st.sampled_from(["add", "patch"]), st.sampled_from(["{}", '{"input": "x"}', "[1"])),
)
TOKENS = st.lists(st.builds(Token, st.integers(0, 5), st.floats(-9, 0)), max_size=3).map(tuple)


@given(
    st.lists(st.tuples(st.lists(PARTS, max_size=3), TOKENS), max_size=6),
    st.sampled_from(["stop", "length", None]),
    st.booleans(),
)
def test_the_events_of_a_stream_come_to_the_whole_answer(
    said: list[tuple[list[Part], tuple[Token, ...]]], finish: Finish, logprobs: bool
) -> None:
    deltas = [
        OutputDelta(tuple(parts), number, 3, reasoning_tokens=0, tokens=tokens)
        for number, (parts, tokens) in enumerate(said, 1)
    ]
    deltas.append(OutputDelta((), len(said) + 1, 3, finish))
    events = events_of(run(*deltas, stream=True, logprobs=logprobs)[1])
    whole = json.loads(run(*deltas, logprobs=logprobs)[1])
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert [event["type"] for event in events[:2]] == ["response.created", "response.in_progress"]
    last = events[-1]
    assert last["type"] == f"response.{last['response']['status']}"
    assert folded(events) == last["response"]["output"]
    assert alike(last["response"]) == alike(whole)
    assert list(whole) == list(FIELDS)
    assert whole["output"]
    assert whole["status"] == ("incomplete" if finish == "length" else "completed")


def test_nothing_comes_before_the_engine_is_at_work_and_comments_leave_the_numbers_alone() -> None:
    seconds = iter(range(0, 1000, 10))
    request = ChatRequest(id="resp_1", created=5, stream=True, messages=(Message(role="user", content="x"),))
    out = CalculatorRunner(ResponsesSerializerCalculator()).run(
        request=[request],
        asked=[ASKED],
        parsed=[OutputDelta((), 0, 3), OutputDelta((Content("a"),), 1, 3), OutputDelta((), 1, 3)],
        clock=lambda: next(seconds),
    )
    start, *bodies = out[ResponsesSerializerCalculator.response]
    assert isinstance(start, ResponseStart)
    data = [body.data for body in bodies if isinstance(body, ResponseBody)]
    assert (data[0], data[2]) == (b": keep-alive\n\n", b": keep-alive\n\n")
    events = events_of(data[1] + b"".join(data[3:]))
    assert [event["sequence_number"] for event in events] == list(range(len(events)))


def form_of(*, store: bool = False, **wishes: Any) -> tuple[ResponseEvents, list[Mapping[str, Any]]]:
    request = ChatRequest(
        id="resp_1",
        created=5,
        model="m",
        stream=True,
        messages=(Message(role="user", content="x"),),
        **wishes,
    )
    kept: list[Mapping[str, Any]] = []
    asked = msgspec.structs.replace(ASKED, store=store)
    return ResponseEvents(request, asked, (), TokenTexts(None), kept.append), kept


def test_a_stream_that_fails_ends_with_the_response_as_it_stands_and_keeps_it() -> None:
    form, kept = form_of(store=True)
    said = (Reasoning("Hm"), CalledTool("add", "{}"), Content("Ha"), Content("lf"))
    written = form.add(OutputDelta(said, 4, 3), last=False)
    failed = form.start.failed
    assert failed is not None
    events = events_of(written + failed(RequestError(503, "The engine is lost.", code="lost")))
    last = events[-1]
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert [event["type"] for event in events[-2:]] == ["response.output_text.delta", "response.failed"]
    response = last["response"]
    assert kept == [response]
    assert (response["id"], response["created_at"], response["status"]) == ("resp_1", 5, "failed")
    assert response["error"] == {"code": "server_error", "message": "The engine is lost."}
    assert (response["usage"], response["incomplete_details"]) == (None, None)
    thought, call, message = response["output"]
    assert (thought["status"], call["status"], message["status"]) == ("completed", "completed", "incomplete")
    assert message["content"][0]["text"] == "Half"


def test_a_stream_that_fails_before_its_first_event_has_its_first_events_nevertheless() -> None:
    form, kept = form_of()
    events = events_of(form.failed(RequestError(500, "lost")))
    assert [(event["sequence_number"], event["type"]) for event in events] == [
        (0, "response.created"),
        (1, "response.in_progress"),
        (2, "response.failed"),
    ]
    assert (events[0]["response"]["status"], events[2]["response"]["output"]) == ("in_progress", [])
    assert kept == []


def test_a_stream_whose_last_event_is_written_does_not_fail_any_more() -> None:
    form, kept = form_of(store=True)
    form.add(OutputDelta((Content("All"),), 1, 3, "stop"), last=True)
    assert form.failed(RequestError(500, "lost")) == b""
    assert [response["status"] for response in kept] == ["completed"]


def test_events_that_could_not_be_made_leave_no_gap_in_the_numbers() -> None:
    form, _ = form_of()

    def full(response: Mapping[str, Any]) -> None:
        raise OSError("full")

    form._keep = full
    form._asked = msgspec.structs.replace(ASKED, store=True)
    begun = form.add(OutputDelta((Content("A"),), 1, 3), last=False)
    with pytest.raises(OSError, match="full"):
        form.add(OutputDelta((Content("B"),), 2, 3, "stop"), last=True)
    form._asked = ASKED
    events = events_of(begun + form.failed(RequestError(500, "lost")))
    assert [event["sequence_number"] for event in events] == list(range(len(events)))


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "invalid_prompt"),
        (408, "server_error"),
        (429, "rate_limit_exceeded"),
        (500, "server_error"),
        (503, "server_error"),
        (504, "server_error"),
    ],
)
def test_a_failure_has_one_of_openais_codes(status: int, code: str) -> None:
    assert failure_of(RequestError(status, "why", code="ours")) == {"code": code, "message": "why"}


def test_what_is_found_is_written_as_it_is() -> None:
    out = CalculatorRunner(ResponsesSerializerCalculator()).run(found=[FoundResponse(b"{}")])
    headers = {"content-type": "application/json", "content-length": "2"}
    assert out[ResponsesSerializerCalculator.response] == [ResponseStart(200, headers), ResponseBody(b"{}")]
