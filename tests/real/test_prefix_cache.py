"""A long text that was read before is not read again: the engine needs fewer steps to the first token."""

from __future__ import annotations

import pytest

from tests.real.answers import SECONDS, Served, user
from tests.real.references.prompts import LICENSE

pytestmark = [pytest.mark.real, pytest.mark.timeout(SECONDS)]


def test_a_second_question_about_a_long_text_is_answered_in_fewer_steps(smol: Served) -> None:
    def steps_so_far() -> int:
        """All, once the idle ones are over: the same number ten times in a row."""
        counts = [0]
        while counts.count(counts[-1]) < 10:
            counts = [*counts, smol.figure("engine_steps_total")][-10:]
        return counts[-1]

    def steps(begin: str, question: str) -> int:
        """Those to the first token, and the three or four idle ones after each request."""
        before = steps_so_far()
        smol.ask(user(f"{begin}\n{LICENSE}\n\n{question}"), max_tokens=1)
        return steps_so_far() - before

    cold = steps("The first text.", "Who wrote this?")
    warm = steps("The first text.", "Who wrote this?")
    assert cold - warm >= 4  # 1,500 tokens are six steps, and what is left of them is one
    assert cold - steps("The first text.", "What is it about?") >= 4
    assert steps("The second text.", "Who wrote this?") - warm >= 4
