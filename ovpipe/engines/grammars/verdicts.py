"""What was found of grammars: errors with their kinds, and a bounded memory of them."""

from __future__ import annotations

import hashlib
from collections import OrderedDict

import msgspec

from ovpipe.engines.protocol import EngineError, Grammar

_MOST_REMEMBERED = 256


class GrammarRefused(EngineError):
    """The engine's grammar library cannot use this grammar; the message says why."""


class GrammarTimeout(GrammarRefused):
    """The grammar takes longer than the limit. An engine that compiles it would keep everybody waiting."""


class GrammarUnavailable(EngineError):
    """Nothing is known of the grammar: the checker cannot be started or stands still, or others wait."""

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class GrammarShareTaken(GrammarUnavailable):
    """As many grammars of this client wait as one client may have there."""


class Verdict(msgspec.Struct, frozen=True):
    """Good without `fact`; else what is wrong."""

    fact: str = ""
    timed_out: bool = False

    def speak(self) -> None:
        """Raises the error that it is, if it is one."""
        if self.timed_out:
            raise GrammarTimeout(self.fact)
        if self.fact:
            raise GrammarRefused(self.fact)


class Verdicts:
    """The latest verdicts, those asked for lately kept longest. Of a grammar only its hash is kept."""

    def __init__(self, most: int = _MOST_REMEMBERED) -> None:
        self._most = most
        self._by_key: OrderedDict[bytes, Verdict] = OrderedDict()

    def __len__(self) -> int:
        return len(self._by_key)

    def find(self, key: bytes) -> Verdict | None:
        """The verdict on a grammar, if it is remembered."""
        verdict = self._by_key.get(key)
        if verdict is not None:
            self._by_key.move_to_end(key)
        return verdict

    def keep(self, key: bytes, verdict: Verdict) -> None:
        """Remembers a verdict, and forgets the one that was not asked for the longest."""
        self._by_key[key] = verdict
        self._by_key.move_to_end(key)
        if len(self._by_key) > self._most:
            self._by_key.popitem(last=False)


def key_of(grammar: Grammar) -> bytes:
    """What a grammar is known by."""
    return hashlib.sha256(f"{grammar.kind}\0{grammar.text}".encode()).digest()
