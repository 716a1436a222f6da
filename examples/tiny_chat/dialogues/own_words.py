"""Questions that no generator made: about the facts, by somebody who had not seen how the generator asks."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from examples.tiny_chat.dialogues.dialogue import Dialogue
from examples.tiny_chat.dialogues.split import Split
from examples.tiny_chat.topics.about import FACTS

FILE = Path(__file__).parents[1] / "own_words.yaml"
CATEGORY = "about, in other words"


def own_words() -> list[Dialogue]:
    """Each question, with the fact's answer; without those that the generator happens to ask, too."""
    asked: dict[str, list[str]] = yaml.safe_load(FILE.read_text("utf-8"))
    ours = {plain(sentence) for fact in FACTS for split in Split for sentence in fact.asked.of(split)}
    answers = {fact.subject: fact.answer for fact in FACTS}
    return [
        Dialogue(
            CATEGORY,
            ({"role": "user", "content": question}, {"role": "assistant", "content": answers[subject]}),
        )
        for subject, questions in asked.items()
        for question in questions
        if plain(question) not in ours
    ]


def plain(sentence: str) -> str:
    """A sentence without capitals and marks."""
    return re.sub("[^a-z0-9 ]", "", sentence.lower())
