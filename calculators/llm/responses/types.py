"""What answers are, as types: OpenAPI's schemas are made of them, and tests hold the writers to them.

EventStream and JsonBody write bytes by hand, for speed; what they write is these, and nothing besides.
UNSET is a field that is left out. Every other field is always there, null when it has no value.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

FinishReason = Annotated[
    Literal["stop", "length", "tool_calls", "function_call"],
    Meta(description="What ended the choice; 'function_call' answers the older form of tools."),
]
TokenIds = Annotated[tuple[int, ...], Meta(description="With return_token_ids.")]
Created = Annotated[int, Meta(description="Unix seconds.")]
Fingerprint = Annotated[
    str, Meta(description="Of the model and of what it runs on; left out when that is not known.")
]
CallId = Annotated[str, Meta(description="What a tool's message answers in its tool_call_id.")]
Arguments = Annotated[str, Meta(description="As the model wrote them: JSON as a rule.")]
Thoughts = Annotated[str, Meta(description="What the model thought before it answered.")]
Bytes = Annotated[
    tuple[int, ...], Meta(description="The token's bytes: one may be less than a whole character.")
]


class Response(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What whole answers and chunks have in common. The last four are the request's own, if it has them."""

    id: str
    created: Created
    model: str
    system_fingerprint: Fingerprint | UnsetType = UNSET
    service_tier: str | UnsetType = UNSET
    metadata: dict[str, str] | UnsetType = UNSET
    user: str | UnsetType = UNSET
    store: bool | UnsetType = UNSET


# --- usage


class CompletionTokensDetails(Struct, frozen=True, forbid_unknown_fields=True):
    """How many of the completion's tokens were thoughts."""

    reasoning_tokens: int


class PromptTokensDetails(Struct, frozen=True, forbid_unknown_fields=True):
    """How many of the prompt's tokens stood in the engine's cache, where it knows."""

    cached_tokens: int


class Usage(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Tokens: each prompt counted once, each choice by itself."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: PromptTokensDetails | UnsetType = UNSET
    completion_tokens_details: CompletionTokensDetails | UnsetType = UNSET


# --- tool calls


class CalledFunction(Struct, frozen=True, forbid_unknown_fields=True):
    """A function that the model calls."""

    name: str
    arguments: Arguments


class ChatToolCall(Struct, frozen=True, forbid_unknown_fields=True):
    """A call of a tool."""

    id: CallId
    type: Literal["function"]
    function: CalledFunction


class FunctionDelta(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The next piece of a called function: first its name, then its arguments."""

    name: str | UnsetType = UNSET
    arguments: Arguments


class ToolCallDelta(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The next piece of the call at `index`."""

    index: int
    id: CallId | UnsetType = UNSET
    type: Literal["function"] | UnsetType = UNSET
    function: FunctionDelta


# --- logprobs


class TopLogprob(Struct, frozen=True, forbid_unknown_fields=True):
    """A token that was likely at this place."""

    token: str
    logprob: float
    bytes: Bytes


class TokenLogprob(TopLogprob, frozen=True, forbid_unknown_fields=True):
    """A token of the answer with its log-probability."""

    top_logprobs: tuple[TopLogprob, ...]


class ChatLogprobs(Struct, frozen=True, forbid_unknown_fields=True):
    """The log-probabilities of a chat's choice."""

    content: tuple[TokenLogprob, ...]
    refusal: None


class CompletionLogprobs(Struct, frozen=True, forbid_unknown_fields=True):
    """The log-probabilities of a completion's choice: lists that go side by side.

    Beside an echo they begin with the prompt's, of which the first token has none.
    """

    tokens: tuple[str, ...]
    token_logprobs: tuple[float | None, ...]
    top_logprobs: tuple[dict[str, float] | None, ...]
    text_offset: tuple[int, ...]


class PromptLogprob(Struct, frozen=True, forbid_unknown_fields=True):
    """A token at a place of the prompt: the one that stands there, or one that was likely."""

    logprob: float
    rank: Annotated[int, Meta(description="Among all tokens at this place; the likeliest has 1.")]
    decoded_token: str


PromptLogprobs = Annotated[
    tuple[dict[str, PromptLogprob] | None, ...],
    Meta(description="With prompt_logprobs: for each token of the prompt, by token ids; null for the first."),
]


# --- chat


class Thinks(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Thoughts, by the name that vLLM gives them now and by the one that it gave them before."""

    reasoning: Thoughts | UnsetType = UNSET
    reasoning_content: Thoughts | UnsetType = UNSET


class ChatMessage(Thinks, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The assistant's message. Its content is null when there are calls and no text."""

    role: Literal["assistant"]
    content: str | None
    refusal: None
    tool_calls: tuple[ChatToolCall, ...] | UnsetType = UNSET
    function_call: CalledFunction | UnsetType = UNSET


class ChatChoice(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One of a chat's n choices."""

    index: int
    message: ChatMessage
    logprobs: ChatLogprobs | None
    finish_reason: FinishReason
    token_ids: TokenIds | UnsetType = UNSET


class ChatCompletion(Response, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The answer to a chat."""

    object: Literal["chat.completion"]
    choices: tuple[ChatChoice, ...]
    usage: Usage
    prompt_token_ids: TokenIds | UnsetType = UNSET
    prompt_logprobs: PromptLogprobs | UnsetType = UNSET


class ChatDelta(Thinks, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a chunk adds to the message: first the role."""

    role: Literal["assistant"] | UnsetType = UNSET
    content: str | UnsetType = UNSET
    tool_calls: tuple[ToolCallDelta, ...] | UnsetType = UNSET
    function_call: FunctionDelta | UnsetType = UNSET


class ChatChunkChoice(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a chunk adds to one choice. `finish_reason` is in its last."""

    index: int
    delta: ChatDelta
    logprobs: ChatLogprobs | None
    finish_reason: FinishReason | None
    token_ids: TokenIds | UnsetType = UNSET


class ChatCompletionChunk(Response, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A piece of a streamed answer to a chat. The one with the usage has no choices."""

    object: Literal["chat.completion.chunk"]
    choices: tuple[ChatChunkChoice, ...]
    usage: Usage | UnsetType | None = UNSET
    prompt_token_ids: TokenIds | UnsetType = UNSET


# --- completions


class TextChoice(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One of a prompt's n choices; those of the first prompt come first."""

    index: int
    text: str
    logprobs: CompletionLogprobs | None
    finish_reason: FinishReason
    token_ids: TokenIds | UnsetType = UNSET
    prompt_token_ids: TokenIds | UnsetType = UNSET
    prompt_logprobs: PromptLogprobs | UnsetType = UNSET


class TextCompletion(Response, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The answer to a completion."""

    object: Literal["text_completion"]
    choices: tuple[TextChoice, ...]
    usage: Usage


class TextChunkChoice(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a chunk adds to one choice. `finish_reason` is in its last."""

    index: int
    text: str
    logprobs: CompletionLogprobs | None
    finish_reason: FinishReason | None
    token_ids: TokenIds | UnsetType = UNSET
    prompt_token_ids: TokenIds | UnsetType = UNSET


class TextCompletionChunk(Response, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A piece of a streamed answer to a completion. The one with the usage has no choices."""

    object: Literal["text_completion"]
    choices: tuple[TextChunkChoice, ...]
    usage: Usage | UnsetType | None = UNSET
