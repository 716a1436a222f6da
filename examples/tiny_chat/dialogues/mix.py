"""Which topics there are, and how conversations are made of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random

from examples.tiny_chat.dialogues.dialogue import Dialogue, Exchange, Message, Topic
from examples.tiny_chat.dialogues.draw import Draw
from examples.tiny_chat.dialogues.split import Split
from examples.tiny_chat.topics.about import about
from examples.tiny_chat.topics.arithmetic import arithmetic
from examples.tiny_chat.topics.calendar import calendar
from examples.tiny_chat.topics.counting import counting
from examples.tiny_chat.topics.extraction import extraction
from examples.tiny_chat.topics.recall import recall
from examples.tiny_chat.topics.small_talk import small_talk, unknown
from examples.tiny_chat.topics.sorting import sort_numbers, sort_words
from examples.tiny_chat.topics.strings import repeat, reverse, spell, upper
from examples.tiny_chat.topics.tools import no_call, one_call, result, two_calls

TOPICS: Mapping[str, tuple[Topic, float]] = {
    "about": (about, 12),
    "small talk": (small_talk, 3),
    "unknown": (unknown, 8),
    "arithmetic": (arithmetic, 16),
    "counting": (counting, 6),
    "repeat": (repeat, 4),
    "upper-case": (upper, 4),
    "spell": (spell, 4),
    "reverse": (reverse, 6),
    "sort numbers": (sort_numbers, 5),
    "sort words": (sort_words, 4),
    "calendar": (calendar, 5),
    "recall": (recall, 8),
    "extraction": (extraction, 8),
    "one call": (one_call, 12),
    "two calls": (two_calls, 6),
    "no call": (no_call, 7),
    "tool result": (result, 5),
}
"""Each category's topic, and how often it comes relative to the others."""
LONGEST_BEFORE = 12
"""How many commas an earlier answer may have: long counts stand at the end, or a chat is all numbers."""
SYSTEM_PROMPTS = (
    "You are a helpful assistant.",
    "You are tiny-chat.",
    "You are a small demonstration model.",
    "Answer briefly.",
    "Be friendly.",
)


def training_dialogues(seed: int) -> Iterator[Dialogue]:
    """Dialogues without end, the same for the same seed."""
    draw = Draw(Random(seed), Split.TRAINING)
    while True:
        yield conversation(draw, _category(draw))


def held_out_dialogues(category: str, count: int, seed: int = 0) -> list[Dialogue]:
    """Dialogues that end in one category, of values and wordings that training never sees; no two alike."""
    draw = Draw(Random(f"{category} {seed}"), Split.HELD_OUT)
    different: dict[str, Dialogue] = {}
    for _ in range(50 * count):
        dialogue = conversation(draw, category)
        different.setdefault(repr((dialogue.messages, dialogue.tools)), dialogue)
        if len(different) == count:
            return list(different.values())
    raise ValueError(f"'{category}' has no {count} held-out dialogues that differ, only {len(different)}")


def conversation(draw: Draw, category: str) -> Dialogue:
    """A conversation whose last answer is of a category: most are one exchange, some have others before.

    A few are long, so that the model has seen places far from the beginning.
    """
    topic, _ = TOPICS[category]
    last = topic(draw)
    messages: list[Message] = []
    if draw.chance(0.2):
        messages.append({"role": "system", "content": draw.pick(SYSTEM_PROMPTS)})
    earlier = draw.rng.randint(4, 12) if draw.chance(0.03) else draw.pick((0, 0, 0, 0, 1, 1, 2))
    for _ in range(earlier):
        before = _before(draw, tools=bool(last.tools))
        messages += [*before.asked(), before.answered(thinking=False)]
    thinking = draw.chance(0.2)
    messages += [*last.asked(), last.answered(thinking=thinking)]
    return Dialogue(category, tuple(messages), last.tools, thinking)


def _before(draw: Draw, *, tools: bool) -> Exchange:
    """An exchange that needs no tools and leaves nothing to be remembered.

    Where there are `tools`, it is none that one of them might have been called for.
    """
    while True:
        category = _category(draw)
        if category == "recall" or (tools and category in ("unknown", "arithmetic")):
            continue
        exchange = TOPICS[category][0](draw)
        if not exchange.tools and exchange.answer.count(",") <= LONGEST_BEFORE:
            return exchange


def _category(draw: Draw) -> str:
    weights = [weight for _, weight in TOPICS.values()]
    return draw.rng.choices(list(TOPICS), weights)[0]
