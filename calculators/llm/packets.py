"""What passes between the nodes of a language model's graph: frozen values."""

from __future__ import annotations

import msgspec

from ovpipe.engines.protocol import FinishReason


class TextPart(msgspec.Struct, frozen=True):
    """One text part of a message whose content came as a list."""

    text: str


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a conversation, checked. `content` keeps the form in which the client sent it."""

    role: str
    content: str | tuple[TextPart, ...]
    name: str | None = None
    tool_call_id: str | None = None
    reasoning_content: str | None = None


class GenerationRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What chat/completions and completions have in common, checked and with its defaults filled in.

    The fields' defaults here are the built-in ones; generation_config.json beside the model comes
    before them, and the request before both. `max_tokens` and `max_completion_tokens` are None unless
    the request says them; `default_max_tokens` is the most that a request gets which says neither.
    """

    id: str
    created: int
    """Unix seconds."""
    model: str
    stream: bool = False
    include_usage: bool = False
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    default_max_tokens: int | None = None
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = -1
    repetition_penalty: float = 1.0
    seed: int | None = None
    ignore_eos: bool = False
    stop: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    """Names of parameters that were let through without effect; well-formed, for a header."""

    @property
    def explicit_limit(self) -> int | None:
        """The limit on completion tokens that the request states; max_completion_tokens wins, as in vLLM."""
        return self.max_tokens if self.max_completion_tokens is None else self.max_completion_tokens

    @property
    def limit_parameter(self) -> str:
        """The parameter that `explicit_limit` comes from, for errors."""
        return "max_tokens" if self.max_completion_tokens is None else "max_completion_tokens"


class ChatRequest(GenerationRequest, frozen=True, kw_only=True):
    """A request of chat/completions."""

    messages: tuple[Message, ...]


class CompletionRequest(GenerationRequest, frozen=True, kw_only=True):
    """A request of completions."""

    prompt: str


class Prompt(msgspec.Struct, frozen=True):
    """What the model continues, as token ids. Never empty."""

    tokens: tuple[int, ...]


class TokenDelta(msgspec.Struct, frozen=True):
    """What an engine step brought for one choice of one prompt.

    `completion_tokens` counts all tokens of the choice so far, these included. The delta with `finish`
    is the choice's last; when that is "stop", its last token is the one that ended the sequence.
    """

    tokens: tuple[int, ...]
    completion_tokens: int
    prompt_tokens: int
    finish: FinishReason | None = None
    prompt: int = 0
    choice: int = 0


class TextDelta(msgspec.Struct, frozen=True):
    """The text of a TokenDelta: whole characters only, so it may be empty.

    `ends[i]` is how many characters of `text` there were after the delta's token i, so that a stop
    inside a delta of several tokens bills none after it. It is empty for a delta of one token.
    """

    text: str
    completion_tokens: int
    prompt_tokens: int
    finish: FinishReason | None = None
    prompt: int = 0
    choice: int = 0
    ends: tuple[int, ...] = ()
