"""A client that costs little: many streams at once by one selector, next to nothing parsed.

The process reads jobs from its standard input, a line of JSON each, and answers with a line each:

    {"port": 8000, "bodies": ["{...}", ...]}
    {"seconds": 1.2, "first": [0.1, ...], "prompt_tokens": [64, ...], "tokens": [128, ...]}

Seconds run from before the first connection to the end of the last answer; `first` are those until each
stream's first event. The counts are the server's, from the usage in the last event.
"""

from __future__ import annotations

import json
import os
import re
import selectors
import socket
import sys
import time
from typing import Any

RECEIVE_BYTES = 65_536
TAIL_BYTES = 2048
"""More than the events that end a stream, which have its usage."""
FIRST_EVENT = b"data: "
END_OF_CHUNKS = b"\r\n0\r\n\r\n"
"""No event has a carriage return, so nothing else looks like it."""
USAGE = re.compile(rb'"prompt_tokens":(\d+),"completion_tokens":(\d+)')


class Stream:
    """One request and what has come of its answer."""

    def __init__(self, port: int, body: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.tail = b""
        self.first: float | None = None
        data = body.encode()
        head = (
            f"POST /v1/completions HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
        )
        self.socket.sendall(head.encode() + data)

    def receive(self) -> bool:
        """Takes what has come; returns whether the answer is complete."""
        data = self.socket.recv(RECEIVE_BYTES)
        if not data:
            raise ConnectionError(f"the server closed a stream early: {self.tail!r}")
        self.tail = (self.tail + data)[-TAIL_BYTES:]
        if self.first is None and FIRST_EVENT in self.tail:
            self.first = time.perf_counter()
        return self.tail.endswith(END_OF_CHUNKS)

    def usage(self) -> tuple[int, int]:
        """Prompt and completion tokens; raises ValueError when the answer has none."""
        found = USAGE.search(self.tail)
        if found is None:
            raise ValueError(f"a stream ended without usage: {self.tail!r}")
        return int(found[1]), int(found[2])


def stream_all(port: int, bodies: list[str]) -> dict[str, Any]:
    """Sends all bodies at once and waits for all answers."""
    began = time.perf_counter()
    with selectors.DefaultSelector() as selector:
        streams = []
        for body in bodies:
            stream = Stream(port, body)
            selector.register(stream.socket, selectors.EVENT_READ, stream)
            streams.append(stream)
        while selector.get_map():
            for key, _ in selector.select():
                if key.data.receive():
                    selector.unregister(key.fileobj)
                    key.data.socket.close()
    seconds = time.perf_counter() - began
    usages = [stream.usage() for stream in streams]
    return {
        "seconds": seconds,
        "first": [(stream.first or 0.0) - began for stream in streams],
        "prompt_tokens": [prompt for prompt, _ in usages],
        "tokens": [completion for _, completion in usages],
    }


def main() -> None:
    """Answers jobs until the input ends."""
    # It stands for clients on other machines: each event that wakes it must not interrupt the server.
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    for line in sys.stdin:
        job = json.loads(line)
        sys.stdout.write(json.dumps(stream_all(job["port"], job["bodies"])) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
