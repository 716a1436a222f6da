"""What the trained network says to a few dialogues, kept beside the tests: what ships must say the same."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from examples.tiny_chat.dialogues.mix import held_out_dialogues
from examples.tiny_chat.training.rendering import Renderer
from examples.tiny_chat.training.vocabulary import Vocabulary

CATEGORIES = ("arithmetic", "reverse", "extraction", "two calls")
TOKENS = 48
"""From the end of each; more would only make the file larger."""


@dataclass(frozen=True)
class Recording:
    """Dialogues as ids, and logits f32 [tokens, vocab_size] after each token of each.

    The logits are those of the network with its weights as they are shipped, rounded to 8 bits and back:
    so the difference that is left is the graph's, not the rounding's. Beside them the f32 network's likeliest
    tokens, which show what the rounding costs.
    """

    ids: list[NDArray[np.int64]]
    logits: list[NDArray[np.float32]]
    unrounded: list[NDArray[np.int64]]

    def save(self, file: Path) -> None:
        """Writes it, logits in f16, which is finer than what is compared."""
        arrays = {}
        for index, (ids, logits, best) in enumerate(zip(self.ids, self.logits, self.unrounded, strict=True)):
            arrays[f"ids_{index}"] = ids.astype(np.int16)
            arrays[f"logits_{index}"] = logits.astype(np.float16)
            arrays[f"unrounded_{index}"] = best.astype(np.int16)
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]  # the stubs take the names for its own

    @classmethod
    def load(cls, file: Path) -> Self:
        """Reads what `save` has written."""
        with np.load(file) as arrays:
            count = len(arrays.files) // 3
            return cls(
                [arrays[f"ids_{index}"].astype(np.int64) for index in range(count)],
                [arrays[f"logits_{index}"].astype(np.float32) for index in range(count)],
                [arrays[f"unrounded_{index}"].astype(np.int64) for index in range(count)],
            )


def recorded_ids(vocabulary: Vocabulary, renderer: Renderer) -> list[list[int]]:
    """One held-out dialogue of several categories."""
    dialogues = [held_out_dialogues(category, 1, seed=1)[0] for category in CATEGORIES]
    return [vocabulary.encode(renderer.text(dialogue))[-TOKENS:] for dialogue in dialogues]
