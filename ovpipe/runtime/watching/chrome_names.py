"""Names of processes and lanes in Chrome's trace event format."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def named(what: str, name: str, pid: int, **more: Any) -> dict[str, Any]:
    """The name of a process or a thread."""
    return {"ph": "M", "name": f"{what}_name", "pid": pid, **more, "args": {"name": name}}


def lane_names(name: str, pid: int, tid: int, order: int) -> Iterator[dict[str, Any]]:
    """A lane's name, and its place among the lanes of its process."""
    yield named("thread", name, pid, tid=tid)
    index = {"sort_index": order}
    yield {"ph": "M", "name": "thread_sort_index", "pid": pid, "tid": tid, "args": index}
