"""The trainer: steps of an optimizer, within a budget of time."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

from examples.tiny_chat.training.network import Network
from examples.tiny_chat.training.rows import Rows
from examples.tiny_chat.training.shape import SHAPE

MATRIX_RATE = 0.005
"""Of Muon, whose updates have the size that AdamW's would (match_rms_adamw)."""
OTHER_RATE = 0.003
"""Of AdamW, for the embeddings and the norms."""
WEIGHT_DECAY = 0.01
WARM_UP = 0.01
"""The part of the time in which rates rise."""
LOWEST = 0.01
"""The part of the highest rate that is left at the end."""
LARGEST_GRADIENT = 1.0


@dataclass(frozen=True)
class Step:
    """What became of one step."""

    number: int
    loss: float
    """Mean over the answers' tokens, in nats."""
    tokens: int
    """Of all rows, padding left out, since training began."""
    elapsed: float
    rate: float
    """Relative to the highest."""


class Trainer:
    """Trains a new network, or a saved one. The rates follow a cosine over `seconds` of training."""

    micro_tokens = 4096
    """Tokens that go through the network at once; more no longer fit the processor's caches."""
    micro_batches = 2
    """Of different lengths, so of different topics; one step of the optimizer follows."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.network = Network(SHAPE)
        self.steps = 0
        self.tokens = 0
        self.elapsed = 0.0
        matrices = [one for name, one in self._parameters() if one.ndim == 2 and "embed" not in name]
        embeddings = [one for name, one in self._parameters() if "embed" in name]
        norms = [one for _, one in self._parameters() if one.ndim == 1]
        self._optimizers: list[tuple[torch.optim.Optimizer, float]] = [
            (
                torch.optim.Muon(
                    matrices, lr=MATRIX_RATE, weight_decay=WEIGHT_DECAY, adjust_lr_fn="match_rms_adamw"
                ),
                MATRIX_RATE,
            ),
            (
                torch.optim.AdamW(
                    [{"params": embeddings}, {"params": norms, "weight_decay": 0.0}],
                    lr=OTHER_RATE,
                    betas=(0.9, 0.98),
                    weight_decay=WEIGHT_DECAY,
                ),
                OTHER_RATE,
            ),
        ]

    @property
    def done(self) -> bool:
        """Whether the time is up."""
        return self.elapsed >= self.seconds

    def step(self, rows: Iterator[Rows]) -> Step:
        """One step on the next rows."""
        began = time.monotonic()
        batches = [next(rows) for _ in range(self.micro_batches)]
        answers = sum(int(batch.answers.sum()) for batch in batches)
        loss = sum(self._backward(batch, answers) for batch in batches)
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), LARGEST_GRADIENT)
        rate = self._rate()
        for optimizer, highest in self._optimizers:
            for group in optimizer.param_groups:
                group["lr"] = highest * rate
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.steps += 1
        pad = SHAPE.pad_token_id
        self.tokens += sum(int((batch.ids != pad).sum()) for batch in batches)
        self.elapsed += time.monotonic() - began
        return Step(self.steps, loss, self.tokens, self.elapsed, rate)

    def save(self, file: Path) -> None:
        """Writes everything that training goes on from; a file is never half written."""
        content = {
            "network": self.network.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer, _ in self._optimizers],
            "steps": self.steps,
            "tokens": self.tokens,
            "elapsed": self.elapsed,
        }
        torch.save(content, file.with_suffix(".new"))
        file.with_suffix(".new").replace(file)

    def load(self, file: Path) -> None:
        """Reads what `save` has written."""
        content: dict[str, Any] = torch.load(file, weights_only=True)
        self.network.load_state_dict(content["network"])
        for (optimizer, _), state in zip(self._optimizers, content["optimizers"], strict=True):
            optimizer.load_state_dict(state)
        self.steps, self.tokens, self.elapsed = content["steps"], content["tokens"], content["elapsed"]

    def _parameters(self) -> list[tuple[str, torch.nn.Parameter]]:
        return list(self.network.named_parameters())

    def _backward(self, batch: Rows, answers: int) -> float:
        """Adds the gradients of one batch, whose loss counts by its answers' tokens."""
        ids, written = torch.from_numpy(batch.ids), torch.from_numpy(batch.answers)
        # The last column predicts nothing, but stays: products of odd sizes are several times slower.
        chosen = functional.pad(written[:, 1:], (0, 1))
        with torch.autocast("cpu", torch.bfloat16):
            logits = self.network(ids, chosen)
        loss = functional.cross_entropy(logits.float(), ids[written], reduction="sum") / answers
        loss.backward()
        return float(loss.item())

    def _rate(self) -> float:
        part = min(self.elapsed / self.seconds, 1.0)
        if part < WARM_UP:
            return max(part / WARM_UP, 0.02)
        cosine = (1 + math.cos(math.pi * (part - WARM_UP) / (1 - WARM_UP))) / 2
        return LOWEST + (1 - LOWEST) * cosine
