"""TokenCountCalculator: how many tokens a prompt has."""

from __future__ import annotations

from ovpipe.calculators.llm.packets import ChatRequest, Message, Prompt, Prompts
from ovpipe.calculators.llm.token_count import TokenCountCalculator
from ovpipe.http import ResponseBody, ResponseStart
from ovpipe.testing import CalculatorRunner
from tests.anthropic_types import as_count


def test_answers_how_many_tokens_the_prompt_has() -> None:
    request = ChatRequest(
        id="msg_1", created=5, messages=(Message(role="user", content="x"),), ignored=("top_a",)
    )
    out = CalculatorRunner(TokenCountCalculator()).run(
        request=[request], prompts=[Prompts((Prompt((1, 2, 3)),))]
    )
    start, body = out[TokenCountCalculator.response]
    assert start == ResponseStart(
        200,
        {
            "content-type": "application/json",
            "content-length": "18",
            "request-id": "1",
            "x-ovpipe-ignored-parameters": "top_a",
        },
    )
    assert isinstance(body, ResponseBody)
    assert as_count(body.data).input_tokens == 3
