"""ClockEngineCalculator: an engine that keeps time and computes nothing, in a process of its own."""

from __future__ import annotations

import sys
from pathlib import Path

from ovpipe import Calculator, Context, SideOutput, register
from ovpipe.engines.process.client import EngineClient
from ovpipe.engines.process.command import HostCommand
from ovpipe.engines.protocol import Engine

HOST = Path(__file__).parent.parent / "clock_host.py"


@register
class ClockEngineCalculator(Calculator):
    """Gives an engine whose step takes `step_seconds`, with a token for each of `max_num_seqs` requests."""

    engine = SideOutput[Engine]()

    def __init__(self, *, step_seconds: float = 0.02, max_num_seqs: int = 32) -> None:
        self._options = {"step_seconds": step_seconds, "max_num_seqs": max_num_seqs}
        self._client: EngineClient | None = None

    async def open(self, cx: Context) -> None:
        """Starts the process."""
        command = HostCommand((sys.executable, str(HOST)))
        self._client = await EngineClient.open(command, self._options, name="clock")
        cx.set_side(self.engine, self._client)

    async def close(self, cx: Context) -> None:
        """Ends it."""
        if self._client is not None:
            await self._client.close()
