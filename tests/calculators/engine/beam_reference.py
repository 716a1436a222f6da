"""A beam search in the plainest words: whole texts, all tokens, one list that is sorted."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ovpipe.engines.protocol import GenerateRequest, SamplingParams


class Text(NamedTuple):
    """A text that was found, with the score that compares it."""

    tokens: list[int]
    score: Any
    finish: str


def search(asked: GenerateRequest, logits_of: Callable[[Sequence[int]], Any], ends: set[int]) -> list[Text]:
    """All texts that a request's search finds, the best first."""
    sampling = asked.sampling
    beams = sampling.beams
    assert beams is not None
    size, penalty = beams.width // beams.groups, beams.length_penalty
    live: list[list[tuple[float, list[int]]]] = [[(0.0, [])] for _ in range(beams.groups)]
    ended: list[list[Text]] = [[] for _ in range(beams.groups)]
    ends = set(sampling.stop_token_ids) | (set() if sampling.ignore_eos else ends)
    for length in range(1, sampling.max_tokens + 1):
        taken: list[int] = []
        for group in range(beams.groups):
            if not live[group]:
                continue
            candidates = []
            for score, text in live[group]:
                logits = _processed(logits_of([*asked.prompt, *text]), text, sampling)
                whole = np.log(np.exp(logits).sum())
                for token, logit in enumerate(logits):
                    apart = beams.diversity_penalty * taken.count(token)
                    if math.isfinite(logit):
                        candidates.append((score + float(logit - whole) - apart, [*text, token]))
            candidates.sort(key=lambda one: -one[0])
            children: list[tuple[float, list[int]]] = []
            for place, (score, text) in enumerate(candidates):
                if len(children) == size:
                    break
                if text[-1] not in ends:
                    children.append((score, text))
                elif place < size:
                    ended[group].append(Text(text, score / length**penalty, "stop"))
            ended[group] = sorted(ended[group], key=lambda one: -one.score)[:size]
            live[group] = children
            if len(ended[group]) == size and children:
                longest = length
                if beams.early_stopping == "never" and penalty > 0:
                    longest = sampling.max_tokens
                attainable = children[0][0] / longest**penalty
                if beams.early_stopping is True or ended[group][-1].score >= attainable:
                    live[group] = []
            taken += [text[-1] for _, text in live[group]]
    for group in range(beams.groups):
        whole_texts = [Text(text, score / len(text) ** penalty, "length") for score, text in live[group]]
        ended[group] = sorted(ended[group] + whole_texts, key=lambda one: -one.score)[:size]
    return sorted((text for group in ended for text in group), key=lambda one: -one.score)


def _processed(logits: Any, text: list[int], sampling: SamplingParams) -> Any:
    """With the presence penalty and the allowed tokens, which stand for all processors."""
    found = np.array(logits, np.float64)
    for token in set(text):
        found[token] -= sampling.presence_penalty
    if sampling.allowed_token_ids is not None:
        for token in set(range(len(found))) - set(sampling.allowed_token_ids):
            found[token] = -np.inf
    return found
