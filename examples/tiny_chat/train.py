"""Trains the model: python -m examples.tiny_chat.train FOLDER [--minutes 115]

Writes FOLDER/vocabulary.json and FOLDER/checkpoint.pt, and goes on from them when they are there.
Needs PyTorch: pip install 'ovpipe[train]'.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import torch
import typer

from examples.tiny_chat.training.progress import Progress
from examples.tiny_chat.training.rendering import Renderer
from examples.tiny_chat.training.rows import training_rows
from examples.tiny_chat.training.trainer import Trainer
from examples.tiny_chat.training.vocabulary import Vocabulary

SAVE_SECONDS = 300.0


def train(
    folder: Annotated[Path, typer.Argument(help="Where the checkpoint is, or is to be.")],
    minutes: Annotated[
        float, typer.Option(help="How long, in all: earlier runs of a checkpoint count.")
    ] = 115.0,
    seed: Annotated[int, typer.Option(help="Of weights and dialogues.")] = 1,
    threads: Annotated[int, typer.Option(help="Threads of PyTorch.")] = 2,
) -> None:
    """Trains until the time is up. Ctrl-C saves, too."""
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    folder.mkdir(parents=True, exist_ok=True)
    renderer = Renderer()
    words = folder / "vocabulary.json"
    if not words.exists():
        Vocabulary.learn(renderer).save(words)
    vocabulary = Vocabulary.load(words)
    checkpoint = folder / "checkpoint.pt"
    trainer = Trainer(seconds=minutes * 60)
    if checkpoint.exists():
        trainer.load(checkpoint)
    # A run that goes on sees other dialogues than the one before it.
    rows = training_rows(renderer, vocabulary, seed + 1_000_003 * trainer.steps, trainer.micro_tokens)
    saved = trainer.elapsed
    with Progress(minutes * 60) as progress:
        try:
            while not trainer.done:
                progress.show(trainer.step(rows))
                if trainer.elapsed - saved > SAVE_SECONDS:
                    trainer.save(checkpoint)
                    saved = trainer.elapsed
        finally:
            trainer.save(checkpoint)


if __name__ == "__main__":
    typer.run(train)
