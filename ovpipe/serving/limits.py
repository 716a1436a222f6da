"""What the front door bounds: bytes it takes, seconds it waits."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one server; times are in seconds."""

    body_bytes: int = 4 * 1024 * 1024
    """Largest request body, after decompression."""
    body_seconds: float = 60.0
    """Longest wait for a request's whole body."""
    write_seconds: float = 60.0
    """Longest wait for a client that has stopped reading."""
    silent_seconds: float = 600.0
    """Longest time in which nothing at all moves in a run, nor in the engine that it waits for."""
    run_close_seconds: float = 10.0
    """Longest wait for the nodes of a cancelled run to close."""
    drain_seconds: float = 10.0
    """How long requests in flight may go on after the first SIGTERM."""
    reload_drain_seconds: float = 300.0
    """How long requests may go on with a graph that a reload has replaced or removed."""
    graph_close_seconds: float = 10.0
    """Longest wait for the graphs to close at shutdown."""
    idle_seconds: float = 75.0
    """How long a connection is kept that sends no request, or its headers too slowly."""
