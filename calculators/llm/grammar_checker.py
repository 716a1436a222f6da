"""GrammarCheckerCalculator: tries grammars out before the engine sees them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ovpipe.calculator import Calculator, Context
from ovpipe.engines.cores import CORES
from ovpipe.engines.grammars.checker import GrammarChecker
from ovpipe.engines.grammars.limits import CheckerLimits
from ovpipe.engines.protocol import Engine
from ovpipe.ports import SideInput, SideOutput
from ovpipe.registry import register

LIMITS: Final = CheckerLimits()


@register
class GrammarCheckerCalculator(Calculator):
    """Tries out, in a process of its own, what answers must follow. The first grammar starts the process.

    No streams. Side input `engine`, whose core declares how its grammars are tried out. Side output
    `grammar_checker`: None for an engine of a core that declares nothing. Grammars are compiled for the
    tokenizer of the model in `models_path`; `time_limit` is how many seconds of computing that may take.

        grammar_checker:
          calculator: GrammarCheckerCalculator
          side_inputs: {engine: engine}
          side_outputs: {grammar_checker: grammar_checker}
          options: {models_path: ./models/qwen, time_limit: 5}
    """

    engine = SideInput[Engine]()
    grammar_checker = SideOutput[GrammarChecker | None]()

    def __init__(self, *, models_path: str, time_limit: float = LIMITS.seconds) -> None:
        if not time_limit > 0:
            raise ValueError(f"time_limit is {time_limit:g}; it is in seconds and above 0")
        self._folder = Path(models_path)
        self._limits = CheckerLimits(seconds=time_limit)
        self._checker: GrammarChecker | None = None

    async def open(self, cx: Context) -> None:
        """Starts nothing yet."""
        core = CORES.get(cx[self.engine].info.core)
        if core is not None:
            self._checker = await GrammarChecker.open(self._folder, core.grammar_checker, limits=self._limits)
        cx.set_side(self.grammar_checker, self._checker)

    async def close(self, cx: Context) -> None:
        """Ends the checker's process if there is one."""
        if self._checker is not None:
            await self._checker.close()
