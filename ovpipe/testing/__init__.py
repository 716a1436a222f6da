"""What calculators and graphs are tested with."""

from ovpipe.testing.feeding import Bound
from ovpipe.testing.graph_runner import GraphRunner, Streams
from ovpipe.testing.runner import CalculatorRunner, Outputs

__all__ = ["Bound", "CalculatorRunner", "GraphRunner", "Outputs", "Streams"]
