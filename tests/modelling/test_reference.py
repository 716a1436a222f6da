"""What a source's model says, computed layer by layer."""

import numpy as np
import pytest

from ovpipe.modelling.reference import Reference
from tests.modelling.references.cases import CASES, IDS

QUICK = ("llama 3.2", "qwen3", "gemma 3")
"""The others differ from these in what the fast tests of built models show, too."""


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in CASES]
)
def test_logits_are_those_of_transformers(name: str) -> None:
    case = CASES[name]
    reference = Reference(case.config, case.weights, [IDS, IDS[:7]])
    whole = np.concatenate([reference.logits(0, slice(0, 9)), reference.logits(0, slice(9, None))])
    np.testing.assert_allclose(whole, case.logits, atol=1e-4, rtol=0)
    np.testing.assert_allclose(reference.logits(1, slice(None)), case.logits[:7], atol=1e-4, rtol=0)
