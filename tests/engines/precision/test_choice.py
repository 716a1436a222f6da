"""Which precision is chosen by which figures."""

from __future__ import annotations

import math

import pytest

from ovpipe.engines.precision.choice import (
    Forms,
    best_forms,
    best_precision,
    seconds_of_typical_requests,
    typical_prompt,
)
from tests.engines.precision.subjects import both, figures


def test_a_typical_prompt_is_an_eighth_of_the_context_and_of_8192_tokens_at_most() -> None:
    assert typical_prompt(2048) == 256
    assert typical_prompt(8192) == typical_prompt(131_072) == typical_prompt(None) == 1024
    assert typical_prompt(4) == 1


def test_a_typical_request_is_reckoned_alone_and_among_others() -> None:
    # Alone 1000 x 2 ms and 128 x 10 ms; among eight 1000 x 2 ms and 128 x 40 ms / 8.
    assert seconds_of_typical_requests(figures(10, 40, 2), 1000) == pytest.approx(2 + 1.28 + 2 + 0.64)


def test_the_better_at_decoding_serves_as_measured_on_a_processor_with_amx() -> None:
    """The shape of Qwen2.5-0.5B and SmolLM2-135M, both in int8."""
    large = both(figures(59.8, 103, 831 / 512), figures(44.0, 57.7, 1179 / 512))
    small = both(figures(25.2, 43.2, 323 / 512), figures(19.7, 25.6, 471 / 512))
    assert best_precision(large, typical_prompt(32_768)) == "f32"
    assert best_precision(small, typical_prompt(8192)) == "f32"


def test_a_prefill_that_loses_more_than_decoding_gains_decides_by_the_models_context() -> None:
    measured = both(figures(60, 100, 1.0), figures(50, 80, 3.0))
    assert best_precision(measured, typical_prompt(1024)) == "f32"
    assert best_precision(measured, typical_prompt(8192)) == "default"


def test_the_first_stays_where_another_saves_no_more_than_noise() -> None:
    for other, chosen in ((98, "default"), (100, "default"), (96, "f32"), (200, "default")):
        measured = both(figures(100, 100, 1), figures(other, other, other / 100))
        assert best_precision(measured, 512) == chosen


@pytest.mark.parametrize("broken", [0.0, -1.0, math.inf, math.nan])
def test_figures_that_nothing_can_have_are_refused(broken: float) -> None:
    for values in ((broken, 1.0, 1.0), (1.0, broken, 1.0), (1.0, 1.0, broken)):
        with pytest.raises(ValueError, match="it must be finite and above 0"):
            figures(*values)


def test_figures_are_told_in_milliseconds() -> None:
    assert figures(44.04, 57.71, 2.301).describe() == (
        "a step of 1 takes 44 ms, of 8 57.7 ms, a prompt 2.3 ms a token"
    )


def test_two_forms_are_worth_their_memory_as_measured_on_a_processor_with_amx() -> None:
    """Decoding by f32 and prompts by bf16, of the shape of Qwen2.5-0.5B and of SmolLM2-135M, both in int8."""
    large = both(figures(59.8, 103, 831 / 512), figures(44.0, 57.7, 1179 / 512))
    small = both(figures(25.2, 43.2, 323 / 512), figures(19.7, 25.6, 471 / 512))
    for measured, context in ((large, 32_768), (small, 8192)):
        assert best_forms(measured, typical_prompt(context)) == Forms(decode="f32", prefill="default")


def test_one_form_serves_where_it_is_better_at_both_or_a_second_saves_little() -> None:
    better = both(figures(60, 100, 2), figures(50, 80, 1))
    assert best_forms(better, 1000) == Forms.one("f32")
    nearly = both(figures(60, 100, 1), figures(50, 80, 1.05))
    assert best_forms(nearly, 1000) == Forms.one("f32")


def test_one_candidate_has_one_form() -> None:
    assert best_forms({"default": figures(60, 100, 2)}, 1000) == Forms.one("default")
