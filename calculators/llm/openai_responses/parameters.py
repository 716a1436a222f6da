"""The parameters of /responses: what it shares with chat/completions, and rows of its own."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, Literal

from ovpipe.calculators.llm.openai_responses import configs, items, tools
from ovpipe.calculators.llm.parameters.errors import unsupported
from ovpipe.calculators.llm.parameters.reading import BodyType
from ovpipe.calculators.llm.parameters.request_parameter import Endpoint, RequestParameter
from ovpipe.calculators.llm.parameters.table import BY_NAME
from ovpipe.calculators.llm.parameters.unknown_keys import Ignored
from ovpipe.calculators.llm.parameters.value_types import (
    INT31,
    UINT32,
    NonEmptyText,
    integer,
    refused,
    text,
    unless_empty,
)


class ResponsesPath(StrEnum):
    """The path that takes these parameters."""

    RESPONSES = "/responses"


HERE: Final = (ResponsesPath.RESPONSES,)
SHARED: Final = (
    "model", "stream", "temperature", "top_p", "top_k", "min_p", "repetition_penalty", "frequency_penalty",
    "presence_penalty", "logit_bias", "seed", "stop", "include_stop_str_in_output", "stop_token_ids",
    "ignore_eos", "min_tokens", "bad_words", "allowed_token_ids", "logits_processors", "skip_special_tokens",
    "truncate_prompt_tokens", "structured_outputs", "parallel_tool_calls", "chat_template_kwargs",
    "num_assistant_tokens", "assistant_confidence_threshold", "max_ngram_size", "priority", "user",
    "metadata", "chat_template",
)  # fmt: skip
"""Those of a chat that mean the same here."""
NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "messages": "input",
        "max_completion_tokens": "max_output_tokens",
        "reasoning_effort": "reasoning.effort",
    }
)
"""What this API calls the fields of a chat."""


def not_in_background(wanted: bool, path: str) -> None:
    """Nothing; RequestError 400 for a response that nobody waits for."""
    if wanted:
        raise unsupported(path, "is not supported: a response is made while its client waits; leave it out")


def own(name: str, type: Any, doc: str, **more: Any) -> RequestParameter:
    """A parameter of /responses alone."""
    return RequestParameter(name, type, doc, HERE, **more)


OWN: Final = (
    own(
        "input",
        items.InputValue,
        "What the model answers: a text of the user's, or the items of a conversation.",
        required=True,
        make=items.items_of,
    ),
    own("instructions", text(), "What the model is to be, as the first message.", make=unless_empty),
    own(
        "previous_response_id",
        NonEmptyText,
        "A response that is kept, whose conversation this one continues, without its instructions.",
    ),
    own("store", bool, "Whether the response is kept, for GET and previous_response_id."),
    own(
        "max_output_tokens",
        integer(1, UINT32),
        "The most tokens to generate, thoughts with them; absent, what the context and the cache leave.",
        field="max_completion_tokens",
        capability="max_tokens",
    ),
    own("text", configs.TextConfig, "The form of the answer: its format.", make=configs.text_of, spread=True),
    own(
        "tools",
        tools.ResponsesTools,
        "Functions and custom tools that the model may call; tools of other types have no effect.",
        make=tools.tools_of,
        spread=True,
    ),
    own(
        "tool_choice",
        tools.ChoiceOfResponsesTool,
        "Whether to call tools, and which.",
        make=tools.choice_of,
        spread=True,
    ),
    own("max_tool_calls", integer(1, INT31), "In the answer again; it limits tools that the server runs."),
    own(
        "reasoning",
        configs.ReasoningConfig,
        "How much to reason, for the chat template; thoughts come in full, so a summary has no effect.",
        make=configs.reasoning_of,
        spread=True,
    ),
    own(
        "include",
        configs.Include,
        "What the answer has besides: message.output_text.logprobs, reasoning.encrypted_content.",
        make=configs.include_of,
        spread=True,
    ),
    own(
        "top_logprobs",
        integer(0, 20),
        "How many likeliest tokens to list, beside message.output_text.logprobs.",
        capability="top_logprobs",
        neutral=(0,),
    ),
    own(
        "truncation",
        Literal["auto", "disabled"],
        "What to do with an input beyond the context; it is refused.",
        within=Literal["disabled"],
    ),
    own(
        "stream_options",
        configs.ResponsesStreamOptions,
        "Taken for its include_obfuscation, which is never done.",
        make=configs.nothing,
        spread=True,
    ),
    own(
        "prompt_cache_key",
        text(),
        "In the answer again; prefixes are found without it.",
        within=text(longest=512),
    ),
    own("safety_identifier", text(), "In the answer again.", within=text(longest=512)),
    own("service_tier", text(longest=64), "There is one class of service, default, which the answer names."),
    own(
        "background",
        bool,
        "Refused when true: nothing is made while nobody waits.",
        make=not_in_background,
    ),
    own(
        "conversation",
        refused("is not supported: conversations are not kept; use 'previous_response_id'"),
        "Refused; previous_response_id does it.",
    ),
    own(
        "prompt",
        refused("is not supported: there are no prompts kept on this server; send them as 'input'"),
        "Refused: no prompts are kept.",
    ),
)
ROWS: Final[Mapping[str, RequestParameter]] = MappingProxyType(
    {row.name: row for row in (*OWN, *(BY_NAME[Endpoint.CHAT][name] for name in SHARED))}
)


def normalised(body: Mapping[str, Any], ignored: Ignored) -> Mapping[str, Any]:
    """The body in the form of its declared types; what has no effect is noted."""
    configs.note_without_effect(body, ignored)
    changed = {
        "input": items.with_types(body.get("input"), ignored),
        "tools": tools.leave_out_hosted_tools(body.get("tools"), ignored),
    }
    changed = {name: value for name, value in changed.items() if value is not body.get(name)}
    return {**body, **changed} if changed else body


BODY: Final = BodyType(ROWS, normalised, long="input")
