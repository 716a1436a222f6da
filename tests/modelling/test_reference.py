"""What a source's model says, computed layer by layer."""

import numpy as np
import pytest

from ovpipe.modelling.reference import Reference
from tests.modelling.references.cases import CASES, IDS


@pytest.mark.parametrize("name", CASES)
def test_logits_are_those_of_transformers(name: str) -> None:
    case = CASES[name]
    reference = Reference(case.config, case.weights, [IDS, IDS[:7]])
    whole = np.concatenate([reference.logits(0, slice(0, 9)), reference.logits(0, slice(9, None))])
    np.testing.assert_allclose(whole, case.logits, atol=1e-4, rtol=0)
    np.testing.assert_allclose(reference.logits(1, slice(None)), case.logits[:7], atol=1e-4, rtol=0)
