"""A calculator's test builds it, runs it, compares. No server, no model."""

from __future__ import annotations

import pytest

from examples.shared_engine.calculators.persona import PersonaCalculator
from ovpipe import RequestError
from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest, Message
from ovpipe.testing import CalculatorRunner


def test_the_persona_stands_before_the_conversation() -> None:
    asked = Message(role="user", content="Hello")
    request = ChatRequest(id="1", created=1, model="m", messages=(asked,))
    out = CalculatorRunner(PersonaCalculator(persona="You are a pirate.")).run(request=[request])
    (sent,) = out[PersonaCalculator.request_in_persona]
    assert sent.messages == (Message(role="system", content="You are a pirate."), asked)


def test_a_completion_has_no_conversation() -> None:
    request = CompletionRequest(id="1", created=1, model="m", prompts=("p",))
    with pytest.raises(Exception, match="answers /chat/completions only") as raised:
        CalculatorRunner(PersonaCalculator(persona="You are a pirate.")).run(request=[request])
    assert isinstance(raised.value.__cause__ or raised.value, RequestError)
