"""An answer as Anthropic's Message: in one piece, or as a stream of events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

import msgspec
from msgspec import Struct

from ovpipe.calculators.llm.anthropic_messages.block_events import BlockEvents
from ovpipe.calculators.llm.anthropic_messages.errors import REQUEST_ID
from ovpipe.calculators.llm.anthropic_messages.types import (
    BlockAnswer,
    BlockDelta,
    BlockEvent,
    BlockStart,
    BlockStop,
    Ending,
    InputJsonPiece,
    MessageAnswer,
    MessageDelta,
    MessageEvent,
    MessageStart,
    MessageStop,
    MessageUsage,
    OutputTokensDetails,
    PingEvent,
    SignaturePiece,
    TextAnswer,
    TextPiece,
    ThinkingAnswer,
    ThinkingPiece,
    ToolUseAnswer,
)
from ovpipe.calculators.llm.packets import ChatRequest, OutputDelta, Prompts
from ovpipe.calculators.llm.responses.event_stream import EVENT_STREAM
from ovpipe.calculators.llm.responses.shared import TokenCounts, encode, headers_of
from ovpipe.http import ResponseStart

HEADS: Final[Mapping[type[Struct], bytes]] = MappingProxyType(
    {
        kind: f"event: {kind.__struct_config__.tag}\ndata: ".encode()
        for kind in (MessageStart, BlockStart, BlockDelta, BlockStop, MessageDelta, MessageStop, PingEvent)
    }
)
"""What comes before the data of an event."""


class MessageStream:
    """A streamed answer. Its usage comes with the first event and, whole, with the last but one."""

    def __init__(self, request: ChatRequest, prompts: Prompts | None) -> None:
        self.start = ResponseStart(
            200, headers_of(request, {**EVENT_STREAM, REQUEST_ID: request_id(request)})
        )
        self.counts = TokenCounts(() if prompts is None else prompts.prompts, reasoning=True)
        self.keep_alive = as_event(PingEvent())
        self._request = request
        self._blocks = BlockEvents(omit_thinking=not request.include_reasoning)
        self._begun = False

    def add(self, delta: OutputDelta, *, last: bool) -> bytes:
        """The events of one delta; empty when it brings nothing that a client could see."""
        self.counts.last[delta.prompt, delta.choice] = delta
        events = b""
        if not self._begun:
            self._begun = True
            usage = usage_of(msgspec.structs.replace(delta, completion_tokens=0), whole=False)
            events = as_event(MessageStart(message_of(self._request, (), None, usage))) + self.keep_alive
        events += as_events(self._blocks.add(delta.parts))
        if last:
            events += as_events(self._blocks.end())
            ending = ending_of(self._request, delta, called=self._blocks.called)
            usage = usage_of(delta, whole=True)
            events += as_event(MessageDelta(ending, usage)) + as_event(MessageStop())
        return events


class MessageBody:
    """An answer in one piece: what its stream's events come to."""

    keep_alive = b""

    def __init__(self, request: ChatRequest, prompts: Prompts | None) -> None:
        self.start = ResponseStart(
            200, headers_of(request, {"content-type": "application/json", REQUEST_ID: request_id(request)})
        )
        self.counts = TokenCounts(() if prompts is None else prompts.prompts, reasoning=True)
        self._request = request
        self._blocks = BlockEvents(omit_thinking=not request.include_reasoning)
        self._content: list[GrowingBlock] = []

    def add(self, delta: OutputDelta, *, last: bool) -> bytes:
        """The body, with the last delta; until then nothing."""
        self.counts.last[delta.prompt, delta.choice] = delta
        self._take(self._blocks.add(delta.parts))
        if not last:
            return b""
        self._take(self._blocks.end())
        content = tuple(block.whole() for block in self._content)
        ending = ending_of(self._request, delta, called=self._blocks.called)
        usage = msgspec.structs.replace(usage_of(delta, whole=True), service_tier="standard")
        data = encode(message_of(self._request, content, ending, usage))
        self.start = replace(self.start, headers={**self.start.headers, "content-length": str(len(data))})
        return data

    def _take(self, events: Iterable[BlockEvent]) -> None:
        for event in events:
            if isinstance(event, BlockStart):
                self._content.append(GrowingBlock(event.content_block))
            elif isinstance(event, BlockDelta):
                self._content[-1].add(event.delta)


class GrowingBlock:
    """A block as its pieces come."""

    def __init__(self, block: BlockAnswer) -> None:
        self._block = block
        self._pieces: list[str] = []
        self._signature = ""

    def add(self, piece: TextPiece | ThinkingPiece | SignaturePiece | InputJsonPiece) -> None:
        """Takes the next piece."""
        match piece:
            case TextPiece(text=text) | ThinkingPiece(thinking=text) | InputJsonPiece(partial_json=text):
                self._pieces.append(text)
            case SignaturePiece(signature=signature):
                self._signature = signature

    def whole(self) -> BlockAnswer:
        """The block with all its pieces."""
        text = "".join(self._pieces)
        match self._block:
            case TextAnswer():
                return TextAnswer(text)
            case ThinkingAnswer():
                return ThinkingAnswer(text, self._signature)
            case ToolUseAnswer(id=id, name=name):
                return ToolUseAnswer(id, name, msgspec.Raw(text.encode()))


def message_of(
    request: ChatRequest, content: tuple[BlockAnswer, ...], ending: Ending | None, usage: MessageUsage
) -> MessageAnswer:
    """The message as far as it is."""
    return MessageAnswer(
        id=request.id,
        model=request.model,
        content=content,
        stop_reason=None if ending is None else ending.stop_reason,
        stop_sequence=None if ending is None else ending.stop_sequence,
        usage=usage,
    )


def usage_of(delta: OutputDelta, *, whole: bool) -> MessageUsage:
    """The tokens of an answer so far; of a `whole` one those of its thoughts, too."""
    cached = delta.cached_tokens
    return MessageUsage(
        input_tokens=delta.prompt_tokens - (cached or 0),
        cache_creation_input_tokens=None if cached is None else 0,
        cache_read_input_tokens=cached,
        output_tokens=delta.completion_tokens,
        **(
            {"output_tokens_details": OutputTokensDetails(delta.reasoning_tokens)}
            if whole
            else {"service_tier": "standard"}
        ),
    )


def ending_of(request: ChatRequest, delta: OutputDelta, *, called: bool) -> Ending:
    """What ended an answer, in Anthropic's words."""
    if delta.finish == "length":
        most = request.default_max_tokens if request.explicit_limit is None else request.explicit_limit
        within = most is not None and delta.completion_tokens >= most
        return Ending("max_tokens" if within else "model_context_window_exceeded", None)
    if called:
        return Ending("tool_use", None)
    if delta.matched_stop is not None:
        return Ending("stop_sequence", delta.matched_stop)
    return Ending("end_turn", None)


def as_event(event: MessageEvent) -> bytes:
    """A server-sent event, named by its type."""
    return HEADS[type(event)] + encode(event) + b"\n\n"


def as_events(events: Iterable[MessageEvent]) -> bytes:
    """Several of them."""
    return b"".join(map(as_event, events))


def request_id(request: ChatRequest) -> str:
    """The id of the HTTP request, of which the message's is made."""
    return request.id.partition("_")[2]
