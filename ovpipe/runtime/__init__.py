"""A graph at work: streams, nodes, runs."""

from ovpipe.runtime.graph import Graph
from ovpipe.runtime.node_figures import NodeFigures
from ovpipe.runtime.reader import Reader
from ovpipe.runtime.run import Run
from ovpipe.runtime.trace import Trace

__all__ = ["Graph", "NodeFigures", "Reader", "Run", "Trace"]
