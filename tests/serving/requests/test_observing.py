"""Which id a request has."""

from __future__ import annotations

import pytest

from ovpipe.serving.requests.observing import id_for


@pytest.mark.parametrize("asked", ["a", "7f3c-11", "team/job:3", "x" * 128])
def test_a_client_s_own_id_is_taken(asked: str) -> None:
    assert id_for(asked, set()) == asked


@pytest.mark.parametrize("asked", [None, "", "a b", "a\nb", "x" * 129, "é", "a;b", "\x00"])
def test_an_id_that_is_none_is_replaced(asked: str | None) -> None:
    assert len(id_for(asked, set())) == 32


def test_an_id_that_a_request_under_way_has_is_replaced() -> None:
    assert id_for("a", {"a"}) != "a"
