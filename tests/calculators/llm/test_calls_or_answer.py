"""Tools beside a response_format: the engine lets a model write the answer or a call, and each is read as it is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from ovpipe.calculators.llm.grammars.guided import Formats, grammar_of
from ovpipe.calculators.llm.output_parsers import TOOL_FORMATS, has_guide, make_parser
from ovpipe.calculators.llm.packets import (
    CalledTool,
    ChatRequest,
    Content,
    Message,
    Prompt,
    Prompts,
    Reasoning,
    Tool,
    ToolChoice,
)
from ovpipe.engines.cores import CORES
from ovpipe.engines.grammars.checker import GrammarChecker
from ovpipe.engines.protocol import Grammar
from tests.calculators.llm.output_parsers.reading import read
from tests.engines.cores import MODEL
from tests.engines.follower import Follower

TOOL = Tool(name="f", parameters={"type": "object"})
OTHER = Tool(name="g")
SCHEMA: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
ANY_TEXT = {"type": "structural_tag", "format": {"type": "any_text"}}
GRAMMARS = {
    "json_schema": Grammar("json_schema", json.dumps(SCHEMA)),
    "regex": Grammar("regex", "[0-9]+"),
    "ebnf": Grammar("ebnf", 'root ::= "yes" | "no"'),
    "structural_tag": Grammar("structural_tag", json.dumps(ANY_TEXT)),
}
ANSWER = '{"a": 1}'
CALLS = {
    "hermes": '<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>',
    "llama3_json": '{"name": "f", "parameters": {}}',
    "mistral": "[TOOL_CALLS]f{}",
    "phi4": 'functools[{"name": "f", "arguments": {}}]',
    "granite": '<|tool_call|>[{"name": "f", "arguments": {}}]',
    "devstral": "[TOOL_CALLS]f[ARGS]{}",
    "json_calls": '[{"name": "f", "parameters": {}}]',
}
THOUGHT = "<think>hm</think>"
CHANNEL = "<|channel|>final<|message|>"


def grammar(tool_format: str, reasoning_format: str, kind: str = "json_schema", prompt: str = "") -> Grammar:
    """What the engine is given."""
    request = ChatRequest(
        id="1",
        created=1,
        model="m",
        messages=(Message(role="user", content="x"),),
        tools=(OTHER, TOOL),
        tool_choice=ToolChoice("auto"),
        grammar=GRAMMARS[kind],
        grammar_param="response_format",
    )
    found = grammar_of(request, Formats(tool_format, reasoning_format), Prompts((Prompt((1,), prompt),)))
    assert found is not None
    return found


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Follower]:
    texts = [ANSWER, "Hello", CHANNEL + ANSWER, THOUGHT + ANSWER, *CALLS.values()]
    texts += [THOUGHT + CALLS["mistral"], f"hm</think>{ANSWER}", f"hm</think>{CALLS['mistral']}"]
    yield Follower(texts, tmp_path_factory.mktemp("follower") / "model")


@pytest.mark.parametrize("tool_format", CALLS)
def test_the_answer_and_a_call_are_written_and_read(model: Follower, tool_format: str) -> None:
    either = grammar(tool_format, "none")
    assert model.takes(either, ANSWER)
    assert model.takes(either, CALLS[tool_format])
    assert not model.takes(either, "Hello")

    def meaning(text: str) -> list[Any]:
        return read(make_parser(tool_format, "none", tools=[TOOL]), text, end="</s>")

    assert meaning(ANSWER) == [Content(ANSWER)]
    assert meaning(CALLS[tool_format]) == [CalledTool("f", "{}")]


def test_thoughts_may_come_first(model: Follower) -> None:
    either = grammar("mistral", "think")
    for text in (ANSWER, CALLS["mistral"]):
        assert model.takes(either, text)
        assert model.takes(either, THOUGHT + text)
    opened = grammar("mistral", "think", prompt="<think>")
    for text in (ANSWER, CALLS["mistral"]):
        assert model.takes(opened, f"hm</think>{text}")
        assert not model.takes(opened, text)


def test_an_answer_of_gpt_oss_may_stand_in_its_channel(model: Follower) -> None:
    either = grammar("gpt_oss", "gpt_oss")
    for text in (ANSWER, CHANNEL + ANSWER):
        assert model.takes(either, text)
        assert read(make_parser("gpt_oss", "gpt_oss", tools=[TOOL]), text) == [Content(ANSWER)]
    thoughtful = f"<|channel|>analysis<|message|>hm<|end|><|start|>assistant{CHANNEL}{ANSWER}"
    assert read(make_parser("gpt_oss", "gpt_oss"), thoughtful) == [Reasoning("hm"), Content(ANSWER)]


@pytest.mark.slow
def test_every_core_takes_them_in_every_form_of_calls_and_of_answers() -> None:
    async def scenario() -> None:
        checkers = [await GrammarChecker.open(MODEL, core.grammar_checker) for core in CORES.values()]
        for tool_format in TOOL_FORMATS:
            if not has_guide(tool_format, at_least_one=True):
                continue
            for kind in GRAMMARS:
                for prompt in ("", "<think>"):
                    reasoning_format = "gpt_oss" if tool_format == "gpt_oss" else "think"
                    for checker in checkers:
                        await checker.check(grammar(tool_format, reasoning_format, kind, prompt))
        for checker in checkers:
            await checker.close()

    asyncio.run(scenario())
