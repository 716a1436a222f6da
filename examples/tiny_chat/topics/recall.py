"""What was said earlier in the chat."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from examples.tiny_chat.dialogues.dialogue import Exchange, Message, Topic
from examples.tiny_chat.dialogues.draw import Draw
from examples.tiny_chat.dialogues.pools import ANIMALS, COLORS, JOBS
from examples.tiny_chat.dialogues.wording import Wording
from examples.tiny_chat.topics.about import about
from examples.tiny_chat.topics.arithmetic import arithmetic
from examples.tiny_chat.topics.calendar import calendar
from examples.tiny_chat.topics.extraction import extraction
from examples.tiny_chat.topics.phrases import ASK, END, HEY, Q
from examples.tiny_chat.topics.small_talk import small_talk, unknown
from examples.tiny_chat.topics.sorting import sort_numbers, sort_words
from examples.tiny_chat.topics.strings import repeat, reverse, spell, upper


@dataclass(frozen=True)
class Thing:
    """Something that a person tells of themselves, and asks for later."""

    value: Callable[[Draw], str]
    told: Wording
    noted: str
    asked: Wording
    answer: str
    missing: str


def _remembered(kind: str) -> Thing:
    """A number of some kind."""
    return Thing(
        lambda draw: str(draw.long_number(9999)),
        Wording(
            *(
                f"{ASK}remember {whose}{kind}{mark} $v{END}"
                for whose in ("", "the ", "this ", "my ")
                for mark in ("", ":")
            ),
            f"[|the |my ]{kind} is $v[.|]",
        ),
        "I will remember $v.",
        Wording(
            f"{HEY}[what is|what's|what was] [my|the] {kind}{Q}",
            f"{HEY}which {kind} [did i tell you|did i give you|did i say]{Q}",
            f"{ASK}[say|tell me|repeat] [my|the] {kind}{END}",
        ),
        f"The {kind} is $v.",
        f"You have not told me a {kind}.",
    )


THINGS = (
    Thing(
        lambda draw: draw.name(),
        Wording("[|hi, |hello, |hey, |hello! ][my name is|i am|i'm|call me|i am called] $v[.|!|]"),
        "Nice to meet you, $v!",
        Wording(
            f"{HEY}[what is|what's] my name{Q}",
            f"{HEY}who am i{Q}",
            f"{HEY}do you [remember|know] [my name|who i am]{Q}",
            f"{ASK}[say|tell me] my name{END}",
        ),
        "Your name is $v.",
        "You have not told me your name.",
    ),
    _remembered("number"),
    _remembered("code"),
    Thing(
        lambda draw: str(draw.number(10, 99)),
        Wording("[|so, |by the way, |you know, ][i am|i'm] $v[| years old][.|!|]"),
        "$v, I see.",
        Wording(
            f"{HEY}how old am i{Q}",
            f"{HEY}[what is|what's] my age{Q}",
            f"{HEY}do you [remember|know] [my age|how old i am]{Q}",
        ),
        "You are $v years old.",
        "You have not told me your age.",
    ),
    Thing(
        lambda draw: draw.value(JOBS),
        Wording("[|so, |by the way, |you know, ][i am a|i'm a|i work as a] $v[.|!|]"),
        "A good job, $v.",
        Wording(
            f"{HEY}[what is|what's] my job{Q}",
            f"{HEY}do you [remember|know] [my job|what i do]{Q}",
            f"{HEY}what do i [work as|do for a living]{Q}",
        ),
        "You told me: $v.",
        "You have not told me your job.",
    ),
    Thing(
        lambda draw: draw.word(),
        Wording("[|so, |by the way, |you know, ][i like|i love|i really like] $v[.|!|]"),
        "Good to know that you like $v.",
        Wording(
            f"{HEY}what do i [like|love]{Q}",
            f"{HEY}do you [remember|know] what i [like|love]{Q}",
        ),
        "You like $v.",
        "You have not told me what you like.",
    ),
    Thing(
        lambda draw: draw.city(),
        Wording("[|so, |by the way, |you know, ][i live in|i am from|i'm from|i come from|my home is] $v[.|!|]"),
        "I see, $v.",
        Wording(
            f"{HEY}where [do i live|am i from|do i come from|is my home]{Q}",
            f"{HEY}do you [remember|know] where [i live|i am from|i come from]{Q}",
        ),
        "You told me: $v.",
        "You have not told me where you live.",
    ),
    Thing(
        lambda draw: draw.value(COLORS),
        Wording("[|so, |by the way, |you know, ][my favorite color is|the color i like most is] $v[.|!|]"),
        "A good color, $v.",
        Wording(
            f"{HEY}[what is|what's|which is] my favorite color{Q}",
            f"{HEY}which color do i like[| most]{Q}",
        ),
        "Your favorite color is $v.",
        "You have not told me your favorite color.",
    ),
    Thing(
        lambda draw: draw.name(),
        Wording(*(f"[|so, |by the way, ]my {pet} is [called|named] $v[.|!|]" for pet in ("pet", *ANIMALS))),
        "A good name, $v.",
        Wording(
            f"{HEY}[what is|what's] my [pet|animal] [called|named]{Q}",
            f"{HEY}[what is|what's] the name of my [pet|animal]{Q}",
        ),
        "It is called $v.",
        "You have not told me of a pet.",
    ),
    Thing(
        lambda draw: draw.word(),
        Wording(f"{ASK}remember [|the |this ]word:? \"$v\"{END}".replace(":?", "[:|]"), "the [secret |magic |]word is \"$v\"[.|]"),
        'I will remember "$v".',
        Wording(
            f"{HEY}[what is|what's|what was] the [secret |magic |]word{Q}",
            f"{ASK}[say|tell me|repeat] the [secret |magic |]word{END}",
        ),
        'The word is "$v".',
        "You have not told me a word.",
    ),
)  # fmt: skip
OTHERS: tuple[Topic, ...] = (
    *(arithmetic, small_talk, repeat, spell, about, unknown, calendar, sort_numbers),
    *(extraction, reverse, upper, sort_words),
)
"""What is talked about besides; short, and nothing that is to be remembered."""


def recall(draw: Draw) -> Exchange:
    """One to three things told, perhaps something else between and behind, then one of them asked for."""
    things = draw.rng.sample(THINGS, draw.pick((1, 1, 2, 2, 3)))
    values = [thing.value(draw) for thing in things]
    messages: list[Message] = []
    asked = draw.rng.randrange(len(things))
    missing = draw.chance(0.12)
    told = [
        (thing, value)
        for index, (thing, value) in enumerate(zip(things, values, strict=True))
        if not (missing and index == asked)
    ]
    while told:
        (thing, value), *told = told
        said, noted = draw.say(thing.told, v=value), thing.noted.replace("$v", value)
        if told and draw.chance(0.2):
            (second, other), *told = told
            also = re.sub(
                "^(so|by the way|you know), ", "", draw.say(second.told, v=other), flags=re.IGNORECASE
            )
            said = f"{said.rstrip('.!?')} and {also[0].lower()}{also[1:]}"
        messages += _turn(said, noted)
        messages += _other(draw, draw.pick((0, 0, 0, 1)))
    behind = draw.rng.randint(3, 12) if draw.chance(0.06) else draw.pick((0, 0, 1, 1, 2))
    messages += _other(draw, behind)
    thing, value = things[asked], values[asked]
    messages.append({"role": "user", "content": draw.say(thing.asked)})
    answer = thing.missing if missing else thing.answer.replace("$v", value)
    thoughts = "I look back: this was not said." if missing else f"I look back: it was {value}."
    return Exchange("", answer, thoughts, messages=tuple(messages))


def _other(draw: Draw, count: int) -> list[Message]:
    """Exchanges about something else."""
    others = (draw.pick(OTHERS)(draw) for _ in range(count))
    return [message for other in others for message in _turn(other.question, other.answer)]


def _turn(question: str, answer: str) -> list[Message]:
    return [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
