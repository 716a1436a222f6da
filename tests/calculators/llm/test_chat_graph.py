"""graphs/chat.yaml: every stage together, on a fake engine."""

from __future__ import annotations

import asyncio
import gc
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ovpipe.engines.protocol import EngineDied
from ovpipe.errors import RunCancelled, RunError
from ovpipe.http import HttpRequest, ResponseBody, ResponsePart, ResponseStart
from ovpipe.runtime.runs.graph import Graph
from ovpipe.testing.fakes import FakeEngine, FakeTokenizer

CHAT = Path(str(files("ovpipe.graphs") / "chat.yaml"))
TEMPLATE = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}assistant: "


async def answer(engine: FakeEngine, path: str, body: dict[str, Any]) -> list[ResponsePart]:
    # The fakes replace the nodes that load a model. The grammar checker alone still gets the folder.
    fakes = {"engine": engine, "tokenizer": FakeTokenizer(TEMPLATE)}
    graph = Graph.load(CHAT, parameters={"models_path": "none"}, side_packets=fakes)
    parts: list[ResponsePart] = []
    async with graph, graph.run() as run:
        run.observe("http_response", lambda packet: parts.append(packet.value))
        await run.send("http_request", HttpRequest("POST", path, json=body))
    return parts


def ask(engine: FakeEngine, path: str, **body: Any) -> tuple[ResponseStart, bytes]:
    start, *bodies = asyncio.run(answer(engine, path, {"model": "m"} | body))
    assert isinstance(start, ResponseStart)
    return start, b"".join(part.data for part in bodies if isinstance(part, ResponseBody))


def test_answers_a_chat() -> None:
    engine = FakeEngine([*b"Hello", FakeTokenizer.EOS])
    start, body = ask(engine, "/chat/completions", messages=[{"role": "user", "content": "hi"}], mood=1)
    answer = json.loads(body)
    assert answer["choices"][0]["message"]["content"] == "Hello"
    assert answer["choices"][0]["finish_reason"] == "stop"
    assert answer["usage"] == {
        "prompt_tokens": 20,
        "completion_tokens": 6,
        "total_tokens": 26,
        "completion_tokens_details": {"reasoning_tokens": 0},
    }
    assert engine.requests[0][0] == list(b"user: hi\nassistant: ")
    assert start.headers["x-ovpipe-ignored-parameters"] == "mood"


def test_answers_a_completion() -> None:
    engine = FakeEngine(b"Hello", finish=None)
    _, body = ask(engine, "/completions", prompt="hi", max_tokens=3)
    (choice,) = json.loads(body)["choices"]
    assert (choice["text"], choice["finish_reason"]) == ("Hel", "length")


def test_a_stop_string_reaches_the_engine() -> None:
    engine = FakeEngine(b"one, two, three", finish=None)  # it would never end by itself
    _, body = ask(engine, "/completions", prompt="hi", stop=", three", stream=True)
    chunks = [json.loads(event[6:]) for event in body.decode().split("\n\n")[:-2]]
    assert "".join(chunk["choices"][0]["text"] for chunk in chunks) == "one, two"
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    assert engine.cancelled == [1]


def answers(parts: list[ResponsePart]) -> list[tuple[ResponseStart, bytes]]:
    """Each answer: its start, and its body."""
    found: list[tuple[ResponseStart, bytes]] = []
    for part in parts:
        if isinstance(part, ResponseStart):
            found.append((part, b""))
        else:
            start, body = found.pop()
            found.append((start, body + part.data))
    return found


SECOND = 1_000
"""The timestamp of a second request: the answer to the first takes those before it, one each step."""


@pytest.mark.parametrize("first_streams", [False, True])
@pytest.mark.parametrize("second_streams", [False, True])
def test_a_second_request_in_one_run_passes_all_nodes_and_has_an_answer_of_its_own(
    first_streams: bool, second_streams: bool
) -> None:
    engine = FakeEngine(b"<think>so</think>one, two, three", finish="length")
    fakes = {"engine": engine, "tokenizer": FakeTokenizer(TEMPLATE)}
    parameters = {"models_path": "none", "reasoning_format": "think"}
    parts: list[ResponsePart] = []

    async def scenario() -> None:
        graph = Graph.load(CHAT, parameters=parameters, side_packets=fakes)
        async with asyncio.timeout(30), graph, graph.run() as run:
            run.observe("http_response", lambda packet: parts.append(packet.value))
            said = {"messages": [{"role": "user", "content": "hi"}], "stop": ", two", "stream": first_streams}
            await run.send(
                "http_request", HttpRequest("POST", "/chat/completions", json={"model": "m"} | said)
            )
            run.set_bound("http_request", SECOND)
            said = {"prompt": ["a", "b"], "n": 2, "stop": " three", "stream": second_streams}
            asked = HttpRequest("POST", "/completions", json={"model": "m"} | said)
            await run.send("http_request", asked, at=SECOND)

    asyncio.run(scenario())
    (start, body), (second_start, second_body) = answers(parts)
    assert ("content-length" in start.headers) is not first_streams
    assert ("content-length" in second_start.headers) is not second_streams
    message = {"reasoning_content": "so", "content": "one"}
    if first_streams:
        assert body.endswith(b"data: [DONE]\n\n")
        deltas = [json.loads(event[6:])["choices"][0]["delta"] for event in body.decode().split("\n\n")[:-2]]
        for name, text in message.items():
            assert "".join(delta.get(name, "") for delta in deltas) == text
    else:
        assert message.items() <= json.loads(body)["choices"][0]["message"].items()
    texts = [""] * 4
    if second_streams:
        assert second_body.endswith(b"data: [DONE]\n\n")
        for event in second_body.decode().split("\n\n")[:-2]:
            (choice,) = json.loads(event[6:])["choices"]
            texts[choice["index"]] += choice["text"]
    else:
        texts = [choice["text"] for choice in json.loads(second_body)["choices"]]
    assert texts == ["<think>so</think>one, two,"] * 4
    assert [tokens[-1] for tokens, *_ in engine.requests[1:]] == [*b"aabb"]


scripts = st.lists(
    st.lists(st.sampled_from([*b"ab", *"é".encode(), FakeTokenizer.BOS]), min_size=1, max_size=4),
    min_size=1,
    max_size=8,
)


@settings(max_examples=60, deadline=None)
@given(scripts, st.lists(st.text("abé", min_size=1, max_size=4), max_size=3))
def test_text_and_bill_end_with_the_stop_however_the_tokens_come(
    script: list[list[int]], stops: list[str]
) -> None:
    text, bill, finish = "", 0, "length"
    tokens = [token for step in script for token in step]
    for count in range(1, len(tokens) + 1):
        # What is known after so many tokens; a character begun is known only at the end.
        known = FakeTokenizer().decode(tokens[:count])
        text = known if count == len(tokens) else known.removesuffix("\ufffd")
        bill = count
        ends = [end for end in range(len(text) + 1) if text[:end].endswith(tuple(stops))]
        if ends:
            before = text[: ends[0]]
            text = before[: -max(len(stop) for stop in stops if before.endswith(stop))]
            finish = "stop"
            break
    _, body = ask(FakeEngine(script, finish="length"), "/completions", prompt="hi", stop=stops)
    answer = json.loads(body)
    assert answer["choices"][0]["text"] == text
    assert answer["choices"][0]["finish_reason"] == finish
    assert answer["usage"]["completion_tokens"] == bill


def test_a_token_is_on_its_way_before_the_next_is_there() -> None:
    engine = FakeEngine(b"abc", finish="length")
    parts = asyncio.run(answer(engine, "/completions", {"model": "m", "prompt": "hi", "stream": True}))
    bodies = [part.data for part in parts if isinstance(part, ResponseBody)]
    assert len(bodies) == 3
    assert isinstance(parts[0], ResponseStart)


def test_while_an_answer_streams_nothing_keeps_the_http_request() -> None:
    fakes = {"engine": FakeEngine(b"abc", finish=None), "tokenizer": FakeTokenizer(TEMPLATE)}
    graph = Graph.load(CHAT, parameters={"models_path": "none"}, side_packets=fakes)
    body = {"model": "m", "prompt": "hi", "stream": True, "blob": ["x" * 99] * 60_000}  # read by a worker

    async def scenario() -> None:
        async with graph:
            run = graph.run()
            parts = run.read("http_response")
            await run.send("http_request", HttpRequest("POST", "/completions", json=body, id="this one"))
            run.close_inputs()
            async for part in parts:  # the engine never ends by itself
                if isinstance(part.value, ResponseBody):
                    break
            gc.collect()
            kept = [one for one in gc.get_objects() if isinstance(one, HttpRequest) and one.id == "this one"]
            assert kept == []
            run.cancel()
            with pytest.raises(RunCancelled):
                await run.wait()

    asyncio.run(scenario())


def test_a_stream_that_is_kept_alive_ends_in_an_error_event_and_what_queues_in_a_status() -> None:
    died = EngineDied("it died")

    async def parts_until_the_end(*script: Any) -> list[ResponsePart]:
        fakes = {"engine": FakeEngine(script), "tokenizer": FakeTokenizer(TEMPLATE)}
        parameters = {"models_path": "none", "keep_alive_seconds": 1e-9}
        graph = Graph.load(CHAT, parameters=parameters, side_packets=fakes)
        parts: list[ResponsePart] = []
        body = {"model": "m", "prompt": "hi", "stream": True}
        async with graph:
            with pytest.raises(RunError):
                async with graph.run() as run:
                    run.observe("http_response", lambda packet: parts.append(packet.value))
                    await run.send("http_request", HttpRequest("POST", "/completions", json=body))
        return parts

    start, comment = asyncio.run(parts_until_the_end([], died))  # its prompt was read
    assert isinstance(start, ResponseStart)
    assert comment == ResponseBody(b": keep-alive\n\n")
    assert asyncio.run(parts_until_the_end(died)) == []  # it was in the queue
