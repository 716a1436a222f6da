"""A request in genai's hands: what was asked, what came so far, and the handle on it."""

from __future__ import annotations

import math
from typing import Any

import openvino_genai

from ovpipe.engines.genai.admission_queue import Demand
from ovpipe.engines.genai.sampling import SpeculativeDecoding, samples
from ovpipe.engines.protocol import Beam, Delta, FinishReason, GenerateRequest, Token

_RESTARTS = 3
"""How often a beam search is started over, whose work so far is lost when genai drops it."""

_RESUMES = 8
"""How often in a row a generation is handed over again that has brought no token in between."""

_Finish = openvino_genai.GenerationFinishReason
_Status = openvino_genai.GenerationStatus


class LiveSequence:
    """Read after each step. `handle` is set while genai has it, and set anew when it is handed over again."""

    def __init__(
        self, request: GenerateRequest, seed: int, speculation: SpeculativeDecoding, demand: Demand
    ) -> None:
        self.request = request
        self.seed = seed
        self.speculation = speculation
        self.demand = demand
        self.generated: list[int] = []
        self.handle: Any = None
        self.reading = False
        """Whether genai has begun with its prompt, as far as that can be foreseen."""
        self.prompt_read = 0
        """How much of its prompt has had room in a step, cached parts included."""
        self._logprobs: list[float] = []
        """Of a search with one beam; others hand theirs on."""
        self._restarts = 0
        """Of a search; otherwise since the last token."""
        self._seed_to_report = seed if samples(request.sampling) else None

    @property
    def is_read(self) -> bool:
        """Whether all of its prompt has had room in a step."""
        return bool(self.generated) or self.prompt_read >= len(self.request.prompt)

    @property
    def dropped(self) -> bool:
        """Whether genai has given it up, where `read` gave no finish."""
        return bool(self.handle.get_status() != _Status.RUNNING)

    def read(self) -> Delta | None:
        """What the last step brought: tokens, the end, nothing yet."""
        return self._read_tokens() if self.request.sampling.beams is None else self._read_beams()

    def rewind(self) -> bool:
        """Makes it ready to be handed over again, from where it stands; False when it cannot be.

        Its tokens become part of the prompt. There a grammar would begin anew. The penalties for what was
        generated would no longer see it; the repetition penalty sees the prompt as well. Beams are not
        kept: nothing of them was handed out, so they begin anew. None of this goes on for ever.
        """
        self._restarts += 1
        sampling = self.request.sampling
        if sampling.beams is not None:
            self.generated.clear()
            self._logprobs.clear()
            return self._restarts <= _RESTARTS
        if self._restarts > _RESUMES:
            return False
        return not self.generated or (
            sampling.grammar is None and sampling.frequency_penalty == sampling.presence_penalty == 0
        )

    def _read_tokens(self) -> Delta | None:
        handle = self.handle
        tokens: list[Token] = []
        finish: FinishReason | None = None
        while handle.can_read():  # read() on an empty queue would block for ever, with the GIL held
            for output in handle.read().values():  # one, or none at all where it was dropped
                tokens += self._tokens(output.generated_ids, output.generated_log_probs)
                if output.finish_reason != _Finish.NONE:
                    finish = "length" if output.finish_reason == _Finish.LENGTH else "stop"
        self.generated += [token.id for token in tokens]
        if tokens:
            self._restarts = 0
        if not tokens and finish is None:
            return None
        seed, self._seed_to_report = self._seed_to_report, None
        return Delta(self.request.id, tokens, len(self.generated), finish, [], seed)

    def _read_beams(self) -> Delta | None:
        """All beams, when the search has come to its end."""
        beams = self.request.sampling.beams
        assert beams is not None
        outputs: list[Any] = []
        while self.handle.can_read():
            outputs += self.handle.read().values()
        if beams.width == 1:  # genai makes it a greedy generation, which comes token by token
            for output in outputs:
                self.generated += output.generated_ids
                self._logprobs += output.generated_log_probs
        if self.handle.get_status() != _Status.FINISHED:
            return None  # one that was dropped has beams to read, too; they are not whole
        if beams.width == 1:
            score = _score(self._logprobs, beams.length_penalty)
            found = [self._beam(self.generated, self._logprobs, score, outputs[-1])]
        else:
            found = [
                self._beam(output.generated_ids, output.generated_log_probs, output.score, output)
                for output in outputs
            ]
        found.sort(key=lambda beam: -beam.score)  # genai hands them out in any order
        total = sum(len(beam.tokens) for beam in found)
        return Delta(self.request.id, [], total, found[0].finish, found)

    def _beam(self, tokens: list[int], logprobs: list[float], score: float, output: Any) -> Beam:
        finish: FinishReason = "stop" if output.finish_reason == _Finish.STOP else "length"
        return Beam(self._tokens(tokens, logprobs), score, finish)

    def _tokens(self, ids: list[int], logprobs: list[float]) -> list[Token]:
        """Tokens as the protocol has them, with their log-probabilities if the request asked for them."""
        if not self.request.sampling.logprobs:
            return [Token(token) for token in ids]
        return [Token(token, logprob) for token, logprob in zip(ids, logprobs, strict=True)]


def _score(logprobs: list[float], length_penalty: float) -> float:
    """The sum over length ** length_penalty, as genai scores beams. The power may be beyond any float."""
    try:
        return sum(logprobs) / math.pow(len(logprobs), length_penalty)
    except OverflowError:
        return -0.0
    except ZeroDivisionError:
        return -math.inf
