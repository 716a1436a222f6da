"""SequenceGroup: a request in the engine, with its sequences."""

from __future__ import annotations

from dataclasses import dataclass, field

from ovpipe.calculators.engine.searching.search_state import SearchState
from ovpipe.calculators.engine.sequences.engine_sequence import EngineSequence
from ovpipe.engines.protocol import GenerateRequest


@dataclass(slots=True, eq=False)
class SequenceGroup:
    """Changed by the scheduler alone. Its sequences begin with the prompt; they run and wait together."""

    request: GenerateRequest
    seed: int
    """The request's, or the engine's own choice."""
    rank: tuple[float, int]
    """Lower ones come first: by the scheduler's policy, then by arrival."""
    sequences: list[EngineSequence] = field(init=False)
    search: SearchState | None = field(init=False)
    """Where its beam search stands, if it is one."""
    leader: SequenceGroup | None = None
    """Another that reads the same prompt. This one has no blocks, and is going to share the leader's."""
    cached: int | None = None
    """Tokens of its prompt that stood in the cache when it began; None: it has not begun."""
    scored: int = 0
    """How many of its prompt's tokens were delivered with their log-probabilities, where it asks for them."""
    begun: bool = False
    """Whether a step was made that reads of it, or of its leader's."""

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """One sequence, the prompt. A beam search that is preempted starts over: nobody saw its texts."""
        beams = self.request.sampling.beams
        self.search = None if beams is None else SearchState.start(beams.groups)
        self.sequences = [EngineSequence(list(self.request.prompt), adapter=self.request.adapter)]

    @property
    def scores_from(self) -> int | None:
        """The first of the prompt's tokens whose log-probability is wanted still; None: none is."""
        wanted = self.request.sampling.prompt_logprobs is not None
        return self.scored if wanted and self.scored < len(self.request.prompt) else None

    def scores_the_same(self, other: SequenceGroup) -> bool:
        """Whether both, which have one prompt, want the same log-probabilities of the same rest of it."""
        asked = self.request.sampling.prompt_logprobs
        same = asked is not None and asked == other.request.sampling.prompt_logprobs
        return same and self.scores_from is not None and self.scores_from == other.scores_from

    @property
    def places(self) -> int:
        """How many of the sequences that may run at once it takes."""
        beams = self.request.sampling.beams
        return 1 if beams is None else beams.width

    @property
    def is_fresh(self) -> bool:
        """Whether there is nothing of it beyond its prompt."""
        return len(self.sequences[0].tokens) == len(self.request.prompt)

    @property
    def reads_its_prompt(self) -> bool:
        """Whether the model has yet to read of its prompt."""
        return self.sequences[0].past < len(self.request.prompt)

    @property
    def unread(self) -> int:
        """How many tokens the model has yet to read, of the sequence that it has read least of."""
        return max(sequence.unread for sequence in self.sequences)

    @property
    def has_blocks(self) -> bool:
        """Whether it holds any part of the cache."""
        return any(sequence.blocks for sequence in self.sequences)
