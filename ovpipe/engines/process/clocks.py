"""The clocks of the server's process and of the engine's: one, where the system has one for all processes.

`time.perf_counter_ns` reads CLOCK_MONOTONIC on Linux, mach_absolute_time on macOS and the performance counter
on Windows: all three count from the machine's start. A handshake shows whether that holds.
"""

from __future__ import annotations

from msgspec.structs import replace

from ovpipe.engines.protocol import NodeSpan, StepTrace


def clock_lag(sent: int, theirs: int, received: int) -> int:
    """Nanoseconds that another clock is behind ours, which it said between two moments of ours.

    What lies between them is the same clock. Another one was read just before we received it.
    """
    return 0 if sent <= theirs <= received else received - theirs


def by_our_clock(trace: StepTrace, lag: int) -> StepTrace:
    """The same step by our clock."""
    if lag == 0:
        return trace
    spans = [NodeSpan(span.node, span.began + lag, span.ended + lag) for span in trace.spans]
    return replace(trace, began=trace.began + lag, ended=trace.ended + lag, spans=spans)
