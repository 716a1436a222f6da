"""A trace of a served request has the engine's steps beside it, on one clock."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.serving.asking import post
from tests.serving.server_process import ServerProcess

pytestmark = pytest.mark.slow
CHAT = {
    "model": "tiny-chat",
    "messages": [{"role": "user", "content": "What is ovpipe?"}],
    "temperature": 0,
    "max_tokens": 12,
}


def test_the_steps_that_served_a_request_lie_within_it_node_by_node(tmp_path: Path) -> None:
    file = tmp_path / "trace.json"
    arguments = ("--set", "engine.core=graph", "--set", "engine.num_kv_blocks=64", "--trace", str(file))
    with ServerProcess(*arguments) as server:
        server.wait_ready()
        answers = [post(server.url, json.dumps(CHAT).encode(), path="/v1/chat/completions") for _ in "ab"]
        assert [answer.status for answer in answers] == [200, 200]
        produced = [json.loads(answer.body)["usage"]["completion_tokens"] for answer in answers]
    events = json.loads(file.read_text())["traceEvents"]
    processes = {event["pid"]: event["args"]["name"] for event in events if event["name"] == "process_name"}
    lanes = {event["tid"]: event["args"]["name"] for event in events if event["name"] == "thread_name"}
    runs = [pid for pid, name in processes.items() if ", run " in name]
    (engine,) = (pid for pid, name in processes.items() if name.startswith("engine tiny-chat, process "))
    assert len(runs) == 2
    works = [event for event in events if event["pid"] == engine and event["ph"] == "X"]
    assert {"step", "scheduler", "model", "penalties", "sampler", "deliver"} < {
        lanes[event["tid"]] for event in works
    }
    for run, tokens in zip(runs, produced, strict=True):
        (waiting,) = (
            event
            for event in events
            if event["pid"] == run and event["ph"] == "X" and event["name"] == "continuous_batching"
        )
        own = [event for event in works if event["args"]["for"] == [processes[run]]]
        steps = [event for event in own if lanes[event["tid"]] == "step"]
        assert len(steps) == tokens, "the first reads the prompt and brings a token, too"
        assert len([event for event in own if event["name"] == "model"]) == tokens
        for event in own:
            assert lies_within(event, waiting)
        for event in own:
            if lanes[event["tid"]] != "step":
                assert any(lies_within(event, step) for step in steps)


def lies_within(inner: dict[str, Any], outer: dict[str, Any]) -> bool:
    end = inner["ts"] + inner["dur"], outer["ts"] + outer["dur"]
    return bool(outer["ts"] <= inner["ts"] and end[0] <= end[1] + 1e-3)
