"""What no request should ask for, by the numbers of the table: a body, and the error that must come back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.serving.asking import CHAT

COMPLETIONS = "/v1/completions"
HELLO = {"role": "user", "content": "Hello"}


@dataclass(frozen=True, slots=True)
class Case:
    """A request for a chat or a completion; members that are `LEFT_OUT` are not sent."""

    sent: dict[str, Any] = field(default_factory=dict)
    code: str | None = "invalid_value"
    param: str | None = None
    status: int = 400
    path: str = CHAT

    def body(self) -> dict[str, Any]:
        """The whole body."""
        asked = {"prompt": "Hello"} if self.path == COMPLETIONS else {"messages": [HELLO]}
        body = {"model": "tiny-chat", "max_tokens": 4, **asked, **self.sent}
        return {name: value for name, value in body.items() if value is not LEFT_OUT}


LEFT_OUT: Any = object()
SERVED: dict[str, Any] = {"code": None, "status": 200}
TYPE, MISSING, LENGTH, GRAMMAR = (
    "invalid_type",
    "missing_required_parameter",
    "context_length_exceeded",
    "invalid_grammar",
)


def messages(*said: Any) -> dict[str, Any]:
    """A body of these messages."""
    return {"messages": list(said)}


def part(part: Any) -> dict[str, Any]:
    """A body whose message has one part."""
    return messages({"role": "user", "content": [part]})


def image(url: str) -> Case:
    """A picture, from there."""
    picture = {"type": "image_url", "image_url": {"url": url}}
    return Case(part(picture), "unsupported_parameter", "messages[0].content[0]")


def called(arguments: Any) -> dict[str, Any]:
    """A history with a call that the model has made with these arguments."""
    function = {"name": "add", "arguments": arguments}
    call = {"id": "call_1", "type": "function", "function": function}
    return messages(
        HELLO,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "3"},
    )


def tool(parameters: Any, name: Any = "add") -> dict[str, Any]:
    """A body whose one tool has these parameters, and must be called."""
    function = {"name": name, "parameters": parameters}
    return {"tools": [{"type": "function", "function": function}], "tool_choice": "required"}


def schema(schema: Any) -> dict[str, Any]:
    """A body whose answer follows a schema."""
    return {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}}


def nested(levels: int) -> dict[str, Any]:
    """A schema so deep."""
    inner: dict[str, Any] = {"type": "integer"}
    for _ in range(levels):
        inner = {"type": "object", "properties": {"a": inner}, "required": ["a"]}
    return inner


WIDE = {
    "type": "object",
    "properties": {f"field_{n}": {"enum": [f"v{n}_{m}" for m in range(40)]} for n in range(1000)},
}
"""A schema of a thousand fields and forty thousand strings."""
NO_TEXTS: tuple[Any, ...] = (42, [], {}, True)
NULLS = (
    *(
        "stream",
        "stream_options",
        "max_tokens",
        "max_completion_tokens",
        "n",
        "temperature",
        "top_p",
        "top_k",
    ),
    *("min_p", "seed", "stop", "logprobs", "top_logprobs", "presence_penalty", "frequency_penalty"),
    *("repetition_penalty", "logit_bias", "tools", "tool_choice", "parallel_tool_calls", "response_format"),
    *("user", "metadata", "store", "ignore_eos", "min_tokens", "stop_token_ids", "chat_template_kwargs"),
    "reasoning_effort",
)
SAMPLING: tuple[tuple[str, Any], ...] = (
    ("temperature", -0.1),
    ("temperature", 2.5),
    ("top_p", 1.5),
    ("top_p", -1),
    ("top_k", -2),
    ("min_p", 1),
    ("repetition_penalty", 0),
    ("presence_penalty", 3),
    ("frequency_penalty", -3),
    ("seed", 2**64),
)

CASES: dict[int, list[Case]] = {
    21: [
        Case({"model": LEFT_OUT}, **SERVED),  # there is no other
        Case({"model": ""}, **SERVED),
        *(Case({"model": model}, TYPE, "model") for model in NO_TEXTS),
    ],
    22: [Case({"model": "gpt-nix"}, "model_not_found", "model", 404)],
    23: [
        Case({"messages": LEFT_OUT}, MISSING, "messages"),
        Case({"messages": []}, "invalid_value", "messages"),
        Case(messages({}), MISSING, "messages[0].role"),
        Case(messages("hi"), TYPE, "messages[0]"),
        Case(messages(HELLO, None), TYPE, "messages[1]"),
        Case({"messages": {"role": "user"}}, TYPE, "messages"),
    ],
    24: [
        Case(messages({"role": 7, "content": "x"}), TYPE, "messages[0].role"),
        Case(messages({"role": "robot", "content": "x"}), "invalid_value", "messages[0].role"),
        Case(messages({"role": "user", "content": 3}), TYPE, "messages[0].content"),
        Case(part(3), TYPE, "messages[0].content[0]"),
    ],
    25: [
        Case({"prompt": ""}, "invalid_value", "prompt", path=COMPLETIONS),
        Case({"prompt": []}, "invalid_value", "prompt", path=COMPLETIONS),
        Case({"prompt": [[]]}, "invalid_value", "prompt[0]", path=COMPLETIONS),
        Case({"prompt": LEFT_OUT}, MISSING, "prompt", path=COMPLETIONS),
    ],
    26: [Case({"stream": stream}, TYPE, "stream") for stream in (1, "true", *NO_TEXTS[1:3])],
    27: [
        Case({"max_tokens": "5"}, TYPE, "max_tokens"),
        Case({"max_tokens": 5.5}, TYPE, "max_tokens"),
        Case({"max_tokens": -1}, "invalid_value", "max_tokens"),
        Case({"max_tokens": 2**32}, "invalid_value", "max_tokens"),
        Case({"max_tokens": 10**400}, "invalid_value", "max_tokens"),
    ],
    28: [
        Case({"max_tokens": 2048}, LENGTH, "max_tokens"),
        Case({"max_tokens": 2**32 - 1}, LENGTH, "max_tokens", path=COMPLETIONS),
    ],
    29: [
        Case(messages({"role": "user", "content": "lantern " * 4000}), LENGTH, "messages"),
        Case({"prompt": "lantern " * 4000}, LENGTH, "prompt", path=COMPLETIONS),
        Case({"prompt": [5] * 3000}, LENGTH, "prompt", path=COMPLETIONS),
    ],
    30: [
        Case({"n": 10**9}, "invalid_value", "n"),
        Case({"n": 10**9}, "invalid_value", "n", path=COMPLETIONS),
        Case({"best_of": 10**9}, "invalid_value", "best_of", path=COMPLETIONS),
        Case({"prompt": ["a"] * 100_000}, "invalid_value", "prompt", path=COMPLETIONS),
    ],
    31: [Case({name: value}, "invalid_value", name) for name, value in SAMPLING]
    + [Case({name: "hot"}, TYPE, name) for name, _ in SAMPLING[::2]],
    32: [
        Case({"logprobs": True, "top_logprobs": 10**9}, "invalid_value", "top_logprobs"),
        Case({"logprobs": 10**9}, "invalid_value", "logprobs", path=COMPLETIONS),
    ],
    33: [
        Case({"stop": 3}, TYPE, "stop"),
        Case({"stop": ["a", None]}, TYPE, "stop[1]"),
        Case({"stop": "x" * 1001}, "invalid_value", "stop"),
        Case({"stop": ["a"] * 17}, "invalid_value", "stop"),
        Case({"stop": ""}, **SERVED),
        Case({"stop": ["", ""]}, **SERVED),
    ],
    34: [
        Case({"stop_token_ids": [10**9]}, "request_refused"),
        Case({"stop_token_ids": [-1]}, "invalid_value", "stop_token_ids[0]"),
        Case({"stop_token_ids": ["a"]}, TYPE, "stop_token_ids[0]"),
    ],
    35: [
        Case({"prompt": [10**6]}, "invalid_value", "prompt[0]", path=COMPLETIONS),
        Case({"prompt": [5, -1]}, "invalid_value", "prompt[1]", path=COMPLETIONS),
        Case({"prompt": [[5], [10**6]]}, "invalid_value", "prompt[1][0]", path=COMPLETIONS),
    ],
    36: [
        Case({"logit_bias": [1]}, TYPE, "logit_bias"),
        Case({"logit_bias": {"5": "much"}}, TYPE, "logit_bias"),
    ],
    37: [Case(dict.fromkeys(NULLS), **SERVED)],
    38: [
        Case({"stream": True, "stream_options": True}, TYPE, "stream_options"),
        Case({"stream": True, "stream_options": {"include_usage": 1}}, TYPE, "stream_options.include_usage"),
    ],
    39: [
        Case({"chat_template_kwargs": [1]}, TYPE, "chat_template_kwargs"),
        Case(
            {"chat_template_kwargs": {"messages": []}},
            "chat_template_refused",
            "chat_template_kwargs.messages",
        ),
        Case({"chat_template_kwargs": {"tools": []}}, "chat_template_refused", "chat_template_kwargs.tools"),
    ],
    40: [Case({"chat_template": "{{ messages }}"}, "unsupported_parameter", "chat_template")],
    42: [
        Case(
            {**tool({}), "tool_choice": {"type": "function", "function": {"name": "nix"}}},
            "invalid_value",
            "tool_choice",
        ),
        Case(
            {"tool_choice": {"type": "function", "function": {"name": "nix"}}}, "invalid_value", "tool_choice"
        ),
    ],
    43: [
        Case(called('{"a": 1, "b'), **SERVED),
        Case(called("no JSON"), **SERVED),
        Case(called('{"a": NaN}'), **SERVED),
        Case(called(42), **SERVED),
    ],
    44: [
        Case(tool(42), TYPE, "tools[0].function.parameters"),
        Case(tool({"type": "nix"}), "invalid_json_schema"),
        Case(tool({}, name=7), TYPE, "tools[0].function.name"),
        Case({"tools": [42]}, TYPE, "tools[0]"),
    ],
    45: [
        Case(schema({"$ref": "http://127.0.0.1:1/schema.json"}), "invalid_json_schema"),
        Case(schema({"$ref": "file:///etc/passwd"}), "invalid_json_schema"),
        Case(schema({"type": "integer", "minimum": 5, "maximum": 1}), GRAMMAR),
        Case({"guided_regex": "a{99999999999}"}, GRAMMAR),
        Case({"guided_regex": "(["}, GRAMMAR),
        Case({"guided_grammar": "root ::= root"}, GRAMMAR),
        Case({"guided_grammar": "nix"}, GRAMMAR),
    ],
    46: [Case(schema(nested(90)), "invalid_body"), Case(schema(WIDE), GRAMMAR)],
    48: [image("http://127.0.0.1:{port}/a.png"), image("http://169.254.169.254/latest/meta-data")],
    49: [image("file:///etc/passwd"), image("../../../../etc/passwd")],
    50: [image("data:image/png;base64," + "A" * 1_000_000)],
}
