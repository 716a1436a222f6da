"""Fakes of what a calculator reaches through side packets, written by hand to the same protocols."""

from __future__ import annotations

import asyncio
import codecs
from collections.abc import Iterable, Mapping, Sequence
from typing import Self

from ovpipe.engines.protocol import (
    Beam,
    Delta,
    EngineError,
    EngineInfo,
    EngineUnavailable,
    FinishReason,
    GenerationMeter,
    OnStep,
    PromptToken,
    SamplingParams,
    Token,
)

FAKE_ENGINE_INFO = EngineInfo(
    core="fake",
    device="CPU",
    context_length=2048,
    vocab_size=258,
    eos_token_ids=[256],
    num_kv_blocks=128,
    block_size=32,
    cache_bytes=128 * 32 * 1024,
    max_num_seqs=8,
    max_num_batched_tokens=256,
    dynamic_split_fuse=True,
    capabilities=frozenset(
        {
            *("max_tokens", "min_tokens", "stop_token_ids", "ignore_eos", "priority"),
            *("temperature", "top_p", "top_k", "min_p", "seed"),
            *("repetition_penalty", "frequency_penalty", "presence_penalty"),
            *("use_beam_search", "length_penalty", "num_beam_groups", "diversity_penalty", "early_stopping"),
            *("logprobs", "structured_outputs"),
        }
    ),
)


Entry = int | Token | Sequence[int | Token] | Sequence[Beam] | EngineError
Script = Iterable[Entry]


class FakeEngine:
    """An Engine that answers from a script, one entry a step.

    An entry is a token, several tokens that come together, the next PromptTokens of the prompt, the beams of
    a search, or an EngineError that is raised in their place. The last entry of the script carries `finish`;
    with `finish=None` the answer never ends by itself. A request's `max_tokens` cuts it with "length".
    Log-probabilities are handed out to requests that ask for them.

    Every request gets the same script, unless there are more in `others`: then the second request gets the
    first of those, and so on; the last one serves all that follow.

    What happened is in `requests`, `priorities` and `adapters`, `cancelled` (the generations that were left
    before their end) and `finished`, all in the order it happened.

        engine = FakeEngine([*b"Hello", FakeTokenizer.EOS])
        out = CalculatorRunner(MyCalculator()).run(prompt=[prompt], engine=engine)
        assert engine.finished == [1]
    """

    def __init__(
        self,
        script: Script,
        *others: Script,
        finish: FinishReason | None = "stop",
        info: EngineInfo = FAKE_ENGINE_INFO,
        unavailable: EngineUnavailable | None = None,
    ) -> None:
        self.scripts: list[list[Entry]] = [list(entries) for entries in (script, *others)]
        self.finish = finish
        self.unavailable = unavailable
        self.requests: list[tuple[list[int], SamplingParams]] = []
        """Prompt and parameters of each request; request n is `requests[n - 1]`."""
        self.priorities: list[int] = []
        self.adapters: list[str | None] = []
        self.cancelled: list[int] = []
        self.finished: list[int] = []
        self.progress = 0
        """Steps of all requests; one that never ends stands still after its script."""
        self._info = info

    @property
    def info(self) -> EngineInfo:
        return self._info

    def generate(
        self,
        prompt: Sequence[int],
        sampling: SamplingParams,
        *,
        priority: int = 0,
        adapter: str | None = None,
        on_step: OnStep | None = None,
        meter: GenerationMeter | None = None,
    ) -> FakeGeneration:
        """Starts the script for one request; raises `unavailable` if that was given."""
        if self.unavailable is not None:
            raise self.unavailable
        self.requests.append((list(prompt), sampling))
        self.priorities.append(priority)
        self.adapters.append(adapter)
        return FakeGeneration(self, len(self.requests), sampling, meter)

    def metrics(self) -> Mapping[str, float]:
        """How many requests there were of each fate."""
        return {
            "requests_total": len(self.requests),
            "finished_total": len(self.finished),
            "cancelled_total": len(self.cancelled),
        }


class FakeGeneration:
    """One request's way through its script. Each step lets the event loop run once, as a real one would."""

    def __init__(
        self,
        engine: FakeEngine,
        request: int,
        sampling: SamplingParams,
        meter: GenerationMeter | None = None,
    ) -> None:
        self._engine = engine
        self._meter = meter
        self._request = request
        self._sampling = sampling
        self._script = engine.scripts[min(request, len(engine.scripts)) - 1]
        self._steps = 0
        self._generated = 0
        self._closed = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Delta:
        await asyncio.sleep(0)
        if self._closed:
            raise StopAsyncIteration
        if self._steps == len(self._script):
            await asyncio.get_running_loop().create_future()  # nothing more comes; cancelling gets out
        entry = self._script[self._steps]
        self._steps += 1
        self._engine.progress += 1
        if isinstance(entry, EngineError):
            self._closed = True
            if self._meter is not None:
                self._meter.ended(None)
            raise entry
        before = self._generated
        delta = self._delta([entry] if isinstance(entry, int | Token) else entry)
        if self._meter is not None:
            self._meter.tokens(delta.generated - before, delta.cached_tokens)
            if delta.finish is not None:
                self._meter.ended(delta.finish)
        if delta.finish is not None:
            self._closed = True
            self._engine.finished.append(self._request)
        return delta

    def _delta(self, entry: Sequence[int | Token] | Sequence[Beam]) -> Delta:
        beams = [part for part in entry if isinstance(part, Beam)]
        if beams:
            total = sum(len(beam.tokens) for beam in beams)
            return Delta(self._request, [], total, beams[0].finish, beams)
        prompt = [part for part in entry if isinstance(part, PromptToken)]
        if prompt:
            return Delta(self._request, [], 0, prompt_logprobs=prompt)
        tokens = [self._token(part) for part in entry if not isinstance(part, Beam)]
        kept = tokens[: self._sampling.max_tokens - self._generated]
        self._generated += len(kept)
        finish: FinishReason | None = None
        if self._steps == len(self._script) and len(kept) == len(tokens):
            finish = self._engine.finish
        if finish is None and self._generated == self._sampling.max_tokens:
            finish = "length"
        seed = self._sampling.seed if self._steps == 1 else None
        return Delta(self._request, kept, self._generated, finish, seed=seed)

    def _token(self, part: int | Token) -> Token:
        """A token of the script; with a log-probability (0 unless the script says) if the request asks."""
        if not self._sampling.logprobs:
            return Token(part if isinstance(part, int) else part.id)
        return Token(part, 0.0) if isinstance(part, int) else part

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.cancel()

    def cancel(self) -> None:
        """Ends the request; after its end this does nothing."""
        if not self._closed:
            self._closed = True
            if self._meter is not None:
                self._meter.ended(None)
            self._engine.cancelled.append(self._request)


class FakeTokenizer:
    """A tokenizer whose tokens are the bytes of the text, with EOS and BOS besides.

    It has the methods of a Tokenizer, so that `encode("hi") == [104, 105]` can be read in a test.
    """

    EOS = 256
    BOS = 257
    vocab_size = 258
    special_ids = frozenset((EOS, BOS))
    eos_token_ids = (EOS,)
    control_tokens = None
    token_bytes = (*(bytes([byte]) for byte in range(256)), b"<eos>", b"<bos>")

    def __init__(self, chat_template: str | None = None) -> None:
        self.chat_template = chat_template
        self.chat_templates = {} if chat_template is None else {"default": chat_template}
        self.folder = None
        self.context_length = 2048
        self.special_tokens = {"eos_token": "<eos>", "bos_token": "<bos>"}

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
        """The bytes of the text, after a BOS if that is asked for."""
        return [*([self.BOS] if add_special_tokens else []), *text.encode()]

    def decode(self, ids: Sequence[int], *, skip_special_tokens: bool = True) -> str:
        """The text of the tokens; special ones stand for nothing, or are shown in angle brackets."""
        detokenizer = self.detokenizer(skip_special_tokens=skip_special_tokens)
        return detokenizer.push(ids) + detokenizer.flush()

    def fewest_tokens(self, pieces: Sequence[str]) -> int:
        """A number that the tokens of a text, which is in pieces, do not fall below."""
        return sum(map(len, pieces))

    def names_of(self, ids: Sequence[int]) -> list[str]:
        """The names of tokens: their bytes as hexadecimal numbers, special ones as they are shown."""
        return [f"<0x{index:02X}>" if index < 256 else self.text_of(index) for index in ids]

    def text_of(self, token: int) -> str:
        """The text of a single token, special ones too."""
        return self.decode((token,), skip_special_tokens=False)

    def detokenizer(self, *, skip_special_tokens: bool = True) -> FakeDetokenizer:
        """A detokenizer for one sequence that grows."""
        return FakeDetokenizer(skip_special_tokens)


class FakeDetokenizer:
    """The detokenizer of a FakeTokenizer."""

    def __init__(self, skip_special_tokens: bool) -> None:
        special = {FakeTokenizer.EOS: b"<eos>", FakeTokenizer.BOS: b"<bos>"}
        self._special = dict.fromkeys(special, b"") if skip_special_tokens else special
        self._decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode

    def push(self, ids: Sequence[int]) -> str:
        """The text that these tokens complete."""
        return self._decode(b"".join(self._special[i] if i in self._special else bytes([i]) for i in ids))

    def flush(self) -> str:
        """U+FFFD for a character that never was completed."""
        return self._decode(b"", final=True)
