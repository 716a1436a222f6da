"""Parameters without any effect are named, or refused."""

from __future__ import annotations

import logging

import pytest

from ovpipe.calculators.llm.request_parser import ChatRequestParserCalculator, parse
from ovpipe.calculators.llm.seen_names import SeenNames, SeenNamesCalculator
from ovpipe.errors import RequestError
from ovpipe.http import HttpRequest
from ovpipe.testing import CalculatorRunner
from tests.calculators.llm.asked import (
    chat,
)


def test_unknown_keys_are_collected_wherever_they_stand() -> None:
    request = chat(
        foo=1,
        bar=None,
        messages=[{"role": "user", "content": [{"type": "text", "text": "hi", "cache": 1}], "mood": "good"}],
        stream=True,
        stream_options={"extra": 1},
    )
    assert set(request.ignored) == {
        "foo",
        "messages.mood",
        "messages.content.cache",
        "stream_options.extra",
    }


def test_only_well_formed_names_are_collected_and_sixteen_at_most() -> None:
    many = {f"unknown_{index}": 1 for index in range(100)}
    assert chat(**{"a b": 1, "a\nb": 1, "ä": 1, "": 1, "x" * 65: 1}).ignored == ()
    assert len(chat(**many).ignored) == 16


def test_unknown_keys_can_be_an_error() -> None:
    http = HttpRequest("POST", "/completions", json={"model": "m", "prompt": "hi", "temprature": 1})
    with pytest.raises(RequestError) as caught:
        parse(http, unknown_parameters="error")
    assert (caught.value.code, caught.value.param) == ("unknown_parameter", "temprature")
    assert "did you mean 'temperature'?" in caught.value.message


def test_an_unknown_key_of_any_bytes_is_an_error_without_them() -> None:
    http = HttpRequest("POST", "/completions", json={"model": "m", "prompt": "hi", "\n\x00": 1})
    with pytest.raises(RequestError) as caught:
        parse(http, unknown_parameters="error")
    assert caught.value.param is None
    assert caught.value.message == "The request has a parameter that this server does not know."


def test_unknown_keys_can_pass_in_silence() -> None:
    http = HttpRequest("POST", "/completions", json={"model": "m", "prompt": "hi", "foo": 1})
    assert parse(http, unknown_parameters="ignore").ignored == ()


def test_an_unknown_key_is_logged_once_for_all_requests(caplog: pytest.LogCaptureFixture) -> None:
    seen = CalculatorRunner(SeenNamesCalculator()).run()[SeenNamesCalculator.seen]
    http = HttpRequest("POST", "/completions", json={"model": "m", "prompt": "hi", "foo": 1})
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            CalculatorRunner(ChatRequestParserCalculator()).run(http_request=[http], seen=seen)
    assert caplog.messages == ["ignored the unknown parameter 'foo', of this and all later requests"]


def test_the_memory_of_logged_names_is_bounded() -> None:
    seen = SeenNames(limit=2)
    assert [seen.is_new(name) for name in "abac"] == [True, True, False, False]
