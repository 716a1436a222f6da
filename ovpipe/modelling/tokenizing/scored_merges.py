"""Merges of a vocabulary whose tokens have scores, as SentencePiece's byte-pair models do."""

from __future__ import annotations

from collections.abc import Collection, Mapping


def merges_of_scores(scores: Mapping[str, float], vocabulary: Collection[str]) -> list[list[str]]:
    """Each way to make a token of two others, the best score first.

    Of the ways to make one token that with the parts of lower ids is first, as in the tokenizer.json of
    Llama 2 and of Mistral, which transformers made of SentencePiece's files.
    """
    known = {token: index for index, token in enumerate(vocabulary)}
    merges: list[tuple[str, str, float]] = []
    for token, score in scores.items():
        ways = [
            (token[:at], token[at:], score)
            for at in range(1, len(token))
            if token[:at] in scores and token[at:] in scores
        ]
        merges += sorted(ways, key=lambda way: (known[way[0]], known[way[1]]))
    merges.sort(key=lambda way: -way[2])
    return [[left, right] for left, right, _ in merges]
