"""ovpipe: the MediaPipe of LLM serving, in Python.

It has the names that an author of calculators uses, and the graph and run that a user of graphs drives.
"""

from typing import TYPE_CHECKING, Any

from ovpipe.calculator import Calculator, Context
from ovpipe.errors import (
    Abandoned,
    DeclarationError,
    EmptyInputError,
    Finding,
    GraphError,
    NotFoundError,
    OptionError,
    OvpipeError,
    PortError,
    QueueFullError,
    RegistryError,
    RequestError,
    RunCancelled,
    RunError,
    StalledError,
    TimestampError,
)
from ovpipe.function_calculator import FunctionCalculator, calculator
from ovpipe.http import (
    Client,
    FormData,
    FormFile,
    HttpRequest,
    ModelIn,
    ResponseBody,
    ResponsePart,
    ResponseStart,
    Route,
)
from ovpipe.packet import Packet
from ovpipe.ports import Input, Output, RepeatedInput, RepeatedOutput, SideInput, SideOutput
from ovpipe.registry import Registry, register
from ovpipe.timestamp import Timestamp

if TYPE_CHECKING:
    from ovpipe.runtime import (
        Graph,
        Listener,
        NodeMetrics,
        Reader,
        Run,
        RunSnapshot,
        Trace,
        explain_stall,
    )

__all__ = [
    "Abandoned",
    "Calculator",
    "Client",
    "Context",
    "DeclarationError",
    "EmptyInputError",
    "Finding",
    "FormData",
    "FormFile",
    "FunctionCalculator",
    "Graph",
    "GraphError",
    "HttpRequest",
    "Input",
    "Listener",
    "ModelIn",
    "NodeMetrics",
    "NotFoundError",
    "OptionError",
    "Output",
    "OvpipeError",
    "Packet",
    "PortError",
    "QueueFullError",
    "Reader",
    "Registry",
    "RegistryError",
    "RepeatedInput",
    "RepeatedOutput",
    "RequestError",
    "ResponseBody",
    "ResponsePart",
    "ResponseStart",
    "Route",
    "Run",
    "RunCancelled",
    "RunError",
    "RunSnapshot",
    "SideInput",
    "SideOutput",
    "StalledError",
    "Timestamp",
    "TimestampError",
    "Trace",
    "calculator",
    "explain_stall",
    "register",
]


OF_THE_RUNTIME = frozenset(
    ("Graph", "Listener", "NodeMetrics", "Reader", "Run", "RunSnapshot", "Trace", "explain_stall")
)


def __dir__() -> list[str]:
    """The names for users, and what every module has."""
    return sorted({*__all__, *globals()})


def __getattr__(name: str) -> Any:
    """Imports the runtime when it is first asked for: an engine's process never does."""
    if name in OF_THE_RUNTIME:
        from ovpipe import runtime

        return getattr(runtime, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
