"""Nothing that waits, measures or expires looks at the wall clock, which may jump by an hour at any time."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT = Path(__file__).parents[2]
WALL_CLOCKS: Final = {
    ("time", name) for name in ("time", "time_ns", "localtime", "gmtime", "ctime", "strftime")
} | {(cls, name) for cls in ("datetime", "date") for name in ("now", "utcnow", "today")}
SHOWN: Final = {
    "calculators/llm/templates/sandbox.py": "a template writes the date into the prompt",
    "ovpipe/engines/precision/remembered.py": "a person reads when it was measured",
    "ovpipe/http.py": "when a request came, for `created` of its answer",
    "ovpipe/model_store/fingerprints.py": "compared with the times of files, which are of this clock",
    "ovpipe/serving/models/model_life.py": "`created` of /v1/models",
    "ovpipe/serving/requests/access_log.py": "the time of a line in the log",
    "ovpipe/serving/telemetry/otel.py": "OpenTelemetry's spans are in wall time; their lengths are not",
}
"""Where the wall clock may be read, and why."""


def readings(source: str) -> Iterator[str]:
    """The wall clocks that a module reads, under the names that it imports them by."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if (node.value.id, node.attr) in WALL_CLOCKS:
                yield f"{node.value.id}.{node.attr}"
        elif isinstance(node, ast.ImportFrom) and node.module == "time":
            yield from (f"time.{one.name}" for one in node.names if ("time", one.name) in WALL_CLOCKS)


def test_the_wall_clock_is_only_shown() -> None:
    folders = (ROOT / "ovpipe", ROOT / "calculators")
    files = {str(file.relative_to(ROOT)): file for folder in folders for file in folder.rglob("*.py")}
    found = {
        name: list(readings(file.read_text()))
        for name, file in files.items()
        if not name.startswith(("ovpipe/calculators/", "ovpipe/graphs/"))  # links to folders of the root
    }
    reading = {name: clocks for name, clocks in found.items() if clocks}
    others = {name: clocks for name, clocks in reading.items() if name not in SHOWN}
    assert others == {}, "deadlines, rates and ages are of time.monotonic or time.perf_counter"
    assert SHOWN.keys() == reading.keys()


def test_a_wall_clock_is_found_however_it_is_imported() -> None:
    assert list(readings("import time\ntime.time()")) == ["time.time"]
    assert list(readings("from time import time_ns, monotonic")) == ["time.time_ns"]
    assert list(readings("from datetime import datetime\ndatetime.now()")) == ["datetime.now"]
    assert list(readings("import time\ntime.monotonic(); loop.time()")) == []
