"""A graph on paper: YAML to a checked plan."""

from ovpipe.graph.load import load_graph, load_graph_text
from ovpipe.graph.parameters import AssignedText, AssignmentError, parse_assignments
from ovpipe.graph.plan import NodePlan, Plan, StreamPlan
from ovpipe.graph.schema import SUPPORTED_VERSIONS, schema

__all__ = [
    "load_graph",
    "load_graph_text",
    "parse_assignments",
    "AssignedText",
    "AssignmentError",
    "Plan",
    "NodePlan",
    "StreamPlan",
    "schema",
    "SUPPORTED_VERSIONS",
]
