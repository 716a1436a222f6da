"""Candidates: several texts for one prompt, of which the likeliest are answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ovpipe.calculators.llm.detokenizer import TokenText
from ovpipe.calculators.llm.generation.choices import ChoiceRequest
from ovpipe.calculators.llm.output_parsers.choice_parser import ChoiceParser
from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest
from ovpipe.calculators.llm.text.cutter import Cutter
from ovpipe.engines.protocol import Delta, FinishReason, PromptToken, Token
from ovpipe.tokenizers.tokenizer import Tokenizer


class AnswerReading(NamedTuple):
    """What finds stop strings in texts that are tokens yet."""

    tokenizer: Tokenizer
    new_parser: Callable[[], ChoiceParser]


class Candidate:
    """One text as it grows, up to its first stop string: what would be cut off is no reason to choose it."""

    def __init__(
        self,
        asked: ChoiceRequest,
        request: ChatRequest | CompletionRequest,
        reading: AnswerReading | None,
    ) -> None:
        self.asked = asked
        self._tokens: list[Token] = []
        self._finish: FinishReason | None = None
        self._seed: int | None = None
        self.cached_tokens: int | None = None
        """Tokens of the prompt that the engine had for this one already."""
        self._prompt: list[PromptToken] = []
        self._text: TokenText | None = None
        if reading is not None:
            self._text = TokenText(reading.tokenizer, request)
            self._parser = reading.new_parser()
            self._cutter = Cutter(request)

    def add(self, delta: Delta) -> bool:
        """Takes the next tokens; returns whether a stop string has ended the text among them.

        Such a text has no finish of its own: its tokens hold the stop, and StopStringsCalculator finds it.
        """
        tokens, finish = delta.tokens, delta.finish
        if self._text is not None:
            kept = self._cutter.cut(self._parser.parse(self._text.read(self.asked.delta(delta))))
            if self._cutter.stopped:
                if len(kept.tokens) < len(tokens):
                    finish = None
                tokens = list(kept.tokens)
        self._tokens += tokens
        self._finish = finish
        if delta.seed is not None:
            self._seed = delta.seed
        self.cached_tokens = delta.cached_tokens
        self._prompt += delta.prompt_logprobs
        return self._text is not None and self._cutter.stopped

    def whole(self, cached_tokens: int | None) -> Delta:
        """The text in one. `cached_tokens` are those that it says of the prompt."""
        return Delta(
            0,
            self._tokens,
            len(self._tokens),
            self._finish,
            seed=self._seed,
            cached_tokens=cached_tokens,
            prompt_logprobs=self._prompt,
        )

    @property
    def mean_logprob(self) -> float:
        """How likely the text is, by token."""
        logprobs = [token.logprob for token in self._tokens if token.logprob is not None]
        return sum(logprobs) / len(logprobs) if logprobs else float("-inf")


def cached_tokens_of(candidates: list[Candidate]) -> int | None:
    """Tokens of their one prompt that the engine had before it read it for any of them."""
    known = [one.cached_tokens for one in candidates if one.cached_tokens is not None]
    return min(known, default=None)


def best(candidates: list[Candidate], n: int) -> list[Candidate]:
    """The n whose tokens have the highest mean log-probability, the best first."""
    return sorted(candidates, key=lambda candidate: candidate.mean_logprob, reverse=True)[:n]
