"""GrammarCheckCalculator: the grammar is settled and tried out, and what is wrong becomes the right error."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from ovpipe.calculators.llm.grammar_check import GrammarCheckCalculator
from ovpipe.calculators.llm.output_parsers import REASONING_FORMATS, TOOL_FORMATS
from ovpipe.calculators.llm.packets import (
    ChatRequest,
    CompletionRequest,
    Message,
    Prompt,
    Prompts,
    Tool,
    ToolChoice,
)
from ovpipe.calculators.llm.workers import Workers
from ovpipe.engines.cores import GENAI
from ovpipe.engines.grammars.checker import GrammarChecker
from ovpipe.engines.grammars.limits import CheckerLimits
from ovpipe.engines.process.command import HostCommand
from ovpipe.engines.protocol import Grammar
from ovpipe.errors import RequestError, RunError
from ovpipe.http import Client
from ovpipe.testing import CalculatorRunner
from tests.engines.clients import FAKE_HOST
from tests.engines.cores import MODEL

DIGITS = Grammar("regex", "[0-9]+")
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer", "minimum": 5}}, "required": ["a"]}
ADD = Tool(name="add", parameters=SCHEMA)
SUB = Tool(name="sub")
FORCED = ToolChoice("required")


def completion(**wishes: Any) -> CompletionRequest:
    return CompletionRequest(id="1", created=1, model="m", prompts=("abc",), **wishes)


def chat(**wishes: Any) -> ChatRequest:
    return ChatRequest(id="1", created=1, model="m", messages=(Message(role="user", content="x"),), **wishes)


async def checked_by(
    checker: GrammarChecker, request: ChatRequest | CompletionRequest, **options: Any
) -> ChatRequest | CompletionRequest:
    """What the node sends."""
    out = await CalculatorRunner(GrammarCheckCalculator(**options)).arun(
        request=[request], grammar_checker=checker
    )
    (sent,) = out[GrammarCheckCalculator.guided]
    return sent


async def checked(
    request: ChatRequest | CompletionRequest,
    *,
    command: HostCommand = GENAI.grammar_checker,
    limits: CheckerLimits | None = None,
    **options: Any,
) -> ChatRequest | CompletionRequest:
    """What the node sends, with a checker of the embedded model."""
    checker = await GrammarChecker.open(MODEL, command, limits=limits)
    try:
        return await checked_by(checker, request, **options)
    finally:
        await checker.close()


def refusal(request: ChatRequest | CompletionRequest, **options: Any) -> RequestError:
    with pytest.raises(RunError) as caught:
        asyncio.run(checked(request, **options))
    error = caught.value.__cause__
    assert isinstance(error, RequestError)
    return error


def test_a_request_without_a_grammar_passes_and_starts_no_process() -> None:
    dead = HostCommand(("/nonexistent",))
    for request in (completion(), chat(), chat(tools=(ADD,), tool_choice=ToolChoice("auto"))):
        assert asyncio.run(checked(request, command=dead)) is request


def test_a_good_grammar_passes() -> None:
    request = completion(grammar=DIGITS, grammar_param="guided_regex")
    assert asyncio.run(checked(request)) is request


def test_a_bad_grammar_is_400_of_the_parameter_it_came_from() -> None:
    error = refusal(completion(grammar=Grammar("regex", "[a-"), grammar_param="guided_regex"))
    assert (error.status, error.code, error.param) == (400, "invalid_grammar", "guided_regex")
    assert error.message.endswith("the expression has a class ([) at position 0 that nothing closes")


def test_a_grammar_that_takes_too_long_is_400() -> None:
    rules = Grammar("ebnf", 'root ::= [\\x01-\\xff]* "a" [\\x01-\\xff]{20}')
    slow = completion(grammar=rules, grammar_param="guided_grammar")
    error = refusal(slow, limits=CheckerLimits(seconds=0.2, clock_factor=100))
    assert (error.status, error.code, error.param) == (400, "invalid_grammar", "guided_grammar")
    assert "too long" in error.message


def test_a_checker_that_cannot_start_is_503() -> None:
    request = completion(grammar=DIGITS, grammar_param="guided_regex")
    error = refusal(request, command=HostCommand(("/nonexistent/secret",)))
    assert (error.status, error.code) == (503, "grammar_check_unavailable")
    assert error.retry_after is not None
    assert error.retry_after >= 1
    assert "secret" not in error.message


def test_a_client_with_too_many_grammars_that_wait_is_429_and_another_client_is_served() -> None:
    def asking(client: str) -> CompletionRequest:
        return completion(grammar=DIGITS, grammar_param="guided_regex", client=Client(client))

    async def scenario() -> RequestError:
        limits = CheckerLimits(waiting_of_client=1)
        checker = await GrammarChecker.open(MODEL, FAKE_HOST, limits=limits)
        waiting = asyncio.create_task(checker.check(Grammar("regex", "spin"), "key:greedy"))
        await asyncio.sleep(0)
        try:
            with pytest.raises(RunError) as caught:
                await checked_by(checker, asking("key:greedy"))
            await checked_by(checker, asking("key:modest"))
        finally:
            await checker.close()
            await asyncio.wait([waiting])
        assert isinstance(caught.value.__cause__, RequestError)
        return caught.value.__cause__

    error = asyncio.run(scenario())
    assert (error.status, error.code) == (429, "client_share_exceeded")
    assert error.retry_after is not None


def test_without_a_checker_nothing_is_tried_out() -> None:
    request = completion(grammar=Grammar("regex", "[a-"), grammar_param="guided_regex")
    out = CalculatorRunner(GrammarCheckCalculator()).run(request=[request])
    assert out[GrammarCheckCalculator.guided] == [request]


def test_the_calls_that_a_request_forces_are_a_grammar_that_the_engine_takes() -> None:
    async def scenario() -> None:
        checker = await GrammarChecker.open(MODEL, GENAI.grammar_checker)
        for tool_format in TOOL_FORMATS:
            for several in (True, False):
                request = chat(tools=(ADD, SUB), tool_choice=FORCED, parallel_tool_calls=several)
                sent = await checked_by(checker, request, tool_format=tool_format)
                assert sent.grammar is not None
                assert sent.grammar.kind == "structural_tag"
        await checker.close()

    asyncio.run(scenario())


def test_tools_with_bad_schemas_are_refused_by_their_place() -> None:
    bad = Tool(name="bad", parameters={"type": "object", "properties": {"a": {"type": "nope"}}})
    error = refusal(chat(tools=(ADD, bad), tool_choice=FORCED))
    assert (error.status, error.code) == (400, "invalid_json_schema")
    assert error.param == "tools[1].function.parameters.properties.a.type"
    error = refusal(chat(tools=(bad,), tool_choice=FORCED, functions=True))
    assert error.param == "functions[0].parameters.properties.a.type"


def test_a_strict_tool_cannot_have_keywords_without_effect() -> None:
    parameters = {"type": "object", "properties": {"a": {"type": "number", "minimum": 1}}}
    strict = Tool(name="f", parameters=parameters, strict=True)
    for choice in (FORCED, ToolChoice("auto")):
        error = refusal(chat(tools=(strict,), tool_choice=choice), tool_format="hermes")
        assert (error.status, error.code) == (400, "invalid_json_schema")
        assert error.param == "tools[0].function.parameters.properties.a.minimum"


def test_schemas_of_tools_that_are_neither_forced_nor_strict_are_nobodys_business() -> None:
    odd = Tool(name="odd", parameters={"type": "nope"})
    request = chat(tools=(odd,), tool_choice=ToolChoice("auto"))
    assert asyncio.run(checked(request)) is request


def test_schemas_of_tools_that_another_choice_leaves_out_are_nobodys_business() -> None:
    odd = Tool(name="odd", parameters={"type": "nope"})
    named = asyncio.run(checked(chat(tools=(odd, ADD), tool_choice=ToolChoice("named", "add"))))
    assert named.grammar is not None
    error = refusal(chat(tools=(ADD, odd), tool_choice=ToolChoice("named", "odd")))
    assert error.param == "tools[1].function.parameters.type"


def test_a_strict_tool_is_bound_and_others_beside_it_are_not() -> None:
    odd = Tool(name="odd", parameters={"type": "nope"})
    strict = Tool(
        name="add", parameters={"type": "object", "properties": {"a": {"type": "integer"}}}, strict=True
    )
    for wish in ({}, {"grammar": DIGITS, "grammar_param": "guided_regex"}):
        request = chat(tools=(odd, strict), tool_choice=ToolChoice("auto"), **wish)
        sent = asyncio.run(checked(request, tool_format="hermes"))
        assert sent.grammar is not None
        assert '"integer"' in sent.grammar.text
        assert "nope" not in sent.grammar.text


def test_many_schemas_of_tools_are_read_while_others_are_served() -> None:
    properties = {f"p{at}": {"type": "integer"} for at in range(200)}
    tools = tuple(Tool(name=f"f{at}", parameters={"properties": properties}) for at in range(64))

    async def turns_of_others(request: ChatRequest) -> int:
        node = asyncio.create_task(
            CalculatorRunner(GrammarCheckCalculator(tool_format="hermes")).arun(request=[request])
        )
        turns = 0
        while not node.done():
            await asyncio.sleep(0)
            turns += 1
        (sent,) = (await node)[GrammarCheckCalculator.guided]
        assert sent.grammar is not None
        return turns

    few = asyncio.run(turns_of_others(chat(tools=(ADD,), tool_choice=FORCED)))
    many = asyncio.run(turns_of_others(chat(tools=tools, tool_choice=FORCED)))
    assert many > 2 * few


def test_the_tools_together_are_limited() -> None:
    long = Tool(name="f", parameters={"type": "object", "properties": {"a": {"description": "x" * 2**20}}})
    error = refusal(chat(tools=(long,), tool_choice=FORCED))
    assert (error.status, error.code, error.param) == (400, "invalid_grammar", "tools")
    # Before they are read.
    no_schema = Tool(name="f", parameters={"type": "nope", "description": "x" * 2**20})
    assert refusal(chat(tools=(no_schema,), tool_choice=FORCED)).code == "invalid_grammar"


def test_what_the_engine_refuses_of_tools_is_400_of_the_tools() -> None:
    odd = Tool(name="odd", parameters={"type": "object", "properties": {"a": False}, "required": ["a"]})
    error = refusal(chat(tools=(odd,), tool_choice=FORCED))
    assert (error.status, error.code, error.param) == (400, "invalid_grammar", "tools")


def test_thoughts_before_an_answer_are_a_grammar_that_the_engine_takes() -> None:
    tags = [{"begin": "<f>", "content": {"type": "regex", "pattern": "a"}, "end": "."}]
    tagged = {"type": "triggered_tags", "triggers": ["<f>"], "tags": tags}
    grammars = (
        DIGITS,
        Grammar("json_schema", json.dumps(SCHEMA)),
        Grammar("ebnf", 'root ::= "a"'),
        Grammar("structural_tag", json.dumps({"type": "structural_tag", "format": tagged})),
    )

    async def scenario() -> None:
        checker = await GrammarChecker.open(MODEL, GENAI.grammar_checker)
        for reasoning_format in REASONING_FORMATS:
            for grammar in grammars:
                for prompt in ("", "...<think>\n"):
                    request = chat(grammar=grammar, grammar_param="guided_json")
                    out = await CalculatorRunner(
                        GrammarCheckCalculator(reasoning_format=reasoning_format)
                    ).arun(
                        request=[request], prompts=[Prompts((Prompt((1,), prompt),))], grammar_checker=checker
                    )
                    assert out[GrammarCheckCalculator.guided][0].grammar is not None
        await checker.close()

    asyncio.run(scenario())


def test_large_schemas_are_read_by_the_workers() -> None:
    async def check(members: int, workers: Workers) -> None:
        schema = {
            "type": "object",
            "properties": {f"member {at}": {"type": "string"} for at in range(members)},
        }
        tools = (Tool(name="f", parameters=schema),)
        request = chat(tools=tools, tool_choice=ToolChoice("required"))
        await CalculatorRunner(GrammarCheckCalculator(tool_format="hermes")).arun(
            request=[request], workers=workers
        )

    async def both() -> None:
        workers = Workers()
        workers.close()
        await check(3, workers)
        with pytest.raises(RunError) as raised:  # they are closed
            await check(1_000, workers)
        assert isinstance(raised.value.__cause__, RuntimeError)

    asyncio.run(both())


@pytest.mark.parametrize(
    ("tool_format", "choice", "ignored"),
    [
        ("gemma", ToolChoice("auto"), ("tools",)),
        (None, ToolChoice("auto"), ("tools",)),
        ("hermes", ToolChoice("auto"), ()),
        ("gemma", ToolChoice("none"), ()),
    ],
)
def test_tools_that_an_answer_in_a_form_of_its_own_cannot_call_are_named(
    tool_format: str | None, choice: ToolChoice, ignored: tuple[str, ...]
) -> None:
    request = chat(tools=(SUB,), tool_choice=choice, grammar=DIGITS, grammar_param="guided_regex")
    assert asyncio.run(checked(request, tool_format=tool_format)).ignored == ignored
