"""A client that costs little: many streams at once by one selector, next to nothing parsed.

The process reads jobs from its standard input, a line of JSON each, and answers with a line each:

    {"port": 8000, "bodies": ["{...}", ...], "at_once": 8}
    {"seconds": 1.2, "first": [0.1, ...], "last": [1.1, ...], "prompt_tokens": [64, ...], "tokens": [128, ...],
     "events": [129, ...]}

Seconds run from before the first connection to the end of the last answer; `first` and `last` are those
from a stream's own start until its first event, and until its end. Without `at_once` all streams start
together; else the next one starts when one has ended. The counts of tokens are the server's, from the usage
in the last event; `events` are those that came.
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
EVENT = b"data: {"
END_OF_CHUNKS = b"\r\n0\r\n\r\n"
"""No event has a carriage return, so nothing else looks like it."""
PROMPT_TOKENS = re.compile(rb'"prompt_tokens":(\d+)')
TOKENS = re.compile(rb'"completion_tokens":(\d+)')


class Stream:
    """One request and what has come of its answer."""

    def __init__(self, port: int, body: str) -> None:
        self.began = time.perf_counter()
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.tail = b""
        self.first: float | None = None
        self.last = 0.0
        self.events = 0
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
        # What an event's beginning needs of the data before it: else one that is cut is not counted.
        self.events += (self.tail[1 - len(EVENT) :] + data).count(EVENT)
        self.tail = (self.tail + data)[-TAIL_BYTES:]
        self.last = time.perf_counter() - self.began
        if self.first is None and self.events:
            self.first = self.last
        return self.tail.endswith(END_OF_CHUNKS)

    def usage(self) -> tuple[int, int]:
        """Prompt and completion tokens; raises ValueError when the answer has none."""
        prompt, completion = PROMPT_TOKENS.search(self.tail), TOKENS.search(self.tail)
        if prompt is None or completion is None:
            raise ValueError(f"a stream ended without usage: {self.tail!r}")
        return int(prompt[1]), int(completion[1])


def stream_all(port: int, bodies: list[str], at_once: int) -> dict[str, Any]:
    """Sends the bodies, so many at once, and waits for all answers."""
    began = time.perf_counter()
    streams: list[Stream] = []
    with selectors.DefaultSelector() as selector:

        def start() -> None:
            if len(streams) < len(bodies):
                streams.append(Stream(port, bodies[len(streams)]))
                selector.register(streams[-1].socket, selectors.EVENT_READ, streams[-1])

        try:
            for _ in range(at_once):
                start()
            while selector.get_map():
                for key, _ in selector.select():
                    if key.data.receive():
                        selector.unregister(key.fileobj)
                        key.data.socket.close()
                        start()
        finally:
            for stream in streams:
                stream.socket.close()
    seconds = time.perf_counter() - began
    usages = [stream.usage() for stream in streams]
    return {
        "seconds": seconds,
        "first": [stream.first or 0.0 for stream in streams],
        "last": [stream.last for stream in streams],
        "prompt_tokens": [prompt for prompt, _ in usages],
        "tokens": [completion for _, completion in usages],
        "events": [stream.events for stream in streams],
    }


def main() -> None:
    """Answers jobs until the input ends."""
    # It stands for clients on other machines: each event that wakes it must not interrupt the server.
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    for line in sys.stdin:
        job = json.loads(line)
        done = stream_all(job["port"], job["bodies"], job.get("at_once", len(job["bodies"])))
        sys.stdout.write(json.dumps(done) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
