"""What EventStream and JsonBody write is what types.py says, field by field, and nothing besides."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import msgspec
import pytest

from ovpipe.calculators.llm.packets import (
    CalledTool,
    ChatRequest,
    CompletionRequest,
    Content,
    Message,
    OutputDelta,
    Part,
    Prompt,
    Reasoning,
)
from ovpipe.calculators.llm.parameters.openapi import ANSWERS
from ovpipe.calculators.llm.parameters.request_parameter import Endpoint
from ovpipe.calculators.llm.responses.event_stream import DONE, EventStream
from ovpipe.calculators.llm.responses.json_body import JsonBody
from ovpipe.calculators.llm.responses.types import ChatCompletion
from ovpipe.calculators.llm.text.token_texts import TokenTexts
from ovpipe.engines.protocol import PromptToken, Token
from ovpipe.testing.fakes import FakeTokenizer

ECHOED: dict[str, Any] = {"user": "u", "metadata": {"a": "b"}, "store": True, "service_tier": "auto"}
WISHES: list[dict[str, Any]] = [
    {"stream": stream, "logprobs": logprobs, "return_token_ids": ids, "n": n, **usage, **echoed}
    for stream, logprobs, ids, n, usage, echoed in product(
        (False, True),
        (False, True),
        (False, True),
        (1, 2),
        ({}, {"include_usage": True}, {"include_usage": True, "continuous_usage_stats": True}),
        ({}, ECHOED),
    )
]
PARTS: list[tuple[Part, ...]] = [
    (),
    (Content("The sky"), Content(" is blue.")),
    (Reasoning("Hm."), Content("Blue.")),
    (Reasoning("Hm."), CalledTool("look", '{"at": "sky"}'), CalledTool("wait", "{}")),
    (Content("I look."), CalledTool("look", "no JSON")),
]


def chats() -> Iterator[tuple[ChatRequest, tuple[Part, ...]]]:
    """Requests in all their forms, each with all kinds of answers."""
    messages = (Message(role="user", content="x"),)
    for wishes, parts, functions in product(WISHES, PARTS, (False, True)):
        yield (
            ChatRequest(
                id="chatcmpl-1",
                created=5,
                model="m",
                messages=messages,
                functions=functions,
                prompt_logprobs=0 if wishes["logprobs"] and not wishes["stream"] else None,
                **wishes,
            ),
            parts,
        )


def completions() -> Iterator[tuple[CompletionRequest, tuple[Part, ...]]]:
    """The same of completions: of one prompt and of two."""
    for wishes, parts, prompts, top in product(WISHES, PARTS[:2], (("a",), ("a", "b")), (0, 1)):
        asked: Any = wishes | ({"top_logprobs": top, "echo": bool(top)} if wishes["logprobs"] else {})
        if not wishes["stream"]:
            asked["prompt_logprobs"] = top or None
        yield CompletionRequest(id="cmpl-1", created=5, model="m", prompts=prompts, **asked), parts


def written(
    request: ChatRequest | CompletionRequest, parts: tuple[Part, ...], fingerprint: str | None
) -> bytes:
    """The whole answer: each choice has a delta for each part, and one with the finish.

    An engine with a fingerprint knows what it had read before, too.
    """
    cached = None if fingerprint is None else 1
    prompts = 1 if isinstance(request, ChatRequest) else len(request.prompts)
    make = EventStream if request.stream else JsonBody
    tokenizer: Any = FakeTokenizer()
    answer = make(request, (Prompt((1, 2)),) * prompts, TokenTexts(tokenizer), fingerprint)
    calls = any(isinstance(part, CalledTool) for part in parts)
    keys = list(product(range(prompts), range(request.n)))
    data = b""
    read = () if request.prompt_top is None else (PromptToken(70), PromptToken(71, -0.5, (), 1))
    for at, (prompt, choice) in enumerate(keys):
        logprob = -0.5 if request.logprobs else None
        before = OutputDelta((), 0, 2, None, prompt, choice, prompt_logprobs=read)
        data += answer.add(before, last=False) if read else b""
        for count, part in enumerate(parts, 1):
            delta = OutputDelta((part,), count, 2, None, prompt, choice, 1, (Token(72, logprob),), (), cached)
            data += answer.add(delta, last=False)
        finish = "tool_calls" if calls else ("stop", "length")[at % 2]
        end = OutputDelta((), len(parts) + 1, 2, finish, prompt, choice, 1, (Token(73, logprob),), (), cached)  # type: ignore[arg-type]  # mypy joins the literals to str
        data += answer.add(end, last=at == len(keys) - 1)
    return data


def pieces(data: bytes, *, streamed: bool) -> list[bytes]:
    """The JSON texts of an answer."""
    if not streamed:
        return [data]
    assert data.endswith(DONE)
    events = data.removesuffix(DONE).split(b"\n\n")
    assert events.pop() == b""
    assert all(event.startswith(b"data: ") for event in events)
    return [event.removeprefix(b"data: ") for event in events]


def fields_of(value: Any) -> Iterator[tuple[str, str]]:
    """Each type and field that is set somewhere in a value."""
    if isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            inner = getattr(value, name)
            if inner is not msgspec.UNSET:
                yield type(value).__name__, name
                yield from fields_of(inner)
    elif isinstance(value, tuple):
        for inner in value:
            yield from fields_of(inner)
    elif isinstance(value, dict):
        yield from fields_of(tuple(value.values()))


def test_every_answer_fits_its_type_and_every_field_of_a_type_is_written_by_some_answer() -> None:
    seen: set[tuple[str, str]] = set()
    asked: list[tuple[ChatRequest | CompletionRequest, tuple[Part, ...]]] = [*chats(), *completions()]
    for at, (request, parts) in enumerate(asked):
        data = written(request, parts, (None, "fp_1")[at % 2])
        whole, chunk = ANSWERS[Endpoint.CHAT if isinstance(request, ChatRequest) else Endpoint.COMPLETIONS]
        for piece in pieces(data, streamed=request.stream):
            seen |= set(fields_of(msgspec.json.decode(piece, type=chunk if request.stream else whole)))
    _, schemas = msgspec.json.schema_components([kind for pair in ANSWERS.values() for kind in pair])
    told = {(name, field) for name, schema in schemas.items() for field in schema["properties"]}
    # The only type that nothing fills: this engine knows no likely tokens besides the one it took.
    assert told - seen == {("TopLogprob", name) for name in ("token", "logprob", "bytes")}


def test_a_field_that_the_types_do_not_have_is_found() -> None:
    request = ChatRequest(id="1", created=5, model="m", messages=(Message(role="user", content="x"),))
    data = written(request, (Content("a"),), None)
    with pytest.raises(msgspec.ValidationError, match="unknown field `surprise`"):
        msgspec.json.decode(data.replace(b'"usage"', b'"surprise":1,"usage"'), type=ChatCompletion)
