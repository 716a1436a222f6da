"""What is one token: the words that the model knows. All else is letters.

A tokenizer of the usual kind cuts an unknown name into pieces that differ after a space, a quote and a
capital; a small model then has to learn how each is spelled. Here a word that stands in quotes, or that
the dialogues do not use of themselves, is spelled out, everywhere alike: so copying a name into JSON, or
reversing a word, is a matter of single letters.
"""

from __future__ import annotations

import re
from collections import Counter
from random import Random

from examples.tiny_chat.dialogues.draw import Blanks
from examples.tiny_chat.dialogues.mix import TOPICS, conversation
from examples.tiny_chat.dialogues.pools import ANIMALS, CITIES, COLORS, DAYS, JOBS, MONTHS, NAMES, WORDS
from examples.tiny_chat.dialogues.split import Split
from examples.tiny_chat.topics.extraction import FIELDS
from examples.tiny_chat.topics.toolbox import KNOWN, NOUNS, PARAMETERS, VERBS
from examples.tiny_chat.training.rendering import Renderer

MARKERS = tuple(
    f"<{end}{name}>" for name in ("think", "tool_call", "tool_response", "tools") for end in ("", "/")
)
JSON = (
    '{"name": "', '", "arguments": {"', '", "arguments": {',
    '": "', '": ', '", "', ', "', '"}}', '"}', "}}", '{"',
)  # fmt: skip
"""What stands between the names and values of calls and objects; the longer before the shorter."""
RARE = 5
"""A word is known if it comes in more than so many of the dialogues that are looked at."""


def known_words(renderer: Renderer, dialogues_a_category: int) -> list[str]:
    """The words of wordings and answers, without those that also stand for a value."""
    draw = Blanks(Random(0), Split.TRAINING)
    found: Counter[str] = Counter()
    for category in TOPICS:
        for _ in range(dialogues_a_category):
            text = renderer.text(conversation(draw, category))
            found.update({*re.findall(r'(?<![A-Za-z_"])[A-Za-z]+(?![A-Za-z_])', text)})
    values = {*ANIMALS, *CITIES, *COLORS, *DAYS, *JOBS, *MONTHS, *NAMES, *WORDS, *FIELDS, *NOUNS, *VERBS}
    values |= {name for one in PARAMETERS for name in one.names}
    values |= {name for known in KNOWN for one in known.parameters for name in one.names}
    values |= {value.lower() for value in values} - {"may"}
    return sorted(
        word for word, times in found.items() if times > RARE and len(word) > 1 and word not in values
    )


def words_pattern(known: list[str]) -> str:
    """A regular expression for the pieces of a text, the same to Python's re and to PCRE2.

    In this order: markers; the role of a turn, which is also a parameter's name; what stands between JSON's
    names and values; 's and its like; a known word, with the space before it, unless it stands in a longer
    one or right behind a quote; the comma between numbers; then single characters, punctuation with the
    space before it.
    """
    return "|".join(
        [
            *map(re.escape, MARKERS),
            "user(?=\n)",
            *(text.replace("{", r"\{").replace("}", r"\}") for text in JSON),
            "'(?:s|m|d|re|ve|ll|t)(?![A-Za-z])",
            rf'(?: |(?<![A-Za-z_"]))(?:{"|".join(known)})(?![A-Za-z_])',
            ", (?=[0-9])",
            "[A-Za-z0-9]",
            " ?[^A-Za-z0-9 \n]",
            "[ \n]",
        ]
    )
