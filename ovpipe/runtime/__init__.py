"""A graph at work: streams, nodes, runs."""

from ovpipe.runtime.runs.graph import Graph
from ovpipe.runtime.runs.reader import Reader
from ovpipe.runtime.runs.run import Run
from ovpipe.runtime.watching.listener import Listener
from ovpipe.runtime.watching.node_metrics import NodeMetrics
from ovpipe.runtime.watching.snapshot import RunSnapshot
from ovpipe.runtime.watching.stall import explain_stall
from ovpipe.runtime.watching.trace import Trace

__all__ = ["Graph", "Listener", "NodeMetrics", "Reader", "Run", "RunSnapshot", "Trace", "explain_stall"]
