"""ResponsesSerializerCalculator: the bytes of a Response, and of the events that come to the same."""

from __future__ import annotations

import json
import re
from itertools import count
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ovpipe.calculators.llm.openai_responses.answers import FIELDS
from ovpipe.calculators.llm.openai_responses.errors import RESPONSES_ERRORS
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


def test_nothing_comes_before_the_engine_is_at_work_and_a_silent_stream_says_its_number() -> None:
    seconds = iter(range(0, 1000, 10))
    request = ChatRequest(id="resp_1", created=5, stream=True, messages=(Message(role="user", content="x"),))
    reading = OutputDelta((), 0, 3)
    out = CalculatorRunner(ResponsesSerializerCalculator()).run(
        request=[request],
        asked=[ASKED],
        parsed=[reading, OutputDelta((Content("a"),), 1, 3), OutputDelta((), 1, 3)],
        clock=lambda: next(seconds),
    )
    start, first, text, silent, *_ = out[ResponsesSerializerCalculator.response]
    assert isinstance(start, ResponseStart)
    assert isinstance(first, ResponseBody)
    assert first.data == b": keep-alive -1\n\n"
    assert isinstance(text, ResponseBody)
    assert isinstance(silent, ResponseBody)
    last = events_of(text.data)[-1]["sequence_number"]
    assert silent.data == b": keep-alive %d\n\n" % last
    for written in (text.data, silent.data, text.data + silent.data):
        (error,) = events_of(RESPONSES_ERRORS.event(RequestError(500, "lost"), written))
        assert error["sequence_number"] == last + 1
    (error,) = events_of(RESPONSES_ERRORS.event(RequestError(500, "lost"), first.data))
    assert error["sequence_number"] == 0


def test_numbers_in_what_a_client_says_are_no_numbers_of_events() -> None:
    event = (
        b'event: x\ndata: {"type":"x","sequence_number":3,"response":{"tools":[{"sequence_number":9}]}}\n\n'
    )
    (error,) = events_of(RESPONSES_ERRORS.event(RequestError(500, "lost"), event))
    assert error["sequence_number"] == 4


def test_what_is_found_is_written_as_it_is() -> None:
    out = CalculatorRunner(ResponsesSerializerCalculator()).run(found=[FoundResponse(b"{}")])
    headers = {"content-type": "application/json", "content-length": "2"}
    assert out[ResponsesSerializerCalculator.response] == [ResponseStart(200, headers), ResponseBody(b"{}")]
