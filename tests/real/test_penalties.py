"""Penalties of a real model's greedy answers, as transformers and OpenAI define them."""

from __future__ import annotations

import pytest

from tests.real.answers import SECONDS, Served
from tests.real.references.cases import PENALTIES
from tests.real.references.prompts import CHATS
from tests.real.references.recorded import RECORDED

pytestmark = [pytest.mark.real, pytest.mark.timeout(SECONDS)]


@pytest.mark.parametrize("case", PENALTIES)
def test_a_penalty_makes_the_text_that_its_definition_makes(smol: Served, case: str) -> None:
    name, penalties = PENALTIES[case]
    recorded = RECORDED.penalties[case]
    assert recorded.text != RECORDED.chats[name].text
    assert smol.text(CHATS[name], **penalties) == recorded.text
