"""What the front door bounds: requests and bytes it takes, seconds it waits.

Each limit is declared once, here: server.yaml's schema, its checks and the table in the docs are made of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final

SECONDS: Final = {"type": "number", "exclusiveMinimum": 0, "title": "a number of seconds above 0"}
SECONDS_OR_NONE: Final = {
    "type": ["number", "null"],
    "exclusiveMinimum": 0,
    "title": "a number of seconds above 0, or null",
}
COUNT: Final = {"type": "integer", "minimum": 1, "title": "a whole number, 1 or more"}
COUNT_OR_NONE: Final = {
    "type": ["integer", "null"],
    "minimum": 1,
    "title": "a whole number, 1 or more, or null",
}
BYTES: Final = {"type": "integer", "minimum": 1, "title": "a whole number of bytes, 1 or more"}


def limit(default: Any, kind: Mapping[str, Any], meaning: str) -> Any:
    """A limit's field: its default, the JSON Schema of its values, and what it bounds."""
    schema = {"title": kind["title"], "description": meaning, **kind, "default": default}
    return field(default=default, metadata={"schema": schema})


@dataclass(frozen=True, slots=True)
class ModelLimits:
    """Bounds of one model's requests; times are in seconds."""

    max_running_requests: int | None = limit(
        None,
        COUNT_OR_NONE,
        "Most requests of a model that run at once; the others wait. null: what its engine takes into one "
        "batch, 256 at most.",
    )
    max_queued_requests: int = limit(
        256,
        {"type": "integer", "minimum": 0, "title": "a whole number, 0 or more"},
        "Most requests of a model that wait for their turn; further ones get 429.",
    )
    max_queued_prompt_tokens: int | None = limit(
        1_000_000,
        COUNT_OR_NONE,
        "Most prompt tokens of a model that wait until its engine reads them; further prompts get 429. A "
        "longer prompt is let in when no other waits. null: no limit.",
    )
    queue_seconds: float | None = limit(
        60.0, SECONDS_OR_NONE, "Longest wait for a turn; then the request gets 503."
    )
    request_seconds: float | None = limit(
        None,
        SECONDS_OR_NONE,
        "Longest time of a whole request, from its headers to the last byte of its answer. Then it gets 503, "
        "or an error event where the answer has begun.",
    )


@dataclass(frozen=True, slots=True)
class Limits(ModelLimits):
    """Bounds of one server; times are in seconds. Those of models hold for each model by itself."""

    max_connections: int | None = limit(
        None,
        COUNT_OR_NONE,
        "Most connections at once. null: what `ulimit -n` leaves beside the server's own descriptors, "
        "10,000 at most. A new one takes the place of the one that has been idle longest.",
    )
    max_requests: int = limit(
        2048, COUNT, "Most requests in progress at once, of all models; further ones get 429."
    )
    max_body_bytes_held: int = limit(
        256 * 1024 * 1024,
        BYTES,
        "Most bytes of bodies, announced or read, of all requests in progress; further ones get 429.",
    )
    client_share: float = limit(
        0.8,
        {"type": "number", "exclusiveMinimum": 0, "maximum": 1, "title": "a number above 0 and at most 1"},
        "Part of the requests, of the waiting places, of the prompt tokens that wait and of the bytes that "
        "one client may hold while no other holds any. 1: whoever comes first may take all.",
    )
    body_bytes: int = limit(4 * 1024 * 1024, BYTES, "Largest request body, after decompression.")
    body_seconds: float = limit(60.0, SECONDS, "Longest wait for a request's whole body.")
    write_seconds: float = limit(60.0, SECONDS, "Longest wait for a client that has stopped reading.")
    silent_seconds: float = limit(
        600.0, SECONDS, "Longest time in which nothing moves in a run, nor in the engine that it waits for."
    )
    run_close_seconds: float = limit(10.0, SECONDS, "Longest wait for the nodes of a cancelled run to close.")
    drain_seconds: float = limit(
        10.0,
        {"type": "number", "minimum": 0, "title": "a number of seconds, 0 or more"},
        "How long requests in flight may continue after the first SIGTERM.",
    )
    reload_drain_seconds: float = limit(
        300.0,
        {"type": "number", "minimum": 0, "title": "a number of seconds, 0 or more"},
        "How long requests may continue with a graph that a reload has replaced or removed.",
    )
    load_wait_seconds: float = limit(
        120.0,
        {"type": "number", "minimum": 0, "title": "a number of seconds, 0 or more"},
        "How long a request waits for a model that was unloaded, while it loads again.",
    )
    graph_close_seconds: float = limit(10.0, SECONDS, "Longest wait for the graphs to close at shutdown.")
    idle_seconds: float = limit(
        75.0,
        SECONDS,
        "How long the server keeps a connection that sends no request, or sends its headers too slowly.",
    )
    by_model: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What server.yaml states of single models."""

    def of_model(self, name: str) -> ModelLimits:
        """Those of a model: its own, and the server's where it states none."""
        stated = {one.name: getattr(self, one.name) for one in fields(ModelLimits)}
        return ModelLimits(**{**stated, **self.by_model.get(name, {})})


def changed_limits(before: Limits, now: Limits) -> tuple[str, ...]:
    """The names of the limits that differ, a model's own as in `models.NAME.queue_seconds`."""
    own = [one.name for one in fields(Limits) if "schema" in one.metadata]
    changed = [name for name in own if getattr(before, name) != getattr(now, name)]
    for model in sorted({*before.by_model, *now.by_model}):
        old, new = before.by_model.get(model, {}), now.by_model.get(model, {})
        different = {key for key in (*old, *new) if (key in old, old.get(key)) != (key in new, new.get(key))}
        changed += [f"models.{model}.{key}" for key in sorted(different)]
    return tuple(changed)


def schema_of(limits: type[ModelLimits]) -> dict[str, Any]:
    """The JSON Schemas of all limits that server.yaml may state, by name."""
    return {one.name: dict(one.metadata["schema"]) for one in fields(limits) if "schema" in one.metadata}
