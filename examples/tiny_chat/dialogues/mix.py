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
    "about": (about, 11),
    "small talk": (small_talk, 3),
    "unknown": (unknown, 4),
    "arithmetic": (arithmetic, 10),
    "counting": (counting, 5),
    "repeat": (repeat, 4),
    "upper-case": (upper, 3),
    "spell": (spell, 3),
    "reverse": (reverse, 4),
    "sort numbers": (sort_numbers, 9),
    "sort words": (sort_words, 4),
    "calendar": (calendar, 4),
    "recall": (recall, 9),
    "extraction": (extraction, 8),
    "one call": (one_call, 20),
    "two calls": (two_calls, 18),
    # So many, or the model never looks whether a tool is there: with 9 it did not in 88 minutes.
    "no call": (no_call, 22),
    "tool result": (result, 6),
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
    earlier = draw.rng.randint(4, 16) if draw.chance(0.03) else draw.pick((0, 0, 0, 0, 1, 1, 2))
    recalls = category == "recall"
    for _ in range(earlier):
        before, recalls = _before(draw, tools=bool(last.tools), recalled=recalls)
        messages += [*before.asked(), before.answered(thinking=False)]
    thinking = draw.chance(0.2)
    messages += [*last.asked(), last.answered(thinking=thinking)]
    return Dialogue(category, tuple(messages), last.tools, thinking)


def _before(draw: Draw, *, tools: bool, recalled: bool) -> tuple[Exchange, bool]:
    """An exchange that needs no tools, and whether something has been recalled by now.

    Where there are `tools`, it is none that one of them might have been called for. A chat recalls but once:
    the second time would not know what the first was told.
    """
    while True:
        category = _category(draw)
        recalls = category == "recall"
        if (recalls and recalled) or (tools and category in ("unknown", "arithmetic")):
            continue
        exchange = TOPICS[category][0](draw)
        if not exchange.tools and exchange.answer.count(",") <= LONGEST_BEFORE:
            return exchange, recalls or recalled


def _category(draw: Draw) -> str:
    weights = [weight for _, weight in TOPICS.values()]
    return draw.rng.choices(list(TOPICS), weights)[0]
