"""What an engine is asked and what it answers: plain values, and what a calculator sees of an engine.

`Engine` and `Generation` are a calculator's view: one asyncio client for many requests. Two files beside this
one complete the conversation. `backend.py` has what a core implements; `messages.py` has what the processes
of the server and of the engine send each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol, Self

import msgspec

FinishReason = Literal["stop", "length"]


class Grammar(msgspec.Struct, frozen=True):
    """What a generated text must follow. `text` is the schema (as JSON), the expression, or the rules."""

    kind: Literal["json_schema", "regex", "ebnf", "structural_tag"]
    text: str


class BeamSearch(msgspec.Struct, frozen=True, kw_only=True):
    """Searches for the likeliest texts instead of sampling. `width` is a multiple of `groups`.

    `diversity_penalty` keeps groups apart, so it needs more than one.
    """

    width: int
    groups: int = 1
    length_penalty: float = 1.0
    diversity_penalty: float = 1.0
    early_stopping: bool | Literal["never"] = False


class SamplingParams(msgspec.Struct, frozen=True, kw_only=True):
    """How one sequence is sampled. Names and meanings are vLLM's; every value is already checked.

    `temperature` 0 is greedy. `top_k` -1 keeps all tokens. `seed` None lets the engine choose one.
    `logprobs` asks for the log-probability of each token, `top_logprobs` for as many of the likeliest beside
    it. `prompt_logprobs` asks for those of the prompt's tokens, and for as many of the likeliest beside each.
    `logit_bias` is added to the logits of tokens, `allowed_token_ids` are the only ones to choose from,
    and no part of the completion is one of the token sequences in `bad_words`. The last three are of engines
    with a draft model or prompt lookup, and None leaves them to the engine.
    """

    max_tokens: int
    min_tokens: int = 0
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = -1
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    frequency_penalty: float = 0.0
    presence_penalty: float = 0.0
    seed: int | None = None
    ignore_eos: bool = False
    stop_token_ids: tuple[int, ...] = ()
    logprobs: bool = False
    top_logprobs: int = 0
    prompt_logprobs: int | None = None
    logit_bias: dict[int, float] = {}
    allowed_token_ids: tuple[int, ...] | None = None
    bad_words: tuple[tuple[int, ...], ...] = ()
    logits_processors: dict[str, dict[str, Any]] = {}
    """Those of the engine's own that change the logits, by name, each with its arguments."""
    beams: BeamSearch | None = None
    grammar: Grammar | None = None
    num_assistant_tokens: int | None = None
    assistant_confidence_threshold: float | None = None
    max_ngram_size: int | None = None


class GenerateRequest(msgspec.Struct, frozen=True):
    """One prompt to continue. `id` is unique among all requests of one engine's life."""

    id: int
    prompt: list[int]
    sampling: SamplingParams
    priority: int = 0
    """Of those that wait for a place, lower values come first, as in vLLM."""
    adapter: str | None = None
    """The LoRA adapter that its tokens go through, one of those that the engine was loaded with."""
    traced: bool = False
    """Whether somebody wants to see the steps that serve it."""


class LikelyToken(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A token that was likely at some place of a text, generated there or not."""

    id: int
    logprob: float


class Token(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A generated token with all that is known of it.

    `logprob` is the token's log-probability, where the request asked for it. `top_logprobs` are the likeliest
    tokens at its place, the likeliest first, where an engine gives them.
    """

    id: int
    logprob: float | None = None
    top_logprobs: tuple[LikelyToken, ...] = ()


class PromptToken(Token, frozen=True, array_like=True, gc=False):
    """A token of the prompt. The first has no log-probability; each other has its `rank` in the vocabulary.

    The likeliest token at its place would have rank 1.
    """

    rank: int | None = None


class Beam(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One of the texts that a beam search found. An end-of-sequence token that ended it is in `tokens`."""

    tokens: list[Token]
    score: float
    finish: FinishReason


class Delta(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What one step brought for one request.

    `generated` counts all completion tokens so far, these included. The delta with `finish` is the
    request's last; an end-of-sequence token that ended it is in `tokens` and is counted. A beam search has
    one delta: no tokens, and all `beams`, the best first; `generated` is then the tokens of all of them.
    One that `brings_nothing` says that the engine is at work on the request: it reads the prompt, or
    searches, and was silent for a while. What waits for its turn in the engine gets none.
    The first delta of a sampled text has the `seed` that the engine uses, the request's or one of its own
    choice: the same request with this seed gives the same text.
    """

    request: int
    tokens: list[Token]
    generated: int
    finish: FinishReason | None = None
    beams: list[Beam] = []
    seed: int | None = None
    cached_tokens: int | None = None
    """Tokens of the prompt that stood in the cache already; None where the engine does not know."""
    prompt_logprobs: list[PromptToken] = []
    """The next of the prompt's tokens, where the request asks for them; all come before the first token."""

    @property
    def brings_nothing(self) -> bool:
        """Whether it says no more than that the engine is at work."""
        return not (self.tokens or self.beams or self.prompt_logprobs) and self.finish is None


class EngineInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a loaded engine. It does not change while the engine lives."""

    core: str
    device: str
    context_length: int | None
    """Tokens of prompt and completion together that the model was made for; None: not stated."""
    vocab_size: int
    eos_token_ids: list[int]
    num_kv_blocks: int
    block_size: int
    """Tokens in a block of the KV cache."""
    cache_bytes: int
    max_num_seqs: int
    max_num_batched_tokens: int
    dynamic_split_fuse: bool
    capabilities: frozenset[str] = frozenset()
    """What this engine honours, as it was loaded: request parameters by the API's names, and features that no
    parameter names. engines/genai/capabilities.py has those of genai."""
    speculation: Literal["draft_model", "prompt_lookup"] | None = None
    """The engine's way of speculative decoding, if it has one."""
    seconds_per_token: float = 0.0
    """Of a long prompt, as the warm-up measured it; 0: it did not."""
    precision: str = ""
    """What the model computes in, by OpenVINO's name: f32, bf16, f16. Empty where the device does not say."""
    settled: dict[str, Any] = {}
    """Options that this load settled. A later life of the engine is given them and settles nothing again."""
    adapters: list[str] = []
    """The LoRA adapters that a request may choose from, by name."""
    fingerprint: str = ""
    """Changes when model or settings do: OpenAI's system_fingerprint."""
    generation_config: dict[str, Any] = {}
    """The model folder's generation_config.json, as it stands there."""

    @property
    def cache_tokens(self) -> int:
        """Tokens of prompt and completion that a single request may hold in the KV cache."""
        return self.num_kv_blocks * self.block_size


class NodeSpan(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A call of a node in a step. Times are nanoseconds of `time.perf_counter_ns`."""

    node: str
    began: int
    ended: int


class StepTrace(msgspec.Struct, frozen=True, kw_only=True):
    """One step that served requests which are traced: when it was, and when it was in which node."""

    step: int
    """Its number in the life of the engine's process."""
    requests: list[int]
    """Those of the traced requests that were in the batch."""
    rows: int
    """All sequences in the batch."""
    tokens: int
    """All tokens that the model read."""
    began: int
    ended: int
    spans: list[NodeSpan]


OnStep = Callable[[str, StepTrace], None]
"""Takes the steps that served a request, each with the name of the engine's process."""


class EngineStats(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of an engine after a step."""

    num_requests: int = 0
    """Requests added and not yet finished or cancelled."""
    num_running: int = 0
    """Sequences in the last step's batch."""
    max_running: int = 0
    """The largest batch so far."""
    kv_cache_usage: float = 0.0
    """Part of the KV cache's blocks in use, 0 to 1."""
    steps: int = 0
    generated_tokens: int = 0
    """All tokens ever generated, those of cancelled requests included."""
    prompt_tokens: int = 0
    preemptions: int = 0
    """How often a sequence gave up its cache for another, where the engine knows."""
    drafted_tokens: int = 0
    """Guesses of tokens that the model has read, where the engine knows."""
    accepted_tokens: int = 0
    """Of these, the ones that were right."""
    prefix_cache_queries: int = 0
    """Tokens of prompts that were looked up in the cache, where the engine knows."""
    prefix_cache_hits: int = 0
    """Of these, the ones that stood in it."""
    batch_rows: int = 0
    """Sequences that the last step read a part of, those that ended in it included."""
    batch_tokens: int = 0
    """Tokens that the last step read, where the engine knows."""
    node_seconds: dict[str, float] = {}
    """The time in each node of the engine's graph over all steps, where a step is a graph."""
    worn_out: str = ""
    """In a word, what the process has gathered that only another process gives back; empty: nothing."""
    trace: StepTrace | None = None
    """The last step, where it served traced requests and the engine measures its steps."""


class EngineTimeouts(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds of silence after which an engine's process counts as hung, phase by phase."""

    load: float = 600.0
    warm_up: float = 300.0
    prefill: float = 120.0
    """Between two messages while a request waits for its first token, unless the engine is measured to take
    longer or much shorter."""
    step: float = 60.0
    """The same while every request has had its first token."""
    still: float = 6.0
    """Between two messages while the process does not even compute; of the others, the shortest counts."""
    close: float = 5.0
    """For the process to end by itself when the engine is closed; then it is killed."""
    recycle: float = 60.0
    """For what runs in a process that is replaced in an orderly way; then the next one goes on with it."""


class EngineError(Exception):
    """An engine could not do what it was asked."""


class EngineLoadError(EngineError):
    """The model could not be loaded or warmed up. Final: a restart would fail alike."""


class EngineUnavailable(EngineError):
    """The engine is being started again, or is closed. Nothing of the request was computed."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class EngineFull(EngineUnavailable):
    """The engine had to drop the request for want of cache and cannot go on with it. Later it may fit."""


class EngineDied(EngineError):
    """The engine's process died, hung or was poisoned while the request was in it."""


class RequestRefused(EngineError):
    """The engine cannot serve this one request. `param` is the API's parameter that is wrong, if one is."""

    def __init__(self, message: str, *, param: str = "") -> None:
        super().__init__(message)
        self.param = param


class RequestFailed(EngineError):
    """A part of the engine failed over this one request, which may be right. The others go on."""


class GenerationMeter(Protocol):
    """Hears how a request fares in the engine, as it happens. It must neither block nor raise."""

    def reading(self) -> None:
        """The engine begins with the prompt: the request has left the queue."""

    def tokens(self, count: int, cached: int | None) -> None:
        """So many tokens came at once. `cached` of the prompt's stood in the cache; None: not known."""

    def ended(self, finish: str | None) -> None:
        """Nothing more comes. `finish` is the engine's reason; None: it was cancelled, or has failed."""


class Generation(Protocol):
    """One request in the engine: an asynchronous iterator of its deltas, in order.

    When the consumer is slow, deltas that wait are merged into one. Raises `EngineDied`, `RequestRefused` or
    `RequestFailed` in place of the next delta. Leaving the context cancels what is unfinished.
    """

    def __aiter__(self) -> Self: ...

    async def __anext__(self) -> Delta: ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *exc: object) -> None: ...

    def cancel(self) -> None:
        """Ends the request, at once and without waiting. Again and after the end: does nothing."""


class Engine(Protocol):
    """Generates for many runs at once. Only for the event loop it was opened on."""

    @property
    def info(self) -> EngineInfo: ...

    @property
    def progress(self) -> int:
        """A count that moves with each step in which the engine works on any request, and while it loads."""

    def generate(
        self,
        prompt: Sequence[int],
        sampling: SamplingParams,
        *,
        priority: int = 0,
        adapter: str | None = None,
        on_step: OnStep | None = None,
        meter: GenerationMeter | None = None,
    ) -> Generation:
        """Adds a request; raises `EngineUnavailable` while there is no engine to take it.

        `on_step` is called with the steps that serve it, by a core that measures them; it must not block.
        `meter` hears when tokens arrive, before the consumer has them.
        """

    def metrics(self) -> Mapping[str, Any]:
        """Current metrics by name: numbers, or numbers by a label, as in `{"node": {"model": 1.5}}`."""
