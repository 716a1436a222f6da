"""Loaded by schemathesis: valid bodies keep few of their optional parameters.

Of all seventy, two always contradict each other, and every answer would be the same 400.
"""

from __future__ import annotations

import json
import random
from typing import Any

import schemathesis
from schemathesis.generation import GenerationMode

KEPT = ("model", "messages", "prompt", "input", "text", "max_tokens", "stream")
MOST_OTHERS = 3


@schemathesis.hook
def before_call(
    context: schemathesis.HookContext, case: schemathesis.Case[Any], kwargs: dict[str, Any]
) -> None:
    """Leaves out of a valid body all but three of its other parameters; which three depends on the body."""
    body = case.body
    if (
        case.meta is None
        or case.meta.generation.mode is not GenerationMode.POSITIVE
        or not isinstance(body, dict)
    ):
        return
    others = sorted(body.keys() - KEPT)
    chosen = random.Random(json.dumps(body, sort_keys=True)).sample(others, min(len(others), MOST_OTHERS))
    case.body = {name: value for name, value in body.items() if name in KEPT or name in chosen}
