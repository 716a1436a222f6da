"""Admission takes other limits while requests are in."""

from __future__ import annotations

import asyncio

import pytest

from ovpipe.errors import RequestError
from ovpipe.http import Client
from ovpipe.serving.admission.admission import Admission
from ovpipe.serving.limits import Limits


def test_fewer_places_put_nobody_out_and_let_nobody_more_in() -> None:
    async def change() -> None:
        admission = Admission(Limits(max_requests=4, client_share=1), 1)
        with admission.request(Client("a"), ["m"]), admission.request(Client("a"), ["m"]):
            admission.take_limits(Limits(max_requests=2, client_share=1), ["m"], {})
            with pytest.raises(RequestError), admission.request(Client("b"), ["m"]):
                raise AssertionError("it is let in")
        with admission.request(Client("b"), ["m"]):
            assert admission.requests.taken == 1

    asyncio.run(change())


def test_a_model_s_gate_goes_with_its_name_and_when_it_is_idle_with_its_model() -> None:
    admission = Admission(Limits(), 3)
    gates = {name: admission.gate(name) for name in ("kept", "old", "gone", "busy")}
    gates["busy"].arrive("a", 0, lambda: None)
    admission.take_limits(Limits(max_queued_requests=0), ["kept", "new"], {"new": "old"})
    assert admission.gates == {"kept": gates["kept"], "new": gates["old"], "busy": gates["busy"]}
    gates["old"].let_in(0)
    assert gates["old"].is_full_for("anybody"), "its queue has the new size"


def test_more_connections_are_let_in_without_a_restart() -> None:
    admission = Admission(Limits(max_connections=8), 0)
    admission.take_limits(Limits(max_connections=12), [], {})
    assert admission.connections.places == 12
