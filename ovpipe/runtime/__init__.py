"""A graph at work: streams, nodes, runs."""

from ovpipe.runtime.graph import Graph
from ovpipe.runtime.reader import Reader
from ovpipe.runtime.run import Run

__all__ = ["Graph", "Reader", "Run"]
