"""The parameters of chat/completions and completions: one table.

Reading, checking, the errors' `param`, defaults and the docs derive from it; a new parameter is a new
row here and a field of GenerationRequest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

import msgspec

from ovpipe.calculators.llm.kinds import (
    Boolean,
    Ignored,
    Integer,
    Kind,
    Member,
    NotYet,
    Number,
    Refused,
    Text,
    Texts,
    missing,
)
from ovpipe.calculators.llm.messages import Messages
from ovpipe.calculators.llm.packets import GenerationRequest
from ovpipe.errors import RequestError


class Endpoint(StrEnum):
    """The routes that the table serves."""

    CHAT = "/chat/completions"
    COMPLETIONS = "/completions"


BOTH: Final = (Endpoint.CHAT, Endpoint.COMPLETIONS)
UINT32: Final = 2**32 - 1
INT31: Final = 2**31 - 1
INT64: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Parameter:
    """A row: a key of the body, what it may be, and where it lands.

    It lands in the request's field of its own name, unless `field` names another. `config_key` is the
    key of generation_config.json that gives its default; that lands in `config_field`, or in the same.
    """

    name: str
    kind: Kind
    doc: str
    endpoints: tuple[Endpoint, ...] = BOTH
    required: bool = False
    field: str = ""
    config_key: str = ""
    config_field: str = ""

    @property
    def is_built(self) -> bool:
        """Whether the parameter has an effect, rather than a refusal."""
        return not isinstance(self.kind, NotYet | Refused)

    @property
    def lands_in(self) -> str:
        """The field of the request that its value goes to."""
        return self.field or self.name


def not_yet(name: str, doc: str, *neutral: Any) -> Parameter:
    """A row of a parameter that is not built."""
    return Parameter(name, NotYet(*neutral), doc)


PARAMETERS: Final = (
    Parameter("model", Text(may_be_empty=False), "Names the graph that serves it.", required=True),
    Parameter("messages", Messages(), "The conversation so far.", (Endpoint.CHAT,), required=True),
    Parameter(
        "prompt",
        Text(may_be_empty=False),
        "The text to continue, as it is: no chat template.",
        (Endpoint.COMPLETIONS,),
        required=True,
    ),
    Parameter("stream", Boolean(), "Whether the answer comes as server-sent events."),
    Parameter(
        "stream_options",
        Member("include_usage", Boolean(), False, {"continuous_usage_stats": NotYet(False)}),
        "Whether a streamed answer ends with a chunk of token counts.",
        field="include_usage",
    ),
    Parameter(
        "max_tokens",
        Integer(1, UINT32),
        "The most tokens to generate; absent, what the context and the cache leave.",
        config_key="max_new_tokens",
        config_field="default_max_tokens",
    ),
    Parameter("max_completion_tokens", Integer(1, UINT32), "The same; it wins when both are given."),
    Parameter(
        "temperature",
        Number(0, 2),
        "How much chance there is in the choice of tokens; 0 takes the likeliest.",
        config_key="temperature",
    ),
    Parameter(
        "top_p",
        Number(0, 1, above=True),
        "Keeps the likeliest tokens whose probabilities add up to this.",
        config_key="top_p",
    ),
    Parameter(
        "top_k",
        Integer(-1, INT31),
        "Keeps this many of the likeliest tokens; -1 or 0: all.",
        config_key="top_k",
    ),
    Parameter(
        "repetition_penalty",
        # The API has no upper limit; this is one that 32-bit logits stand.
        Number(0, 1e6, above=True),
        "Makes tokens that occurred already less likely above 1, likelier below.",
        config_key="repetition_penalty",
    ),
    Parameter("seed", Integer(-INT64 - 1, INT64), "Makes sampling repeatable."),
    Parameter("ignore_eos", Boolean(), "Goes on after the model's end-of-sequence token."),
    Parameter(
        "stop",
        Texts(Text(may_be_empty=False, longest=1000), most=16),
        "Ends the answer before the first of these strings.",
    ),
    not_yet("n", "Answers to the same prompt.", 1),
    not_yet("best_of", "Candidates, of which the best n are answered.", 1),
    not_yet("use_beam_search", "Searches beams instead of sampling.", False),
    not_yet("length_penalty", "Prefers longer or shorter beams.", 1),
    not_yet("num_beam_groups", "Groups of beams.", 1),
    not_yet("diversity_penalty", "Keeps beam groups apart."),
    not_yet("early_stopping", "When a beam search ends.", False),
    not_yet("min_p", "Keeps tokens at least this likely, relative to the likeliest.", 0),
    not_yet("frequency_penalty", "Penalty for each occurrence of a token.", 0),
    not_yet("presence_penalty", "Penalty for tokens that occurred.", 0),
    not_yet("logit_bias", "Added to the logits of tokens.", {}),
    not_yet("logprobs", "Log-probabilities of the tokens.", False),
    not_yet("top_logprobs", "How many likeliest tokens to list.", 0),
    not_yet("prompt_logprobs", "Log-probabilities of the prompt's tokens."),
    not_yet("echo", "Repeats the prompt in the answer.", False),
    not_yet("suffix", "What comes after the completion.", ""),
    not_yet("include_stop_str_in_output", "Keeps the stop string.", False),
    not_yet("stop_token_ids", "Token ids that end the answer.", []),
    not_yet("min_tokens", "The least tokens to generate.", 0),
    not_yet("bad_words", "Words that must not occur.", []),
    not_yet("allowed_token_ids", "The only token ids to choose from."),
    not_yet("logits_processors", "Named processors of the logits.", []),
    not_yet("skip_special_tokens", "Leaves special tokens out of the text.", True),
    not_yet("spaces_between_special_tokens", "Puts spaces between special tokens.", True),
    not_yet("detokenize", "Answers text rather than token ids.", True),
    not_yet("return_token_ids", "Answers token ids beside the text.", False),
    not_yet("return_tokens_as_token_ids", "Writes tokens as their ids.", False),
    not_yet("truncate_prompt_tokens", "Keeps the last tokens of the prompt."),
    not_yet("add_special_tokens", "Adds the tokenizer's special tokens to the prompt."),
    not_yet("response_format", "The form of the answer: text or JSON of a schema.", {"type": "text"}),
    not_yet("structured_outputs", "Grammar that the answer follows."),
    not_yet("guided_json", "JSON schema that the answer follows."),
    not_yet("guided_regex", "Regular expression that the answer follows."),
    not_yet("guided_choice", "The only answers allowed."),
    not_yet("guided_grammar", "Grammar that the answer follows."),
    not_yet("tools", "Functions that the model may call.", []),
    not_yet("tool_choice", "Whether and which function to call.", "none"),
    not_yet("parallel_tool_calls", "Whether several functions may be called at once."),
    not_yet("functions", "The older form of tools.", []),
    not_yet("function_call", "The older form of tool_choice.", "none"),
    not_yet("chat_template_kwargs", "Variables for the chat template.", {}),
    not_yet("add_generation_prompt", "Ends the prompt where the assistant begins.", True),
    not_yet("continue_final_message", "Continues the last message.", False),
    not_yet("reasoning_effort", "How much the model reasons."),
    not_yet("num_assistant_tokens", "Tokens that a draft model proposes."),
    not_yet("assistant_confidence_threshold", "When a draft model stops proposing."),
    not_yet("max_ngram_size", "The n-grams of prompt lookup."),
    not_yet("priority", "Order of admission.", 0),
    not_yet("request_id", "The client's own id of the request."),
    not_yet("user", "The client's own id of its user."),
    not_yet("metadata", "Free values of the client's.", {}),
    not_yet("store", "Whether the answer is kept.", False),
    not_yet("service_tier", "Class of service.", "auto"),
    Parameter(
        "chat_template",
        Refused("is not accepted from clients: the template of the model's own folder is used"),
        "Refused: templates come with the model.",
    ),
)

BY_NAME: Final[Mapping[Endpoint, Mapping[str, Parameter]]] = MappingProxyType(
    {
        endpoint: MappingProxyType({row.name: row for row in PARAMETERS if endpoint in row.endpoints})
        for endpoint in Endpoint
    }
)


def read_body(body: Mapping[str, Any], endpoint: Endpoint, ignored: Ignored) -> dict[str, Any]:
    """The request's fields that the body states; raises RequestError 400 at the first wrong value.

    Keys that the table does not have are noted in `ignored`.
    """
    rows = BY_NAME[endpoint]
    fields: dict[str, Any] = {}
    for name, value in body.items():
        if value is None:
            continue
        row = rows.get(name)
        if row is None:
            ignored.add(name)
            continue
        read = row.kind.read(value, name, ignored)
        if row.is_built:
            fields[row.lands_in] = read
    for row in rows.values():
        if row.required and row.lands_in not in fields:
            raise missing(row.name, row.kind.describe())
    return fields


def read_generation_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """The request's fields that generation_config.json gives. What is wrong there counts as absent."""
    fields = {}
    for row in PARAMETERS:
        value = config.get(row.config_key) if row.config_key else None
        if value is not None:
            try:
                fields[row.config_field or row.lands_in] = row.kind.read(value, row.name, Ignored())
            except RequestError:
                continue
    return fields


def markdown_table() -> str:
    """The docs' table of parameters."""
    built_in = {field.name: field.default for field in msgspec.structs.fields(GenerationRequest)}
    lines = ["| parameter | endpoints | value | default | meaning |", "|---|---|---|---|---|"]
    for row in PARAMETERS:
        where = "both" if row.endpoints == BOTH else ", ".join(path.strip("/") for path in row.endpoints)
        if not row.is_built:
            value, default = "not supported yet" if isinstance(row.kind, NotYet) else "refused", ""
        elif row.required:
            value, default = row.kind.describe(), "required"
        else:
            value, default = row.kind.describe(), _in_json(built_in[row.lands_in])
            if row.config_key:
                default = f"generation_config.json's {row.config_key}, or {default}"
        lines.append(f"| {row.name} | {where} | {value} | {default} | {row.doc} |")
    return "\n".join(lines) + "\n"


def _in_json(value: Any) -> str:
    return "absent" if value is None else msgspec.json.encode(value).decode()
