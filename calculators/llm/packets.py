"""What passes between the nodes of a language model's graph: frozen values.

Those that come with each token say `gc=False`: they are in no cycles, so the garbage collector can pass over
them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

import msgspec

from ovpipe.engines.protocol import FinishReason, Grammar, PromptToken, Token
from ovpipe.http import Client


class TextPart(msgspec.Struct, frozen=True):
    """One text part of a message whose content came as a list."""

    text: str


class ToolCall(msgspec.Struct, frozen=True, kw_only=True):
    """A function that an assistant's message calls. `arguments` is the literal text, JSON as a rule."""

    id: str
    name: str
    arguments: str


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a conversation, checked. `content` keeps the form in which the client sent it.

    Only an assistant's content may be None, and only one that has tool calls.
    """

    role: str
    content: str | tuple[TextPart, ...] | None
    name: str | None = None
    tool_call_id: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    reasoning_content: str | None = None


FunctionName = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[a-zA-Z0-9_.-]{1,64}(?!\n)$",  # before a last line break, too, Python's `$` matches
        extra_json_schema={"pattern": "^[a-zA-Z0-9_.-]{1,64}$"},
        extra={"words": "1 to 64 letters, digits, underscores, dots and hyphens"},
    ),
]


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """A function that the model may call. `parameters` is its JSON schema; None: it takes no arguments."""

    name: FunctionName
    description: str | None = None
    parameters: Mapping[str, Any] | None = None
    strict: bool | None = None


class ToolChoice(msgspec.Struct, frozen=True):
    """Whether tools are called. `name` is set with the mode "named", and only then."""

    mode: Literal["none", "auto", "required", "named"]
    name: str | None = None


class GenerationRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What chat/completions and completions have in common, checked and with its defaults filled in.

    The fields' defaults here are the built-in ones; generation_config.json beside the model comes
    before them, and the request before both. `max_tokens` and `max_completion_tokens` are None unless
    the request says them; `default_max_tokens` is the most that a request gets which says neither.
    """

    id: str
    created: int
    """Unix seconds."""
    model: str = ""
    """Empty where the request names none."""
    stream: bool = False
    include_usage: bool = False
    continuous_usage_stats: bool = False
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    default_max_tokens: int | None = None
    min_tokens: int = 0
    n: int = 1
    best_of: int = 1
    use_beam_search: bool = False
    length_penalty: float = 1.0
    num_beam_groups: int = 1
    diversity_penalty: float = 1.0
    early_stopping: bool | Literal["never"] = False
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = -1
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    frequency_penalty: float = 0.0
    presence_penalty: float = 0.0
    logit_bias: Mapping[str, float] = {}
    """By token ids, which are texts in JSON."""
    seed: int | None = None
    ignore_eos: bool = False
    stop: tuple[str, ...] = ()
    include_stop_str_in_output: bool = False
    stop_token_ids: tuple[int, ...] = ()
    bad_words: tuple[str, ...] = ()
    allowed_token_ids: tuple[int, ...] | None = None
    logits_processors: Mapping[str, dict[str, Any]] = {}
    """The arguments of each, by the name that the engine knows it by."""
    logprobs: bool = False
    """Whether log-probabilities are wanted; a completion's `top_logprobs` says so as well."""
    prompt_logprobs: int | None = None
    skip_special_tokens: bool = True
    spaces_between_special_tokens: bool = True
    detokenize: bool = True
    return_token_ids: bool = False
    return_tokens_as_token_ids: bool = False
    truncate_prompt_tokens: int | None = None
    add_special_tokens: bool | None = None
    """Whether the tokenizer adds its own special tokens; None: to a completion's prompt, not to a chat's."""
    grammar: Grammar | None = None
    """What the answer must follow, when the request says so itself."""
    grammar_param: str = ""
    """The parameter that said so, for errors."""
    num_assistant_tokens: int | None = None
    assistant_confidence_threshold: float | None = None
    max_ngram_size: int | None = None
    priority: int = 0
    client: Client = Client()
    """Who the request is from, for what is shared between clients."""
    adapter: str | None = None
    """The LoRA adapter that the request asked for, behind the model's name."""
    request_id: str | None = None
    user: str | None = None
    metadata: Mapping[str, str] | None = None
    store: bool | None = None
    service_tier: str | None = None
    ignored: tuple[str, ...] = ()
    """Names of parameters that were let through without effect; well-formed, for a header."""
    names: Mapping[str, str] = {}
    """What the client's API calls parameters, where it has other names for them; for errors."""

    @property
    def generates(self) -> bool:
        """Whether the prompt is for a model to continue, which needs a token at least."""
        return True

    @property
    def choices(self) -> list[tuple[int, int]]:
        """Prompt and choice of each text that the answer has: n for each prompt."""
        return [(0, choice) for choice in range(self.n)]

    @property
    def explicit_limit(self) -> int | None:
        """The limit on completion tokens that the request states; max_completion_tokens wins, as in vLLM."""
        return self.max_tokens if self.max_completion_tokens is None else self.max_completion_tokens

    @property
    def prompt_top(self) -> int | None:
        """How many of the likeliest tokens are wanted beside each of the prompt's.

        None: log-probabilities of the prompt are not wanted.
        """
        return self.prompt_logprobs

    @property
    def limit_parameter(self) -> str:
        """The parameter that `explicit_limit` comes from, for errors."""
        return self.named("max_tokens" if self.max_completion_tokens is None else "max_completion_tokens")

    def named(self, parameter: str) -> str:
        """A parameter as the client knows it."""
        return self.names.get(parameter, parameter)


class ChatRequest(GenerationRequest, frozen=True, kw_only=True):
    """A request of chat/completions. Without `tools`, `tool_choice` is "none"."""

    messages: tuple[Message, ...]
    places: tuple[str, ...] = ()
    """Where each message stands in the client's request, if not in `messages`; for errors."""
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice = ToolChoice("none")
    parallel_tool_calls: bool = True
    top_logprobs: int = 0
    functions: bool = False
    """Whether the tools came in the older form, and calls are answered in it."""
    documents: tuple[Mapping[str, Any], ...] = ()
    chat_template_kwargs: Mapping[str, Any] = {}
    add_generation_prompt: bool = True
    continue_final_message: bool = False
    reasoning_effort: str | None = None
    include_reasoning: bool = True
    """Whether the answer shows thoughts, where its API can leave them out."""

    def place_of(self, parameter: str) -> str:
        """Where the client finds a parameter, or a message such as `messages[3]`."""
        if self.places and parameter.startswith("messages["):
            return self.places[int(parameter.removeprefix("messages[").partition("]")[0])]
        return self.named(parameter)


class CompletionRequest(GenerationRequest, frozen=True, kw_only=True):
    """A request of completions. Each prompt is a text or token ids; `suffix` is what comes after it."""

    prompts: tuple[str | tuple[int, ...], ...]
    suffix: str | None = None
    echo: bool = False
    top_logprobs: int | None = None

    @property
    def echoed_top(self) -> int | None:
        """The same of the prompt that the answer repeats, in its `logprobs`."""
        return self.top_logprobs if self.echo and self.logprobs else None

    @property
    def prompt_top(self) -> int | None:
        wanted = (self.prompt_logprobs, self.echoed_top)
        return max((top for top in wanted if top is not None), default=None)

    @property
    def choices(self) -> list[tuple[int, int]]:
        return [(prompt, choice) for prompt in range(len(self.prompts)) for choice in range(self.n)]


class Prompt(msgspec.Struct, frozen=True):
    """What the model continues: token ids. Only a text that is tokenised and no more may come to none.

    `text` is what they were made of, if it was one; else what they say, where the answer repeats it.
    """

    tokens: tuple[int, ...]
    text: str = ""


class Prompts(msgspec.Struct, frozen=True):
    """A request's prompts: one of a chat, any number of completions."""

    prompts: tuple[Prompt, ...]
    ignored: tuple[str, ...] = ()
    """Parameters of the request that the prompt has no place for, for a header."""


class TokenDelta(msgspec.Struct, frozen=True, gc=False):
    """What an engine step brought for one choice of one prompt.

    `completion_tokens` counts all tokens of the choice so far, these included. The delta with `finish`
    is the choice's last; when that is "stop", its last token is the one that ended the sequence. The first
    delta of a sampled choice has the `seed` that the engine uses. One without tokens and finish says that the
    engine is at work on the choice and was silent for a while: it reads a long prompt, say. `cached_tokens`
    are those of the prompt that the engine had read before, where it knows. `prompt_logprobs` are the next of
    the prompt's tokens, where the request wants their log-probabilities; all of them come before the first of
    `tokens`.
    """

    tokens: tuple[Token, ...]
    completion_tokens: int
    prompt_tokens: int
    finish: FinishReason | None = None
    prompt: int = 0
    choice: int = 0
    seed: int | None = None
    cached_tokens: int | None = None
    prompt_logprobs: tuple[PromptToken, ...] = ()


class TextDelta(msgspec.Struct, frozen=True, gc=False):
    """The text of a TokenDelta: whole characters only, so it may be empty.

    `ends[i]` is how many characters of `text` there were after the delta's token i, so that a stop
    inside a delta of several tokens bills none after it. It is empty for a delta of one token.
    Special tokens stand in the text, because parsers read them. `specials` has their spans, and text for
    people leaves them out. The token that ended the sequence is not in the text but in `end`. `tokens` are
    those of the TokenDelta.
    """

    text: str
    completion_tokens: int
    prompt_tokens: int
    finish: FinishReason | None = None
    prompt: int = 0
    choice: int = 0
    ends: tuple[int, ...] = ()
    specials: tuple[tuple[int, int], ...] = ()
    end: str = ""
    tokens: tuple[Token, ...] = ()
    cached_tokens: int | None = None
    prompt_logprobs: tuple[PromptToken, ...] = ()

    def with_text(self, change: Callable[[str], str]) -> TextDelta:
        """A copy whose text a function has changed, piece by piece between the special tokens.

        Those stay, and `specials` says where they stand now. `ends` no longer holds and is empty.
        """
        text, at = "", 0
        specials: list[tuple[int, int]] = []
        for start, end in self.specials:
            text += change(self.text[at:start])
            specials.append((len(text), len(text) + end - start))
            text += self.text[start:end]
            at = end
        text += change(self.text[at:])
        return msgspec.structs.replace(self, text=text, specials=tuple(specials), ends=())


class Content(msgspec.Struct, frozen=True, tag=True):
    """A piece of the answer itself."""

    text: str


class Reasoning(msgspec.Struct, frozen=True, tag=True):
    """A piece of the thoughts before the answer."""

    text: str


class CalledTool(msgspec.Struct, frozen=True, tag=True):
    """A whole call of a function. `arguments` is the text that the client gets, JSON as a rule."""

    name: str
    arguments: str


Part = Content | Reasoning | CalledTool
Finish = FinishReason | Literal["tool_calls"] | None


class OutputDelta(msgspec.Struct, frozen=True, gc=False):
    """What a TextDelta means: the next parts of the message, in their order. There may be none.

    `reasoning_tokens` counts those of the choice so far. "tool_calls" is the finish of a choice that called.
    Where a request has stops, `ends` says with how many tokens of the choice the content came, as pairs: up
    to which of its characters, and how many tokens. It is empty where all of it came with the last one.
    """

    parts: tuple[Part, ...]
    completion_tokens: int
    prompt_tokens: int
    finish: Finish = None
    prompt: int = 0
    choice: int = 0
    reasoning_tokens: int = 0
    tokens: tuple[Token, ...] = ()
    ends: tuple[tuple[int, int], ...] = ()
    cached_tokens: int | None = None
    prompt_logprobs: tuple[PromptToken, ...] = ()
    matched_stop: str | None = None
    """The stop string that ended the text."""
