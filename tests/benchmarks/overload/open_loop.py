"""Open-loop load: requests come at a rate, whatever becomes of those before them, each on its own connection.

`python open_loop.py PORT RATE SECONDS TOKENS` prints one line of JSON: how many were done, refused (by code)
and lost, and how long each kind took. Lost is what got neither a whole answer nor an error.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

CODE = re.compile(rb'"code":"([a-z_]+)"')
PATIENCE = 120.0
"""Seconds after which a client gives up, and its request is lost."""


@dataclass
class Results:
    """What became of the requests, and the seconds that each took."""

    done: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    codes: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)

    def add(self, answer: bytes, first: float, whole: float) -> None:
        """One answer."""
        status = answer[9:12].decode()
        if status == "200" and b"data: [DONE]" in answer:
            self.first.append(first)
            self.done.append(whole)
        elif status in ("429", "503") and b"\r\n\r\n" in answer:
            code = CODE.search(answer)
            self.codes[code[1].decode() if code else status] += 1
            self.refused.append(whole)
        else:
            self.lost[status or "nothing"] += 1


async def ask(port: int, request: bytes, results: Results) -> None:
    """One request, to the end of its answer."""
    began = time.perf_counter()
    first = 0.0
    answer = b""
    try:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(request)
                while piece := await reader.read(65536):
                    first = first or time.perf_counter() - began
                    answer = (answer[:400] + answer[400:][-400:]) + piece
            finally:
                writer.close()
    except (OSError, TimeoutError) as error:
        results.lost[type(error).__name__] += 1
        return
    results.add(answer, first, time.perf_counter() - began)


async def load(port: int, rate: float, seconds: float, tokens: int) -> Results:
    """So many requests a second, for so long, and the wait for all answers."""
    results = Results()
    body = json.dumps(
        {
            "model": "clock",
            "messages": [{"role": "user", "content": "Tell me a story about a lantern. " * 4}],
            "max_tokens": tokens,
            "ignore_eos": True,
            "stream": True,
        }
    ).encode()
    head = "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    request = head.encode() + body
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(round(rate * seconds)):
            await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
            group.create_task(ask(port, request, results))
    return results


def quantile(values: list[float], part: float) -> float:
    """Of the sorted values the one at that part; 0 where there are none."""
    return round(sorted(values)[int(len(values) * part)], 4) if values else 0.0


def summary(results: Results) -> dict[str, Any]:
    """Counts, and seconds at p50 and p99."""
    times = {"done": results.done, "first": results.first, "refused": results.refused}
    return {
        "done": len(results.done),
        "refused": dict(results.codes),
        "lost": dict(results.lost),
        "seconds": {name: [quantile(values, 0.5), quantile(values, 0.99)] for name, values in times.items()},
    }


if __name__ == "__main__":
    arguments = [float(argument) for argument in sys.argv[1:]]
    found = asyncio.run(load(int(arguments[0]), arguments[1], arguments[2], int(arguments[3])))
    sys.stdout.write(json.dumps(summary(found)) + "\n")
