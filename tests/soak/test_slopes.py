"""What grows is found, and what only moves is not."""

from __future__ import annotations

import math
import random

from tests.soak.processes import Held
from tests.soak.slopes import slope
from tests.soak.verdicts import MIB, Sample, Verdict, verdicts

SECONDS = [float(second) for second in range(600)]


def memory(values: list[float]) -> list[Sample]:
    """Samples of a server with so many MiB at each second."""
    return [
        Sample(
            second,
            10 * round(second),
            {"server": Held(memory=round(value * MIB), descriptors=40, threads=9, processes=1)},
        )
        for second, value in zip(SECONDS, values, strict=True)
    ]


def grew(values: list[float], rounds: float = 24, **kept: int) -> list[Verdict]:
    """The figures that grew; the server answers ten requests a second."""
    return [verdict for verdict in verdicts(memory(values), kept, rounds) if verdict.grew]


def test_a_leak_is_found_among_noise_and_peaks() -> None:
    chance = random.Random(0)
    values = [140 + second / 60 + chance.gauss(0, 3) + 80 * (second % 97 == 0) for second in SECONDS]
    (found,) = grew(values)
    assert (found.role, found.figure) == ("server", "memory")
    assert 7.5 * MIB < found.growth < 9 * MIB  # it grew by 1 MiB a minute, over the last 500 s


def test_what_comes_and_goes_again_is_flat() -> None:
    chance = random.Random(0)
    assert grew([140 + 10 * math.sin(second / 20) + chance.gauss(0, 2) for second in SECONDS]) == []


def test_the_warm_up_is_not_judged() -> None:
    assert grew([100 + 40 * min(second / 95, 1) for second in SECONDS]) == []


def test_a_role_may_keep_what_its_options_say() -> None:
    values = [140 + second / 60 for second in SECONDS]
    assert grew(values, server=10 * MIB) == []


def test_a_wave_of_one_round_of_faults_is_no_growth_but_one_that_stays_over_many_is() -> None:
    values = [140 + second / 30 for second in SECONDS]
    assert grew(values, rounds=1) == []
    assert len(grew(values, rounds=10)) == 1


def test_a_few_samples_say_nothing() -> None:
    assert slope([(1.0, 1.0), (2.0, 5.0), (3.0, 9.0)]) is None
