"""Which form reads which part of a step."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from ovpipe.calculators.engine.paging.step_costs import FormCosts, StepCosts

# As measured at the shape of Qwen2.5-0.5B on a processor with AMX, in milliseconds: f32 and bf16. A step of both
# takes much longer in bf16 than its parts.
AMX = StepCosts(
    FormCosts.of({(1, 0): 44, (8, 0): 58, (0, 64): 200, (0, 256): 430, (8, 256): 439}),
    FormCosts.of({(1, 0): 60, (8, 0): 103, (0, 64): 130, (0, 256): 220, (8, 256): 541}),
)
# A processor on which the second form is worse at everything.
NO_BF16 = StepCosts(FormCosts([1, 8, 256], [40, 50, 500]), FormCosts([1, 8, 256], [45, 100, 1000], 0.1))


@pytest.mark.parametrize(
    ("decoding", "prompts", "way"),
    [
        (1, 0, "decode"),
        (8, 0, "decode"),
        (0, 256, "prefill"),
        (8, 256, "both"),
        (8, 1_000, "both"),
        (8, 1, "decode"),
    ],
)
def test_each_part_of_a_step_is_read_in_the_cheapest_way(decoding: int, prompts: int, way: str) -> None:
    assert AMX.way(decoding, prompts) == way


def test_where_a_step_of_both_takes_no_longer_than_one_of_as_many_tokens_one_form_reads_it() -> None:
    at_once = StepCosts(AMX.decode, msgspec.structs.replace(AMX.prefill, together=0.0))
    assert at_once.way(8, 248) == "prefill"


@pytest.mark.parametrize(("decoding", "prompts"), [(1, 0), (0, 256), (8, 248), (100, 3000)])
def test_a_form_that_is_worse_at_everything_reads_nothing(decoding: int, prompts: int) -> None:
    assert NO_BF16.way(decoding, prompts) == "decode"


def test_the_fastest_of_several_rounds_counts_and_the_first_does_not() -> None:
    now = 0.0
    steps: list[tuple[str, int, int]] = []

    def form(name: str, together: float) -> Callable[[int, int], None]:
        def read(decoding: int, prompt: int) -> None:
            nonlocal now
            step = name, decoding, prompt
            steps.append(step)
            plain = float(decoding + prompt) + (together if decoding and prompt else 0)
            # The first of a size compiles, or seems to be quick; the third is disturbed.
            now += {1: 0.0, 3: 9 * plain}.get(steps.count(step), plain) / 10_000

        return read

    costs = StepCosts.measured(form("decode", 512), form("prefill", 0), lambda: now, 300)
    for costs_of_form in (costs.decode, costs.prefill):
        assert costs_of_form.tokens == [1, 8, 64, 256]
        assert costs_of_form.seconds == pytest.approx([0.0001, 0.0008, 0.0064, 0.0256])
    assert costs.decode.together == pytest.approx(0.0002)
    assert costs.prefill.together == pytest.approx(0, abs=1e-9)
    assert costs.describe().startswith("a step takes, in ms, 0.1 for 1, 0.8 for 8, 6.4 for 64, 25.6 for 256")
    few = StepCosts.measured(form("few", 0), form("other", 0), lambda: now, 10)
    assert few.decode.tokens == [1, 8]


def test_on_a_slow_machine_one_round_must_do() -> None:
    now, steps = 0.0, 0

    def read(decoding: int, prompt: int) -> None:
        nonlocal now, steps
        now += 1.0
        steps += 1

    StepCosts.measured(read, read, lambda: now, 10)
    assert steps == 2 * 2 * 2, "two forms, two sizes, a round to warm up and one that counts"
