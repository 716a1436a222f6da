"""PromptLookupCalculator: guesses the tokens to come from the text before them."""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar

import msgspec

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.engine.drafting.seen_phrases import SeenPhrases
from ovpipe.calculators.engine.packets import BatchRow, Sampled, SampledToken, SearchedBeams
from ovpipe.engines.protocol import SamplingParams
from ovpipe.ports import Input, Output
from ovpipe.registry import register


@register
class PromptLookupCalculator(Calculator):
    """Drafts tokens: where a text's last tokens stood in it before, what followed them may follow again.

    The scheduler has the model read drafts beside the token that was sampled, where a step has room for them,
    and the sampler says how many of them are right. So a text that repeats itself takes fewer steps, and is
    the same.

    A request asks for it by `num_assistant_tokens` or `max_ngram_size`; with `enabled` all do. The options of
    these names are for what it leaves open. A beam search has no drafts.

        speculator:
          calculator: PromptLookupCalculator
          inputs: {sampled: sampled}
          outputs: {drafted: drafted}
          options: {enabled: true, num_assistant_tokens: 5, max_ngram_size: 3}
    """

    capabilities: ClassVar[frozenset[str]] = frozenset({"num_assistant_tokens", "max_ngram_size"})
    sampled = Input[Sampled]()
    drafted = Output[Sampled]()

    def __init__(
        self,
        *,
        enabled: bool = False,
        num_assistant_tokens: int | None = None,
        max_ngram_size: int | None = None,
    ) -> None:
        self._enabled = enabled
        self._tokens = 5 if num_assistant_tokens is None else num_assistant_tokens
        self._ngram = 3 if max_ngram_size is None else max_ngram_size
        for name, value in (("num_assistant_tokens", self._tokens), ("max_ngram_size", self._ngram)):
            if value < 1:
                raise ValueError(f"{name} is {value}; at least 1 is needed")

        self._seen: dict[tuple[int, int], SeenPhrases] = {}
        """Of the texts that the latest step drafted for, by request and sequence; others are read anew."""

    def process(self, cx: Context) -> None:
        """Sends what was sampled, with drafts behind the last token of each text that wants them."""
        before, self._seen = self._seen, {}
        for one in cx[self.sampled]:
            key = (one.row.request.id, one.row.sequence)
            if key in before:
                self._seen[key] = before[key]
        drafted = tuple(
            self._with_drafts(one, after)
            for one, after in pairwise((*cx[self.sampled], None))
            if one is not None
        )
        cx.send(self.drafted, drafted)

    def uses(self, row: BatchRow) -> bool:
        """Whether the text of a row has drafts."""
        return self._wants(row.sampling)

    def _with_drafts(
        self, last: SampledToken | SearchedBeams, after: SampledToken | SearchedBeams | None
    ) -> SampledToken | SearchedBeams:
        """A token with its drafts, unless another of its text comes after it."""
        row = last.row
        if isinstance(last, SearchedBeams) or last.token is None or last.finish is not None:
            return last
        if not self._wants(row.sampling) or (isinstance(after, SampledToken) and after.follows(last)):
            return last
        count = row.sampling.num_assistant_tokens or self._tokens
        # The token after the drafts is sampled, too.
        left = row.sampling.max_tokens - row.generated - 2
        seen = self._seen.setdefault((row.request.id, row.sequence), SeenPhrases())
        seen.follow(row.history, row.length, last.token.id)
        drafts = seen.drafts(min(count, left), row.sampling.max_ngram_size or self._ngram)
        return msgspec.structs.replace(last, drafts=drafts) if drafts else last

    def _wants(self, sampling: SamplingParams) -> bool:
        if sampling.beams is not None:
            return False
        asked = sampling.num_assistant_tokens is not None or sampling.max_ngram_size is not None
        return self._enabled or asked
