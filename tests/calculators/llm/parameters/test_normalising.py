"""What clients send beyond the declared types, brought into their form."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from ovpipe.calculators.llm.parameters.normalising import normalised


def test_an_assistant_without_parts_says_nothing() -> None:
    said = {"role": "assistant", "content": []}
    assert normalised({"model": "m", "messages": [said]}) == {
        "model": "m",
        "messages": [{"role": "assistant", "content": None}],
    }


def test_no_parts_stay_a_mistake_in_other_messages() -> None:
    body = {"messages": [{"role": "user", "content": []}]}
    assert normalised(body) == body


def test_the_body_itself_is_never_changed() -> None:
    body: dict[str, Any] = {"messages": [{"role": "assistant", "content": []}]}
    before = deepcopy(body)
    normalised(body)
    assert body == before


def test_what_is_no_conversation_is_left_to_those_who_refuse_it() -> None:
    for messages in ("hi", None, ["hi"], {"role": "assistant"}):
        assert normalised({"messages": messages}) == {"messages": messages}
    assert normalised({"prompt": "hi"}) == {"prompt": "hi"}
