"""Each of the 62 numbers, and each row of overloads, has tests that are there."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.faults.cases import CASES
from tests.faults.table import FAULTS, OVERLOADS, here
from tests.house.pages import ROOT


def test_every_number_is_there_once_with_a_test() -> None:
    assert [fault.number for fault in FAULTS] == list(range(1, 63))
    assert all(fault.tests for fault in (*FAULTS, *OVERLOADS))


def test_every_number_with_requests_names_the_test_that_sends_them() -> None:
    assert {fault.number for fault in FAULTS if here(fault.number) in fault.tests} == set(CASES)


@pytest.mark.slow
def test_every_test_that_is_named_is_one() -> None:
    named = sorted({test for fault in (*FAULTS, *OVERLOADS) for test in fault.tests})
    collected = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--collect-only", "-p", "no:cacheprovider", *named],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert collected.returncode == 0, collected.stdout
