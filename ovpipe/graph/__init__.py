"""A graph on paper: YAML to a checked plan."""

from ovpipe.graph.assignments import AssignedText, AssignmentError, parse_assignments
from ovpipe.graph.files import find_graph, shipped_graphs
from ovpipe.graph.load import check_graph, load_graph, load_graph_text
from ovpipe.graph.plan import ExecutorPlan, NodePlan, Plan, PolicyPlan, StreamPlan
from ovpipe.graph.schema import SUPPORTED_VERSIONS, schema

__all__ = [
    "load_graph",
    "load_graph_text",
    "check_graph",
    "find_graph",
    "shipped_graphs",
    "parse_assignments",
    "AssignedText",
    "AssignmentError",
    "Plan",
    "NodePlan",
    "StreamPlan",
    "PolicyPlan",
    "ExecutorPlan",
    "schema",
    "SUPPORTED_VERSIONS",
]
