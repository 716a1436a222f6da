"""Records what transformers says to the tiny models of cases.json.

    python -m tests.modelling.references.record

Needs what neither ovpipe nor its tests do: pip install torch==2.13.0 transformers==5.5.4
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import torch
import transformers
from numpy.typing import NDArray

from tests.modelling.references.cases import CASES, IDS, LOGITS, Case


def logits(case: Case) -> NDArray[np.float32]:
    """The logits after each of IDS, of transformers' own code in f32."""
    kind = getattr(transformers, case.content["architectures"][0])
    content = {
        key: value for key, value in case.content.items() if key not in ("torch_dtype", "architectures")
    }
    config = kind.config_class.from_dict(content)
    config._attn_implementation = "eager"
    model = kind(config).eval()
    parameters = {name: torch.from_numpy(case.weights(name)) for name in case.config.shapes()}
    missing, unexpected = model.load_state_dict(parameters, strict=False)
    assert not unexpected and set(missing) <= {"lm_head.weight"}, (case.name, missing, unexpected)
    model.tie_weights()
    with torch.no_grad():
        values: NDArray[np.float32] = model(torch.tensor([IDS])).logits[0].numpy()
    return values


if __name__ == "__main__":
    recorded: dict[str, Any] = {name: logits(case) for name, case in CASES.items()}
    np.savez_compressed(LOGITS, **recorded)
    sys.stdout.write(f"{LOGITS}\n")
