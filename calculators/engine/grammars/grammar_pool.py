"""GrammarPool: compiles grammars beside the engine's steps, and keeps those that were used lately."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from ovpipe.engines.grammars.heap import heap_in_use
from ovpipe.engines.grammars.masks.followed_text import FollowedText
from ovpipe.engines.grammars.verdicts import GrammarRefused, key_of
from ovpipe.engines.protocol import GenerateRequest, Grammar

if TYPE_CHECKING:
    from ovpipe.engines.grammars.masks.compiling import CompiledGrammar
    from ovpipe.engines.grammars.masks.mask_maker import MaskMaker
    from ovpipe.engines.grammars.masks.token_table import TokenTable

MOST_BYTES: Final = 512 * 2**20
"""That compiled grammars may take."""
LEAST_BYTES: Final = 128 * 2**10
"""That a small one takes once it is compiled (measured: 40 to 140 KiB)."""
BYTES_OF_A_CHARACTER: Final = 20
"""Of its text, that a large one takes (measured: 12 to 16)."""


class GrammarPool:
    """The grammars of the requests that the engine has, and some of those that it had.

    A request's grammar is compiled in a thread while the request waits. `hold` begins that, and what is held
    is kept until `release`. Not to be called by several threads at once.
    """

    def __init__(self, tokens: TokenTable | None, *, missing: str = "", most_bytes: int = MOST_BYTES) -> None:
        """Compiles for a model's tokens; without them all grammars are refused, and `missing` says why."""
        self._tokens = tokens
        self._missing = missing
        self._most_bytes = most_bytes
        self._sizes: dict[bytes, int] = {}
        """What each is taken to take, in bytes."""
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="grammars")
        self._compiled: OrderedDict[bytes, Future[CompiledGrammar]] = OrderedDict()
        """Those used lately last."""
        self._mask_maker: MaskMaker | None = None
        self._held: dict[int, bytes] = {}
        """By request."""

    def __len__(self) -> int:
        """How many grammars are kept, those included that are being compiled."""
        return len(self._compiled)

    def hold(self, request: GenerateRequest) -> None:
        """The engine has this request; its grammar, if it has one, is compiled."""
        grammar = request.sampling.grammar
        if grammar is None:
            return
        key = self._held[request.id] = key_of(grammar)
        if key not in self._compiled:
            self._compiled[key] = self._threads.submit(self.compiled, grammar)
            self._sizes[key] = LEAST_BYTES + BYTES_OF_A_CHARACTER * len(grammar.text)

    def release(self, request_id: int) -> None:
        """The engine has this request no more."""
        key = self._held.pop(request_id, None)
        if key is None:
            return
        self._compiled.move_to_end(key)
        self._forget_oldest()

    @property
    def bytes_kept(self) -> int:
        """What the grammars that are kept take."""
        return sum(self._sizes.values())

    def _forget_oldest(self) -> None:
        """Forgets what no request has, as far as all take too much."""
        held = frozenset(self._held.values())
        for key in [key for key in self._compiled if key not in held]:
            if self.bytes_kept <= self._most_bytes:
                return
            self._compiled.pop(key).cancel()
            del self._sizes[key]

    def is_ready(self, request_id: int) -> bool:
        """Whether nothing of a request has still to be compiled."""
        key = self._held.get(request_id)
        return key is None or self._compiled[key].done()

    def wait(self, request_ids: list[int], seconds: float) -> None:
        """Returns when the grammar of one of these requests is compiled, or after so many seconds."""
        wait([self._compiled[self._held[each]] for each in request_ids], seconds, "FIRST_COMPLETED")

    def begin(self, request_id: int) -> FollowedText:
        """A text of the request's grammar, which has nothing yet; raises GrammarRefused."""
        key = self._held[request_id]
        return FollowedText(*self._compiled[key].result(), grammar=key)

    def masks(self, texts: Sequence[FollowedText], size: int) -> Iterator[NDArray[np.bool_]]:
        """Of each text, which of `size` tokens may follow. They are computed together, by all processors.

        A text whose grammar fails over it says so itself, and its mask says nothing.
        """
        if not texts:
            return iter(())
        if self._mask_maker is None:
            from ovpipe.engines.grammars.masks.mask_maker import MaskMaker  # imports llguidance

            self._mask_maker = MaskMaker()
        before = heap_in_use()
        bits = self._mask_maker.bits(texts, size)
        self._grow([text.grammar for text in texts], heap_in_use() - before - bits.nbytes)
        return self._mask_maker.masks(texts, bits, size)

    def _grow(self, grammars: Sequence[bytes], more: int) -> None:
        """What masks have added: the states that a text comes to stay with the grammar of all its texts."""
        grown = [key for key in dict.fromkeys(grammars) if key in self._sizes]
        for key in grown:
            self._sizes[key] = max(LEAST_BYTES, self._sizes[key] + more // len(grown))

    def close(self) -> None:
        """Begins nothing any more, and waits for nothing."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def compiled(self, grammar: Grammar) -> CompiledGrammar:
        """Compiles a grammar, which may take long; raises GrammarRefused."""
        if self._tokens is None:
            raise GrammarRefused(self._missing)
        from ovpipe.engines.grammars.masks.compiling import compiled  # imports llguidance

        return compiled(grammar, self._tokens)
