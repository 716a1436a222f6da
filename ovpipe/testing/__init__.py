"""What calculators and graphs are tested with."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ovpipe.testing.feeding import Bound
    from ovpipe.testing.graph_runner import GraphRunner, Streams
    from ovpipe.testing.runner import CalculatorRunner, Outputs

__all__ = ["Bound", "CalculatorRunner", "GraphRunner", "Outputs", "Streams"]


def __getattr__(name: str) -> Any:
    """Imports the runtime when it is first asked for: pytest loads the plugin beside it for all tests."""
    for module in ("feeding", "graph_runner", "runner"):
        if name in __all__ and hasattr(found := import_module(f"{__name__}.{module}"), name):
            return getattr(found, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
