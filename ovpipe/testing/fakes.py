"""Fakes of what a calculator reaches through side packets, written by hand to the same protocols."""

from __future__ import annotations

import asyncio
import codecs
from collections.abc import Iterable, Mapping, Sequence
from typing import Self

from ovpipe.engines.protocol import (
    Delta,
    EngineError,
    EngineInfo,
    EngineUnavailable,
    FinishReason,
    SamplingParams,
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
)

Script = Iterable[int | Sequence[int] | EngineError]


class FakeEngine:
    """An Engine that answers every request with the same script, one entry a step.

    An entry is a token, several tokens that come together, or an EngineError that is raised in their
    place. The last tokens of the script carry `finish`; with `finish=None` the answer never ends by itself.
    A request's `max_tokens` cuts it with "length". What happened is in `requests`, `cancelled` (the
    generations that were left before their end) and `finished`, all in the order it happened.

        engine = FakeEngine([*b"Hello", FakeTokenizer.EOS])
        out = CalculatorRunner(MyCalculator()).run(prompt=[prompt], engine=engine)
        assert engine.finished == [1]
    """

    def __init__(
        self,
        script: Script,
        *,
        finish: FinishReason | None = "stop",
        info: EngineInfo = FAKE_ENGINE_INFO,
        unavailable: EngineUnavailable | None = None,
    ) -> None:
        self.script: list[list[int] | EngineError] = [
            entry if isinstance(entry, EngineError) else [entry] if isinstance(entry, int) else list(entry)
            for entry in script
        ]
        self.finish = finish
        self.unavailable = unavailable
        self.requests: list[tuple[list[int], SamplingParams]] = []
        """Prompt and parameters of each request; request n is `requests[n - 1]`."""
        self.cancelled: list[int] = []
        self.finished: list[int] = []
        self._info = info

    @property
    def info(self) -> EngineInfo:
        return self._info

    def generate(self, prompt: Sequence[int], sampling: SamplingParams) -> FakeGeneration:
        """Starts the script for one request; raises `unavailable` if that was given."""
        if self.unavailable is not None:
            raise self.unavailable
        self.requests.append((list(prompt), sampling))
        return FakeGeneration(self, len(self.requests), sampling.max_tokens)

    def figures(self) -> Mapping[str, float]:
        """How many requests there were of each fate."""
        return {
            "requests_total": len(self.requests),
            "finished_total": len(self.finished),
            "cancelled_total": len(self.cancelled),
        }


class FakeGeneration:
    """One request's way through the script. Each step lets the event loop run once, as a real one would."""

    def __init__(self, engine: FakeEngine, request: int, max_tokens: int) -> None:
        self._engine = engine
        self._request = request
        self._max_tokens = max_tokens
        self._steps = 0
        self._generated = 0
        self._closed = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Delta:
        await asyncio.sleep(0)
        script = self._engine.script
        if self._closed:
            raise StopAsyncIteration
        if self._steps == len(script):
            await asyncio.get_running_loop().create_future()  # nothing more comes; cancelling gets out
        entry = script[self._steps]
        self._steps += 1
        if isinstance(entry, EngineError):
            self._closed = True
            raise entry
        tokens = entry[: self._max_tokens - self._generated]
        self._generated += len(tokens)
        finish: FinishReason | None = None
        if self._steps == len(script) and len(tokens) == len(entry):
            finish = self._engine.finish
        if finish is None and self._generated == self._max_tokens:
            finish = "length"
        if finish is not None:
            self._closed = True
            self._engine.finished.append(self._request)
        return Delta(self._request, list(tokens), self._generated, finish)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.cancel()

    def cancel(self) -> None:
        """Ends the request; after its end this does nothing."""
        if not self._closed:
            self._closed = True
            self._engine.cancelled.append(self._request)


class FakeTokenizer:
    """A tokenizer whose tokens are the bytes of the text, with EOS and BOS besides.

    It has the methods of a Tokenizer, so that `encode("hi") == [104, 105]` can be read in a test.
    """

    EOS = 256
    BOS = 257

    def __init__(self, chat_template: str | None = None) -> None:
        self.chat_template = chat_template
        self.special_tokens = {"eos_token": "<eos>", "bos_token": "<bos>"}

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
        """The bytes of the text, after a BOS if that is asked for."""
        return [*([self.BOS] if add_special_tokens else []), *text.encode()]

    def decode(self, ids: Sequence[int], *, skip_special_tokens: bool = True) -> str:
        """The text of the tokens; special ones stand for nothing, or are shown in angle brackets."""
        detokenizer = self.detokenizer(skip_special_tokens=skip_special_tokens)
        return detokenizer.push(ids) + detokenizer.flush()

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
