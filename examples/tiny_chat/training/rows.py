"""Dialogues as rows of tokens for training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from random import Random

import numpy as np
from numpy.typing import NDArray

from examples.tiny_chat.dialogues.mix import training_dialogues
from examples.tiny_chat.training.rendering import END, PAD, START, Renderer
from examples.tiny_chat.training.shape import SHAPE
from examples.tiny_chat.training.vocabulary import SPECIALS, Vocabulary

POOL = 1024
"""Dialogues that are sorted by length at a time."""
WIDTH = 16
"""Rows are a multiple of so many tokens wide."""


@dataclass(frozen=True)
class Rows:
    """Dialogues of about one length, padded at their end: so none attends to another.

    `ids` i64 [rows, tokens]; `answers` bool [rows, tokens]: whether the token at a place is the model's to
    write, which is what the loss is taken over.
    """

    ids: NDArray[np.int64]
    answers: NDArray[np.bool_]


def training_rows(renderer: Renderer, vocabulary: Vocabulary, seed: int, most_tokens: int) -> Iterator[Rows]:
    """Rows without end, at most `most_tokens` a time; the same for the same seed."""
    dialogues = training_dialogues(seed)
    rng = Random(seed)
    while True:
        pool = [vocabulary.encode(renderer.text(dialogue)) for dialogue in islice(dialogues, POOL)]
        batches = list(_of_one_length(sorted(fitting(pool), key=len), most_tokens))
        rng.shuffle(batches)
        for batch in batches:
            yield rows_of(vocabulary, batch)


def fitting(dialogues: Sequence[list[int]]) -> list[list[int]]:
    """Without those that are longer than the model's context: perhaps one in a hundred thousand."""
    return [ids for ids in dialogues if len(ids) <= SHAPE.max_position_embeddings]


def rows_of(vocabulary: Vocabulary, dialogues: Sequence[Sequence[int]]) -> Rows:
    """These dialogues beside each other."""
    width = -(-max(map(len, dialogues)) // WIDTH) * WIDTH
    ids = np.full((len(dialogues), width), SPECIALS.index(PAD), np.int64)
    answers = np.zeros(ids.shape, np.bool_)
    header = vocabulary.encode(f"{START}assistant\n")
    thinks = vocabulary.encode("<think>\n")
    for row, dialogue in enumerate(dialogues):
        ids[row, : len(dialogue)] = dialogue
        for first, last in _answers(list(dialogue), header, thinks):
            answers[row, first:last] = True
    return Rows(ids, answers)


def _answers(dialogue: list[int], header: list[int], thinks: list[int]) -> Iterator[tuple[int, int]]:
    """Where the assistant's words begin and end, their end token included.

    The marker that opens thoughts is the prompt's, never the model's: it thinks when it is made to.
    """
    end = SPECIALS.index(END)
    at = 0
    while at < len(dialogue):
        if dialogue[at : at + len(header)] != header:
            at += 1
            continue
        first = at + len(header)
        if dialogue[first : first + len(thinks)] == thinks:
            first += len(thinks)
        at = dialogue.index(end, first) + 1
        yield first, at


def _of_one_length(dialogues: list[list[int]], most_tokens: int) -> Iterator[list[list[int]]]:
    """Sorted dialogues, as many together as fit."""
    batch: list[list[int]] = []
    for dialogue in dialogues:
        if batch and (len(batch) + 1) * (len(dialogue) + WIDTH) > most_tokens:
            yield batch
            batch = []
        batch.append(dialogue)
    yield batch
