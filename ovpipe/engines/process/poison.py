"""A core that a step has poisoned, where the requests that may have done it are known."""

from __future__ import annotations

from collections.abc import Sequence

from ovpipe.engines.messages import Refused


class PoisonedByGrammar(Exception):
    """A step failed over the grammar of one of these requests. The core is done for."""

    def __init__(self, message: str, suspects: Sequence[int]) -> None:
        super().__init__(message)
        self.suspects = tuple(suspects)

    def refusals(self) -> list[Refused]:
        """What the suspects get. One alone is guilty; of several each may try again."""
        if len(self.suspects) == 1:
            text = f"its grammar cannot be used: {self}"
            return [Refused(self.suspects[0], text)]
        text = f"the grammar of this request, or of another that came with it, cannot be used: {self}"
        return [Refused(suspect, text, transient=True) for suspect in self.suspects]
