"""The errors of ovpipe: a class for each thing that can go wrong."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches


class OvpipeError(Exception):
    """Anything that ovpipe itself raises."""


class TimestampError(OvpipeError, ValueError):
    """A timestamp that does not exist, or a packet that comes too early for its stream."""


class DeclarationError(OvpipeError, TypeError):
    """A calculator class is declared wrongly: a port without a usable type, two ports of one name."""


class OptionError(OvpipeError, ValueError):
    """A calculator's option is unknown, missing or of a wrong type."""


class RegistryError(OvpipeError):
    """A calculator cannot be registered, loaded or found."""


class EmptyInputError(OvpipeError, LookupError):
    """`cx[port]` was read where that input has no packet. Ask `port in cx` or use `cx.get(port)`."""


class PortError(OvpipeError, LookupError):
    """A port was used that the calculator does not have, or in a way it does not allow."""


class CodecError(OvpipeError, ValueError):
    """A packet cannot be written down, or what was written cannot be read."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One mistake in a graph file, with its place."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


class GraphError(OvpipeError):
    """A graph cannot be loaded. `findings` holds every mistake that was found, not only the first."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("\n".join(map(str, findings)))
        self.findings = tuple(findings)


class RunError(OvpipeError):
    """A node failed and ended its run. The original exception, of whatever class, is the `__cause__`.

    `phase` is constructor, open, process or close; `timestamp` is a Timestamp; `place` is file:line of the
    node in its graph file.
    """

    def __init__(self, message: str, *, node: str, timestamp: int, phase: str, place: str) -> None:
        super().__init__(message)
        self.node = node
        self.timestamp = timestamp
        self.phase = phase
        self.place = place


class RunCancelled(OvpipeError):
    """The run was cancelled before it ended by itself."""


class StalledError(OvpipeError):
    """A run cannot continue: a queue is full and may not grow, or inputs never settle."""


class QueueFullError(OvpipeError):
    """A packet was sent to a full queue of a stream with `overflow: error`."""


class NotFoundError(OvpipeError, LookupError):
    """A name of a stream, a side packet or a model that does not exist; the message lists those that do."""


class Abandoned(OvpipeError):
    """Every consumer of this output has said `cx.done`.

    A node that does not catch it ends cleanly and is itself done with its inputs.
    """


class RequestError(OvpipeError):
    """A request cannot be served, for a reason its sender should know.

    It becomes an HTTP error in the shape of the route it belongs to. `type`, `code` and `param` are
    those of OpenAI's error object. `retry_after` is in seconds. Messages never echo the sender's bytes
    beyond names the server knows. `request_id` is that of the request: the front door sets it.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        type: str | None = None,
        code: str | None = None,
        param: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.type = type or default_error_type(status)
        self.code = code
        self.param = param
        self.retry_after = retry_after
        self.request_id: str | None = None


def default_error_type(status: int) -> str:
    """OpenAI's type of an error with this status."""
    if status == 429:
        return "rate_limit_error"
    return "invalid_request_error" if status < 500 else "server_error"


def is_interrupt(error: BaseException) -> bool:
    """Whether an exception is a Ctrl-C that Python itself raised, and so ends the process.

    Python raises it in whatever runs on the main thread, as long as its own handler is in charge of SIGINT.
    A server and `asyncio.run` have handlers of their own: there a KeyboardInterrupt comes from a calculator,
    and is its failure. A SystemExit always is.
    """
    return (
        isinstance(error, KeyboardInterrupt)
        and threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The name that was most likely meant: a similar one, or a longer one, such as chat_request for chat."""
    names = sorted(known)
    near = get_close_matches(name, names, n=1, cutoff=0.6)
    near = near or [other for other in names if other.startswith(f"{name}_")]
    return near[0] if near else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The remedy for a name that does not exist: the nearest name, or all names."""
    names = sorted(known)
    near = nearest(name, names)
    if near is not None:
        return f"did you mean {near!r}?"
    return f"there are: {', '.join(names)}" if names else "there are none"
