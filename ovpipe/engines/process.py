"""The engine's process as the server holds it: started, spoken to, killed, waited for."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from collections import deque
from collections.abc import Sequence

from ovpipe.engines.wire import ClientWire

HOST_COMMAND: tuple[str, ...] = (sys.executable, "-P", "-m", "ovpipe.engines.host")
"""-P: a module of the user's in the working folder must not shadow one of ours."""

STDERR_LINES_KEPT = 20
_STDERR_LINE_BYTES = 4096

_log = logging.getLogger("ovpipe.engine")


class HostProcess:
    """One child process, in a session of its own, with a socket to it and its stderr in the log."""

    def __init__(self, process: asyncio.subprocess.Process, wire: ClientWire, name: str) -> None:
        self.wire = wire
        self._process = process
        self._name = name
        self._stderr: deque[str] = deque(maxlen=STDERR_LINES_KEPT)
        self._stderr_task = asyncio.create_task(self._forward_stderr(), name=f"stderr of engine {name}")

    @classmethod
    async def spawn(cls, command: Sequence[str], name: str) -> HostProcess:
        """Starts the process. To be awaited on the event loop's own thread, and only there.

        Linux ties the child's parent-death signal to the thread that forks; a worker thread of a pool
        may end early, and would take the engine along.
        """
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            wire = await ClientWire.connect(ours)
            try:
                process = await asyncio.create_subprocess_exec(
                    *command,
                    *("--fd", str(theirs.fileno()), "--parent", str(os.getpid())),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.DEVNULL,
                    stderr=asyncio.subprocess.PIPE,
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,
                )
            except BaseException:
                wire.close()
                raise
        return cls(process, wire, name)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def stderr_tail(self) -> str:
        """The last lines of what the process has printed."""
        return "\n".join(self._stderr)

    def kill(self) -> None:
        """Kills the process and all it has started. It is still to be waited for."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    async def close(self, timeout: float) -> str:
        """Closes the socket, which ends the host; kills it after `timeout`. Returns how it ended.

        However this call ends, the process is dead or dying and is reaped by the event loop.
        """
        self.wire.close()
        try:
            async with asyncio.timeout(timeout):
                await self._process.wait()
        except TimeoutError:
            pass
        finally:
            self.kill()
        status = await self._process.wait()
        # Grandchildren could hold the pipe open; what the process itself wrote is read by then.
        await asyncio.wait([self._stderr_task], timeout=1.0)
        self._stderr_task.cancel()
        await asyncio.wait([self._stderr_task])
        return _describe(status)

    async def _forward_stderr(self) -> None:
        stream = self._process.stderr
        assert stream is not None
        line = b""
        while chunk := await stream.read(_STDERR_LINE_BYTES):
            *lines, line = (line + chunk).split(b"\n")
            if len(line) > _STDERR_LINE_BYTES:
                lines, line = [*lines, line], b""
            for complete in lines:
                self._log_line(complete)
        self._log_line(line)

    def _log_line(self, line: bytes) -> None:
        text = line.decode(errors="replace").rstrip()
        if text:
            self._stderr.append(text)
            _log.info("%s: %s", self._name, text)


def _describe(status: int) -> str:
    if status >= 0:
        return f"exited with status {status}"
    try:
        return f"was killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"was killed by signal {-status}"
