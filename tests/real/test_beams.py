"""Beam searches of a real model against those of transformers."""

from __future__ import annotations

import pytest

from tests.real.answers import SECONDS, Served
from tests.real.references.cases import BEAMS
from tests.real.references.prompts import CHATS
from tests.real.references.recorded import RECORDED

pytestmark = [pytest.mark.real, pytest.mark.timeout(SECONDS)]


@pytest.mark.parametrize("case", BEAMS)
def test_a_beam_search_finds_the_texts_of_transformers(smol: Served, case: str) -> None:
    name, wishes = BEAMS[case]
    answer = smol.ask(CHATS[name], use_beam_search=True, **wishes)
    assert [choice.message.content for choice in answer.choices] == RECORDED.beams[case]
