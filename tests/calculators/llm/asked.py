"""Requests as their tests ask for them: parsed, or refused."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest
from ovpipe.calculators.llm.request_parser import parse
from ovpipe.engines.protocol import EngineInfo
from ovpipe.errors import RequestError
from ovpipe.http import HttpRequest
from ovpipe.testing.fakes import FAKE_ENGINE_INFO, FakeEngine

HI = [{"role": "user", "content": "hi"}]


def chat(**body: Any) -> ChatRequest:
    request = parse(HttpRequest("POST", "/chat/completions", json={"model": "m", "messages": HI} | body))
    assert isinstance(request, ChatRequest)
    return request


def completion(**body: Any) -> CompletionRequest:
    request = parse(HttpRequest("POST", "/completions", json={"model": "m", "prompt": "hi"} | body))
    assert isinstance(request, CompletionRequest)
    return request


def refusal(**body: Any) -> RequestError:
    with pytest.raises(RequestError) as caught:
        chat(**body)
    assert caught.value.status == 400
    assert caught.value.type == "invalid_request_error"
    return caught.value


def with_generation_config(config: dict[str, Any]) -> FakeEngine:
    info = msgspec.structs.replace(FAKE_ENGINE_INFO, generation_config=config)
    return FakeEngine([], info=info)


def with_capabilities(*capabilities: str, core: str = "fake") -> EngineInfo:
    return msgspec.structs.replace(FAKE_ENGINE_INFO, capabilities=frozenset(capabilities), core=core)


def ask(engine: EngineInfo, **body: Any) -> ChatRequest:
    http = HttpRequest("POST", "/chat/completions", json={"model": "m", "messages": HI} | body)
    request = parse(http, engine)
    assert isinstance(request, ChatRequest)
    return request
