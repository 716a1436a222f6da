"""The engine's process as the server holds it: started, spoken to, killed, waited for."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import signal
import socket
from collections import deque

from ovpipe.engines.process.command import HostCommand
from ovpipe.engines.wire import ClientWire

STDERR_LINES_KEPT = 20
_STDERR_LINE_BYTES = 4096

_KILL_SECONDS = 5.0
"""For a killed process to end. One that waits for a device or a network disk may take for ever."""

_log = logging.getLogger("ovpipe.engine")
_RECORD = re.compile(
    r"(?P<level>DEBUG|INFO|WARNING|ERROR|CRITICAL) (?P<logger>ovpipe[\w.]{0,100}): (?P<text>.*)"
)
"""As `host.main` has the process' logging write records."""


class HostProcess:
    """One child process, in a session of its own, with a socket to it and its stderr in the log."""

    def __init__(
        self, process: asyncio.subprocess.Process, wire: ClientWire, stderr: _Pipe, name: str
    ) -> None:
        self.wire = wire
        self._pipe = stderr
        self._process = process
        self._name = name
        self._stderr: deque[str] = deque(maxlen=STDERR_LINES_KEPT)
        self._stderr_task = asyncio.create_task(self._forward_stderr(), name=f"stderr of engine {name}")

    @classmethod
    async def spawn(cls, command: HostCommand, name: str) -> HostProcess:
        """Starts the process. To be awaited on the event loop's own thread, and only there.

        Linux ties the child's parent-death signal to the thread that forks; a worker thread of a pool
        may end early, and would take the engine along.
        """
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            wire = await ClientWire.connect(ours)
            pipe, pipe_end = await _Pipe.open()
            try:
                process = await asyncio.create_subprocess_exec(
                    *command.arguments,
                    *("--fd", str(theirs.fileno()), "--parent", str(os.getpid())),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.DEVNULL,
                    stderr=pipe_end,
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,
                    env={**os.environ, **command.environment},
                )
            except BaseException:  # a cancelled start, too, leaves no descriptor open
                wire.close()
                pipe.close()
                raise
            finally:
                os.close(pipe_end)
        return cls(process, wire, pipe, name)

    @property
    def name(self) -> str:
        """The engine's name, and the process: another life of it has another name."""
        return f"engine {self._name}, process {self.pid}"

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

        However this call ends, the process is dead or dying and is reaped by the event loop. It does not wait
        without bound for one that no signal ends.
        """
        self.wire.close()
        try:
            async with asyncio.timeout(timeout):
                await self._process.wait()
        except TimeoutError:
            pass
        finally:
            self.kill()
        try:
            async with asyncio.timeout(_KILL_SECONDS):
                how = _describe(await self._process.wait())
        except TimeoutError:
            how = f"was killed but does not end (process {self.pid})"
            _log.error("%s %s", self._name, how)
        # Grandchildren could hold the pipe open; what the process itself wrote is read by then.
        await asyncio.wait([self._stderr_task], timeout=1.0)
        self._pipe.close()
        self._stderr_task.cancel()
        await asyncio.wait([self._stderr_task])
        return how

    async def _forward_stderr(self) -> None:
        try:
            await self._forward_lines()
        except Exception:
            _log.exception("%s: what it prints cannot be read any more", self._name)
            self._pipe.close()  # a pipe that fills up would stop the process

    async def _forward_lines(self) -> None:
        line = b""
        while chunk := await self._pipe.reader.read(_STDERR_LINE_BYTES):
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
            logger, level, message = record_of(text)
            logger.log(level, "%s: %s", self._name, message)


def record_of(line: str) -> tuple[logging.Logger, int, str]:
    """What a line of the process' stderr is: a record of its own logging, or what native code prints."""
    record = _RECORD.fullmatch(line)
    if record is None:
        return _log, logging.INFO, line
    return (
        logging.getLogger(record["logger"]),
        logging.getLevelNamesMapping()[record["level"]],
        record["text"],
    )


class _Pipe:
    """The reading end of a pipe. Not asyncio's own of a child: for the end of that, too, its `wait` waits."""

    def __init__(self, reader: asyncio.StreamReader, transport: asyncio.ReadTransport) -> None:
        self.reader = reader
        self._transport = transport

    @classmethod
    async def open(cls) -> tuple[_Pipe, int]:
        """A pipe, and the descriptor of its other end, which the caller closes."""
        reader, (read, write) = asyncio.StreamReader(), os.pipe()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(read, "rb", buffering=0)
        )
        return cls(reader, transport), write

    def close(self) -> None:
        """Reads no more."""
        self._transport.close()


def _describe(status: int) -> str:
    if status >= 0:
        return f"exited with status {status}"
    try:
        return f"was killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"was killed by signal {-status}"
