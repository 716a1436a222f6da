"""The measured rate, by a clock of the test's."""

from __future__ import annotations

from ovpipe.serving.admission.throughput import MOST_WAIT, Throughput


def test_nothing_is_known_before_two_have_ended() -> None:
    throughput = Throughput(lambda: 0.0)
    assert (throughput.rate, throughput.seconds_for(1000)) == (None, 1.0)
    throughput.ended()
    assert throughput.rate is None


def test_the_wait_is_what_the_rate_says_within_bounds() -> None:
    now = 0.0
    throughput = Throughput(lambda: now)
    for _ in range(11):
        throughput.ended()
        now += 0.5
    now -= 0.5
    assert throughput.rate == 2.0
    assert throughput.seconds_for(20) == 10.0
    assert throughput.seconds_for(1) == 1.0
    assert throughput.seconds_for(10_000) == MOST_WAIT


def test_the_rate_falls_while_none_ends_and_forgets_what_was_long_ago() -> None:
    now = 0.0
    throughput = Throughput(lambda: now)
    throughput.ended()
    now = 1.0
    throughput.ended()
    now = 10.0
    assert throughput.rate == 0.1
    for _ in range(64):
        now += 0.25
        throughput.ended()
    assert throughput.rate == 4.0
