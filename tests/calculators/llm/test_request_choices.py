"""How many texts a request asks for, and whether they are sampled or searched."""

from __future__ import annotations

from typing import Any

import pytest

from ovpipe.errors import RequestError
from tests.calculators.llm.asked import (
    chat,
    completion,
    refusal,
)


@pytest.mark.parametrize(
    ("body", "resolved"),
    [
        ({}, (1, 1, False)),
        ({"n": 3}, (3, 3, False)),
        ({"n": 2, "best_of": 4, "temperature": 0.7}, (2, 4, False)),
        ({"n": 3, "temperature": 0}, (3, 3, False)),
        ({"best_of": 3}, (1, 3, True)),
        ({"best_of": 3, "temperature": 0}, (1, 3, True)),
        ({"best_of": 3, "use_beam_search": False}, (1, 3, False)),
        ({"use_beam_search": True, "n": 2}, (2, 2, True)),
    ],
)
def test_candidates_are_sampled_or_searched(body: dict[str, Any], resolved: tuple[int, int, bool]) -> None:
    request = chat(**body)
    assert (request.n, request.best_of, request.use_beam_search) == resolved


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"n": 21}, "n"),
        ({"n": 0}, "n"),
        ({"n": True}, "n"),
        ({"n": 2, "best_of": 1}, "best_of"),
        ({"best_of": 21}, "best_of"),
        ({"best_of": 2, "temperature": 1, "stream": True}, "best_of"),
        ({"num_beam_groups": 2}, "num_beam_groups"),
        ({"best_of": 3, "num_beam_groups": 2}, "num_beam_groups"),
        ({"best_of": 3, "early_stopping": "soon"}, "early_stopping"),
        ({"min_tokens": 5, "max_tokens": 4}, "min_tokens"),
        ({"stop": "x", "detokenize": False}, "stop"),
        ({"top_logprobs": 1}, "top_logprobs"),
        ({"best_of": 2, "guided_regex": "a"}, "best_of"),
        ({"use_beam_search": True, "guided_regex": "a"}, "use_beam_search"),
        ({"continue_final_message": True, "add_generation_prompt": True}, "add_generation_prompt"),
    ],
)
def test_what_does_not_fit_together_is_refused(body: dict[str, Any], param: str) -> None:
    assert refusal(**body).param == param


@pytest.mark.parametrize("name", ["num_assistant_tokens", "max_ngram_size"])
def test_a_beam_search_that_is_to_draft_is_refused(name: str) -> None:
    error = refusal(best_of=2, **{name: 3})
    assert error.message == f"'{name}' must be absent in a beam search, which drafts nothing."
    assert error.param == name


def test_all_prompts_together_have_a_limit_of_sequences() -> None:
    assert len(completion(prompt=["x"] * 64, n=4).choices) == 256
    with pytest.raises(RequestError) as caught:
        completion(prompt=["x"] * 65, n=4)
    assert caught.value.param == "prompt"
