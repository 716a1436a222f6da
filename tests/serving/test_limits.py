"""Limits: which have changed."""

from __future__ import annotations

from ovpipe.serving.limits import Limits, changed_limits


def test_changed_limits_are_named_with_the_model_that_states_them() -> None:
    before = Limits(max_requests=9, by_model={"a": {"queue_seconds": 1}, "b": {"request_seconds": 2}})
    now = Limits(max_requests=8, by_model={"a": {"queue_seconds": None}, "c": {"max_queued_requests": 0}})
    assert changed_limits(before, now) == (
        "max_requests",
        "models.a.queue_seconds",
        "models.b.request_seconds",
        "models.c.max_queued_requests",
    )
    assert changed_limits(now, now) == ()
