"""A core that a step has poisoned, where the requests that may have done it are known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar


class Poisoned(Exception):
    """A step failed, over one of these requests it may be. The core is done for."""

    fault: ClassVar[str] = "the engine failed over it"
    """What is wrong with the guilty one."""

    def __init__(self, message: str, suspects: Sequence[int]) -> None:
        super().__init__(message)
        self.suspects = tuple(suspects)


class PoisonedByGrammar(Poisoned):
    """A step failed over the grammar of one of these requests."""

    fault = "its grammar cannot be used"
