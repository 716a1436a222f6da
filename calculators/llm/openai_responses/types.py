"""What answers of /responses are, as types: for OpenAPI's schemas, and for tests of the writers.

UNSET is a field that is left out. Every other field is always there, null when it has no value.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from ovpipe.calculators.llm.responses.types import TokenLogprob

ItemStatus = Literal["in_progress", "completed", "incomplete"]
Index = Annotated[int, Meta(ge=0)]
Object = dict[str, Any]
CallName = Annotated[str, Meta(description="The tool's name.")]
CallId = Annotated[str, Meta(description="What the tool's output names.")]


class ResponsesType(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="type"):
    """What has a `type`."""


class OutputTextPart(ResponsesType, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="output_text"):
    """A text of a message. `logprobs` come with message.output_text.logprobs."""

    text: str
    annotations: tuple[Object, ...]
    logprobs: tuple[TokenLogprob, ...]


class ReasoningTextPart(
    ResponsesType, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="reasoning_text"
):
    """Thoughts, in full."""

    text: str


class OutputMessage(ResponsesType, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="message"):
    """What the model says."""

    id: str
    status: ItemStatus
    role: Literal["assistant"]
    content: tuple[OutputTextPart, ...]


class OutputReasoning(ResponsesType, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="reasoning"):
    """What the model thinks. `encrypted_content` comes with reasoning.encrypted_content."""

    id: str
    status: ItemStatus
    summary: tuple[Object, ...]
    content: tuple[ReasoningTextPart, ...]
    encrypted_content: str | UnsetType = UNSET


class OutputFunctionCall(
    ResponsesType, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="function_call"
):
    """A call of a function."""

    id: str
    status: ItemStatus
    call_id: CallId
    name: CallName
    arguments: str


class OutputCustomToolCall(
    ResponsesType, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="custom_tool_call"
):
    """A call of a custom tool."""

    id: str
    status: ItemStatus
    call_id: CallId
    name: CallName
    input: str


OutputItems = OutputMessage | OutputReasoning | OutputFunctionCall | OutputCustomToolCall


class ResponsesInputTokensDetails(Struct, frozen=True, forbid_unknown_fields=True):
    """Of the input's tokens, those that stood in the engine's cache; 0 where it does not know."""

    cached_tokens: int
    cache_write_tokens: Annotated[int, Meta(description="Always 0: writing costs nothing.")]


class ResponsesOutputTokensDetails(Struct, frozen=True, forbid_unknown_fields=True):
    """Of the output's tokens, those that were thoughts."""

    reasoning_tokens: int


class ResponsesUsage(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Tokens."""

    input_tokens: int
    input_tokens_details: ResponsesInputTokensDetails
    output_tokens: int
    output_tokens_details: ResponsesOutputTokensDetails
    total_tokens: int


class IncompleteDetails(Struct, frozen=True, forbid_unknown_fields=True):
    """Why an answer is not whole."""

    reason: Literal["max_output_tokens"]


class ResponsesFailure(Struct, frozen=True, forbid_unknown_fields=True):
    """Why an answer failed."""

    code: Literal["server_error", "rate_limit_exceeded", "invalid_prompt"]
    message: str


class ResponseObject(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An answer, and what it repeats of its request."""

    id: str
    object: Literal["response"]
    created_at: Annotated[int, Meta(description="Unix seconds.")]
    status: Literal["in_progress", "completed", "incomplete", "failed"]
    background: Literal[False]
    error: ResponsesFailure | None
    incomplete_details: IncompleteDetails | None
    instructions: str | None
    max_output_tokens: int | None
    max_tool_calls: int | None
    model: str
    output: tuple[OutputItems, ...]
    parallel_tool_calls: bool
    previous_response_id: str | None
    prompt_cache_key: str | None
    reasoning: Object
    safety_identifier: str | None
    service_tier: Literal["default"]
    store: bool
    temperature: float
    text: Object
    tool_choice: str | Object
    tools: tuple[Object, ...]
    top_logprobs: int
    top_p: float
    truncation: Literal["disabled"]
    usage: ResponsesUsage | None
    user: str | None
    metadata: dict[str, str]


# --- events


class ResponsesEvent(ResponsesType, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An event of a stream; they are numbered from 0."""

    sequence_number: Index


class OfResponse(ResponsesEvent, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An event that has the Response as it is then."""

    response: ResponseObject


class ResponseCreated(
    OfResponse, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="response.created"
):
    """The first of all."""


class ResponseInProgress(
    OfResponse, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="response.in_progress"
):
    """The second of all."""


class ResponseCompleted(
    OfResponse, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="response.completed"
):
    """The last of all."""


class ResponseIncomplete(
    OfResponse, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="response.incomplete"
):
    """The last of all, where the answer ended at its limit."""


class ResponseFailed(
    OfResponse, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="response.failed"
):
    """The last of all, where something went wrong too late for a status."""


class OfOutput(ResponsesEvent, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An event of one item of the output."""

    output_index: Index


class OutputItemAdded(
    OfOutput, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="response.output_item.added"
):
    """An item begins."""

    item: OutputItems


class OutputItemDone(
    OfOutput, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="response.output_item.done"
):
    """An item is whole."""

    item: OutputItems


class InItem(OfOutput, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An event inside an item."""

    item_id: str


class InPart(InItem, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An event inside a part of an item."""

    content_index: Index


class ContentPartAdded(
    InPart, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="response.content_part.added"
):
    """A part begins."""

    part: OutputTextPart | ReasoningTextPart


class ContentPartDone(
    InPart, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="response.content_part.done"
):
    """A part is whole."""

    part: OutputTextPart | ReasoningTextPart


class OutputTextDelta(
    InPart, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="response.output_text.delta"
):
    """A piece of a text."""

    delta: str
    logprobs: tuple[TokenLogprob, ...]


class OutputTextDone(
    InPart, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="response.output_text.done"
):
    """A text is whole."""

    text: str
    logprobs: tuple[TokenLogprob, ...]


class ReasoningTextDelta(
    InPart, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="response.reasoning_text.delta"
):
    """A piece of thoughts."""

    delta: str


class ReasoningTextDone(
    InPart, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="response.reasoning_text.done"
):
    """Thoughts are whole."""

    text: str


class ArgumentsDelta(
    InItem,
    frozen=True,
    forbid_unknown_fields=True,
    kw_only=True,
    tag="response.function_call_arguments.delta",
):
    """A piece of a call's arguments: all of them."""

    delta: str


class ArgumentsDone(
    InItem, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="response.function_call_arguments.done"
):
    """A call's arguments are whole."""

    arguments: str


class CustomInputDelta(
    InItem, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="response.custom_tool_call_input.delta"
):
    """A piece of a custom tool's input: all of it."""

    delta: str


class CustomInputDone(
    InItem, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="response.custom_tool_call_input.done"
):
    """A custom tool's input is whole."""

    input: str


StreamEvent = (
    ResponseCreated
    | ResponseInProgress
    | OutputItemAdded
    | ContentPartAdded
    | OutputTextDelta
    | OutputTextDone
    | ReasoningTextDelta
    | ReasoningTextDone
    | ContentPartDone
    | ArgumentsDelta
    | ArgumentsDone
    | CustomInputDelta
    | CustomInputDone
    | OutputItemDone
    | ResponseCompleted
    | ResponseIncomplete
    | ResponseFailed
)


# --- what is kept


class DeletedResponse(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A response that is no longer kept."""

    id: str
    object: Literal["response"]
    deleted: Literal[True]


class ItemPage(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Some of the items that a response was made from. The ids are empty where there are none."""

    object: Literal["list"]
    data: tuple[Object, ...]
    first_id: str
    last_id: str
    has_more: bool
