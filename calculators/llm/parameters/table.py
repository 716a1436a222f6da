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

from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest
from ovpipe.calculators.llm.parameters.messages import Messages
from ovpipe.calculators.llm.parameters.prompt_values import PromptList, StreamOptions, UpToOne
from ovpipe.calculators.llm.parameters.structured_output import (
    GuidedChoice,
    GuidedGrammar,
    GuidedJson,
    GuidedRegex,
    ResponseFormat,
    StructuredOutputs,
)
from ovpipe.calculators.llm.parameters.tools import ChoiceOfTool, Tools
from ovpipe.calculators.llm.parameters.values import (
    Boolean,
    Choice,
    Ignored,
    Integer,
    Integers,
    Kind,
    Labels,
    Number,
    Object,
    Objects,
    OneOf,
    OtherEngine,
    Refused,
    Text,
    Texts,
    missing,
    wrong_value,
)
from ovpipe.errors import RequestError


class Endpoint(StrEnum):
    """The routes that the table serves."""

    CHAT = "/chat/completions"
    COMPLETIONS = "/completions"


BOTH: Final = (Endpoint.CHAT, Endpoint.COMPLETIONS)
UINT32: Final = 2**32 - 1
INT31: Final = 2**31 - 1
INT64: Final = 2**63 - 1
MOST_CHOICES: Final = 128
"""Beyond any best_of_limit."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A row: a key of the body, what it may be, and where it lands.

    It lands in the request's field of its own name, unless `field` names another; `spread` says that what
    is read is a mapping of several fields. `config_key` is the key of generation_config.json that gives
    its default; that lands in `config_field`, or in the same.
    """

    name: str
    kind: Kind
    doc: str
    endpoints: tuple[Endpoint, ...] = BOTH
    required: bool = False
    field: str = ""
    spread: bool = False
    config_key: str = ""
    config_field: str = ""

    @property
    def is_built(self) -> bool:
        """Whether the parameter has an effect, rather than a refusal."""
        return not isinstance(self.kind, OtherEngine | Refused)

    @property
    def lands_in(self) -> str:
        """The field of the request that its value goes to."""
        return self.field or self.name


TOKEN_ID: Final = Integer(0, INT31)
CHAT: Final = (Endpoint.CHAT,)
COMPLETIONS: Final = (Endpoint.COMPLETIONS,)

PARAMETERS: Final = (
    Parameter("model", Text(may_be_empty=False), "Names the graph that serves it.", required=True),
    Parameter("messages", Messages(), "The conversation so far.", CHAT, required=True),
    Parameter(
        "prompt",
        PromptList(),
        "What to continue, as it is: no chat template. Each prompt has choices of its own.",
        COMPLETIONS,
        required=True,
        field="prompts",
    ),
    Parameter(
        "suffix",
        Text(may_be_empty=False),
        "What comes after the completion; needs a model with fill-in-the-middle tokens.",
        COMPLETIONS,
    ),
    Parameter("stream", Boolean(), "Whether the answer comes as server-sent events."),
    Parameter(
        "stream_options",
        StreamOptions(),
        "Whether a stream ends with a chunk of token counts, or has them in every chunk.",
        spread=True,
    ),
    # --- how much
    Parameter(
        "max_tokens",
        Integer(1, UINT32),
        "The most tokens to generate; absent, what the context and the cache leave.",
        config_key="max_new_tokens",
        config_field="default_max_tokens",
    ),
    Parameter("max_completion_tokens", Integer(1, UINT32), "The same; it wins when both are given."),
    Parameter("min_tokens", Integer(0, UINT32), "The least tokens to generate before anything may end it."),
    Parameter("n", Integer(1, MOST_CHOICES), "Choices to answer for each prompt."),
    Parameter(
        "best_of",
        Integer(1, MOST_CHOICES),
        "Candidates for each prompt, of which the n with the highest mean log-probability are answered; "
        "the width of a beam search.",
    ),
    # --- beam search
    Parameter(
        "use_beam_search",
        Boolean(),
        "Searches for the likeliest text; absent, with best_of above 1 and no temperature (or 0): true.",
    ),
    Parameter("length_penalty", Number(-100, 100), "Above 0 prefers longer beams, below shorter ones."),
    Parameter("num_beam_groups", Integer(1, MOST_CHOICES), "Groups of beams, kept apart; divides best_of."),
    Parameter("diversity_penalty", Number(0, 100), "How much groups of beams are kept apart."),
    Parameter(
        "early_stopping",
        OneOf(Boolean(), Choice(("never",))),
        "Whether a beam search ends as soon as there are enough whole beams.",
    ),
    # --- sampling
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
        "min_p",
        Number(0, 1, below=True),
        "Keeps tokens at least this likely, relative to the likeliest.",
        config_key="min_p",
    ),
    Parameter(
        "repetition_penalty",
        # The API has no upper limit; this is one that 32-bit logits stand.
        Number(0, 1e6, above=True),
        "Makes tokens that occurred already less likely above 1, likelier below.",
        config_key="repetition_penalty",
    ),
    Parameter("frequency_penalty", Number(-2, 2), "Makes tokens less likely for each time they occurred."),
    Parameter("presence_penalty", Number(-2, 2), "Makes tokens less likely that occurred."),
    Parameter("logit_bias", OtherEngine(Object(), {}), "Added to the logits of tokens."),
    Parameter("seed", Integer(-INT64 - 1, INT64), "Makes sampling repeatable."),
    # --- the end
    Parameter(
        "stop",
        Texts(Text(may_be_empty=False, longest=1000), most=16),
        "Ends the answer before the first of these strings.",
    ),
    Parameter("include_stop_str_in_output", Boolean(), "Ends the answer after the stop string instead."),
    Parameter("stop_token_ids", Integers(TOKEN_ID, 1024), "Token ids that end the answer."),
    Parameter("ignore_eos", Boolean(), "Goes on after the model's end-of-sequence token."),
    Parameter("bad_words", OtherEngine(Texts(Text(), 1024), []), "Words that must not occur."),
    Parameter(
        "allowed_token_ids", OtherEngine(Integers(TOKEN_ID, 2**20)), "The only token ids to choose from."
    ),
    Parameter("logits_processors", OtherEngine(Objects(), []), "Named processors of the logits."),
    # --- what is shown
    Parameter("logprobs", Boolean(), "Log-probabilities of the answer's tokens.", CHAT),
    Parameter(
        "logprobs",
        UpToOne(),
        "Log-probabilities of the answer's tokens; above 1, the engine 'paged' is needed.",
        COMPLETIONS,
        field="top_logprobs",
    ),
    Parameter("top_logprobs", OtherEngine(Integer(0, 20), 0), "How many likeliest tokens to list.", CHAT),
    Parameter("prompt_logprobs", OtherEngine(Integer(0, 20)), "Log-probabilities of the prompt's tokens."),
    Parameter("echo", OtherEngine(Boolean(), False), "Repeats the prompt in the answer.", COMPLETIONS),
    Parameter("skip_special_tokens", Boolean(), "Leaves special tokens out of the text."),
    Parameter(
        "spaces_between_special_tokens",
        Boolean(),
        "Puts a space between two special tokens in a row, where they are not left out.",
    ),
    Parameter("detokenize", Boolean(), "false answers token ids only, and no text."),
    Parameter("return_token_ids", Boolean(), "Answers the token ids of prompt and answer beside the text."),
    Parameter("return_tokens_as_token_ids", Boolean(), "Writes the tokens of logprobs as 'token_id:17'."),
    # --- the prompt
    Parameter("truncate_prompt_tokens", Integer(1, INT31), "Keeps this many tokens, the last of the prompt."),
    Parameter(
        "add_special_tokens",
        Boolean(),
        "Adds what the tokenizer puts around a text; absent, for completions only.",
    ),
    Parameter("add_generation_prompt", Boolean(), "Ends the prompt where the assistant begins.", CHAT),
    Parameter("continue_final_message", Boolean(), "Continues the last message.", CHAT),
    Parameter("chat_template_kwargs", Object(), "Variables for the chat template.", CHAT),
    Parameter("documents", Objects(), "Documents for the chat template.", CHAT),
    Parameter(
        "reasoning_effort",
        Text(may_be_empty=False, longest=64),
        "How much to reason, for the chat template.",
        CHAT,
    ),
    # --- structured output
    Parameter(
        "response_format",
        ResponseFormat(),
        "The form of the answer: text, json_object, json_schema or structural_tag.",
        field="grammar",
    ),
    Parameter(
        "structured_outputs",
        StructuredOutputs(),
        "What the answer must follow, by vLLM's names.",
        field="grammar",
    ),
    Parameter("guided_json", GuidedJson(), "JSON schema that the answer follows.", field="grammar"),
    Parameter("guided_regex", GuidedRegex(), "Regular expression that the answer follows.", field="grammar"),
    Parameter("guided_choice", GuidedChoice(), "The only answers allowed.", field="grammar"),
    Parameter("guided_grammar", GuidedGrammar(), "Grammar (EBNF) that the answer follows.", field="grammar"),
    # --- tools
    Parameter("tools", Tools(), "Functions that the model may call.", CHAT),
    Parameter("tool_choice", ChoiceOfTool(), "Whether to call functions, and which.", CHAT),
    Parameter("parallel_tool_calls", Boolean(), "Whether several functions may be called at once.", CHAT),
    Parameter("functions", Tools(older=True), "The older form of tools.", CHAT, field="tools"),
    Parameter(
        "function_call", ChoiceOfTool(older=True), "The older form of tool_choice.", CHAT, field="tool_choice"
    ),
    # --- guessing ahead
    Parameter(
        "num_assistant_tokens", Integer(1, 64), "Tokens to guess ahead; needs a draft model or prompt lookup."
    ),
    Parameter(
        "assistant_confidence_threshold",
        Number(0, 1, above=True, below=True),
        "Below this confidence a draft model stops guessing; needs a draft model.",
    ),
    Parameter(
        "max_ngram_size",
        Integer(1, 64),
        "The longest n-gram that prompt lookup matches; needs prompt lookup.",
    ),
    # --- about the request
    Parameter(
        "priority", Integer(-INT31, INT31), "Of requests that wait for a place, lower values come first."
    ),
    Parameter(
        "request_id", Text(may_be_empty=False, longest=128), "The client's own id, part of the answer's."
    ),
    Parameter("user", Text(longest=512), "The client's own id of its user; in the answer again."),
    Parameter("metadata", Labels(), "Free values of the client's; in the answer again."),
    Parameter("store", Boolean(), "In the answer again; nothing is kept."),
    Parameter("service_tier", Text(longest=64), "In the answer again; there is one class of service."),
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
REQUIRED: Final[Mapping[Endpoint, tuple[Parameter, ...]]] = MappingProxyType(
    {
        endpoint: tuple(row for row in PARAMETERS if row.required and endpoint in row.endpoints)
        for endpoint in Endpoint
    }
)
CONFIGURABLE: Final = tuple(row for row in PARAMETERS if row.config_key)


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
        if row.spread:
            fields |= read
        elif row.is_built and read is not None:
            if row.lands_in in fields:
                raise wrong_value(name, "absent beside another parameter that says the same")
            fields[row.lands_in] = read
            if row.lands_in == "grammar":
                fields["grammar_param"] = name
    for row in REQUIRED[endpoint]:
        if row.lands_in not in fields:
            raise missing(row.name, row.kind.describe())
    return fields


def read_generation_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """The request's fields that generation_config.json gives. What is wrong there counts as absent."""
    fields = {}
    for row in CONFIGURABLE:
        value = config.get(row.config_key)
        if value is not None:
            try:
                fields[row.config_field or row.lands_in] = row.kind.read(value, row.name, Ignored())
            except RequestError:
                continue
    return fields


def markdown_table() -> str:
    """The docs' table of parameters."""
    built_in = {
        field.name: field.default
        for request in (ChatRequest, CompletionRequest)
        for field in msgspec.structs.fields(request)
    }
    lines = ["| parameter | endpoints | value | default | meaning |", "|---|---|---|---|---|"]
    for row in PARAMETERS:
        where = "both" if row.endpoints == BOTH else ", ".join(path.strip("/") for path in row.endpoints)
        default = "required" if row.required else _in_json(built_in.get(row.lands_in))
        if row.config_key:
            default = f"generation_config.json's {row.config_key}, or {default}"
        value, doc = row.kind.describe(), row.doc
        if isinstance(row.kind, OtherEngine):
            doc += " Refused: it needs the engine 'paged'."
        cells = (row.name, where, value, default, doc)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _in_json(value: Any) -> str:
    return "absent" if value in (None, (), {}, msgspec.NODEFAULT) else msgspec.json.encode(value).decode()
