"""Loading: the passes from a graph's YAML to its plan, one after another."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ovpipe.errors import Finding, GraphError, did_you_mean
from ovpipe.graph.assembly import assembled
from ovpipe.graph.config import GraphConfig, read_config
from ovpipe.graph.nodes import Node, resolve_node
from ovpipe.graph.order import Order
from ovpipe.graph.parameters import Folders, check_given, declared_parameters, parameter_values
from ovpipe.graph.place import Findings
from ovpipe.graph.plan import Plan
from ovpipe.graph.ports import check_ports
from ovpipe.graph.schema import check_shape, check_version
from ovpipe.graph.source import Source, read_source
from ovpipe.graph.substitution import filled
from ovpipe.graph.wiring import (
    check_consumed,
    check_outputs,
    check_produced,
    check_types,
    wire_side_packets,
    wire_streams,
)
from ovpipe.registry import Registry


def load_graph(
    path: Path | str,
    *,
    registry: Registry,
    parameters: Mapping[str, Any] | None = None,
    base: Path | None = None,
) -> Plan:
    """The checked plan of a graph file. Raises GraphError with every mistake that was found.

    `parameters` are typed values, or the AssignedText of `parse_assignments`. Relative paths among them
    are relative to `base`, by default the working folder.
    """
    text = _read(Path(path))
    folders = Folders(base=_folder(base), file=Path(path).absolute().parent)
    return _loaded(read_source(text, str(path)), registry, parameters or {}, folders)


def load_graph_text(
    text: str,
    *,
    file: str = "<text>",
    registry: Registry,
    parameters: Mapping[str, Any] | None = None,
    base: Path | None = None,
) -> Plan:
    """`load_graph` of a text; `file` names it in messages. All relative paths are relative to `base`."""
    folders = Folders(base=_folder(base), file=_folder(base))
    return _loaded(read_source(text, file), registry, parameters or {}, folders)


def _folder(base: Path | None) -> Path:
    return base.absolute() if base is not None else Path.cwd()


def _read(path: Path) -> str:
    line = 1
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        others = [other.name for other in path.parent.glob("*.y*ml")]
        message = f"there is no such file{f'; {did_you_mean(path.name, others)}' if others else ''}"
    except UnicodeDecodeError as error:
        message = "the file is not UTF-8 text; save it as UTF-8"
        line += error.object.count(b"\n", 0, error.start)
    except OSError as error:
        message = f"the file cannot be read: {error.strerror}"
    except ValueError as error:  # no path of a file at all
        message = f"the file cannot be read: {error}"
    raise GraphError([Finding(str(path), line, message)])


def _loaded(source: Source, registry: Registry, given: Mapping[str, Any], folders: Folders) -> Plan:
    findings = Findings()
    check_version(source, findings)
    source, whole = check_shape(source, findings)
    source = _filled(source, whole, given, folders, findings)
    config = read_config(source, whole, findings)
    nodes = [resolve_node(node, registry, findings) for node in config.nodes]
    for node in nodes:
        check_ports(node, whole, findings)
    return _planned(config, nodes, findings)


def _filled(
    source: Source, whole: bool, given: Mapping[str, Any], folders: Folders, findings: Findings
) -> Source:
    declared = declared_parameters(source)
    if whole:
        check_given(declared, given, source.place("parameters"), findings)
    return filled(source, parameter_values(declared, given, folders, findings), whole, findings)


def _planned(config: GraphConfig, nodes: list[Node], findings: Findings) -> Plan:
    streams = wire_streams(nodes, config.inputs, findings)
    side_packets = wire_side_packets(nodes, config.side_inputs, findings)
    for wiring, other in ((streams, side_packets), (side_packets, streams)):
        check_types(wiring, findings)
        if config.whole:
            check_consumed(wiring, check_produced(wiring, other, findings), findings)
    check_outputs(streams, config.outputs, config.whole, findings)
    by_streams, by_side_packets = Order(nodes, streams), Order(nodes, side_packets)
    by_streams.check(findings)
    by_side_packets.check(findings)
    findings.check()
    resources = [node for node in by_side_packets.sorted() if not _has_streams(node)]
    return assembled(config, resources, [node for node in by_streams.sorted() if _has_streams(node)], streams)


def _has_streams(node: Node) -> bool:
    return node.ports is not None and node.ports.has_streams
