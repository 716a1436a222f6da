"""A bounded number of inputs for each part that reads bytes of others; `make fuzz` takes as long as it is given."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.run import fuzz
from tests.fuzz.targets import TARGETS

RUNS = 2000


@pytest.mark.parametrize("name", TARGETS)
def test_every_seed_is_read_as_it_should(name: str) -> None:
    target = TARGETS[name]
    seeds = list(target.seeds())
    assert len(seeds) > 3
    for seed in seeds:
        target.run(seed)


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_no_bytes_raise_what_is_not_declared(name: str, tmp_path: Path) -> None:
    done = fuzz(name, tmp_path, [f"-runs={RUNS}", "-seed=1"])
    assert done.returncode == 0, done.stdout
    assert f"Done {RUNS} runs" in done.stdout
