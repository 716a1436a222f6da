"""What was said earlier in the chat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from examples.tiny_chat.dialogues.dialogue import Exchange, Message
from examples.tiny_chat.dialogues.draw import Draw
from examples.tiny_chat.dialogues.pools import ANIMALS, COLORS
from examples.tiny_chat.dialogues.wording import Wording
from examples.tiny_chat.topics.arithmetic import arithmetic
from examples.tiny_chat.topics.phrases import ASK, END, HEY, Q
from examples.tiny_chat.topics.small_talk import small_talk
from examples.tiny_chat.topics.strings import repeat


@dataclass(frozen=True)
class Thing:
    """Something that a person tells of themselves, and asks for later."""

    value: Callable[[Draw], str]
    told: Wording
    noted: str
    asked: Wording
    answer: str
    missing: str


def _code(draw: Draw) -> str:
    return str(draw.long_number(9999))


THINGS = (
    Thing(
        Draw.name,
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
    Thing(
        _code,
        Wording(f"{ASK}remember [|the |this |my ][number|code]:? $v{END}".replace(":?", "[:|]"), "[|the |my ][number|code] is $v[.|]"),
        "I will remember $v.",
        Wording(
            f"{HEY}[what is|what's|what was] [my|the] [number|code]{Q}",
            f"{HEY}which [number|code] [did i tell you|did i give you|did i say]{Q}",
            f"{ASK}[say|tell me|repeat] [my|the] [number|code]{END}",
        ),
        "The number is $v.",
        "You have not told me a number.",
    ),
    Thing(
        Draw.city,
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
        Draw.name,
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
        Draw.word,
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


def recall(draw: Draw) -> Exchange:
    """One or two things told, perhaps something else, then one of them asked for."""
    things = draw.rng.sample(THINGS, draw.pick((1, 1, 2, 2, 3)))
    values = [thing.value(draw) for thing in things]
    messages: list[Message] = []
    asked = draw.rng.randrange(len(things))
    missing = draw.chance(0.12)
    for index, (thing, value) in enumerate(zip(things, values, strict=True)):
        if not (missing and index == asked):
            messages += _turn(draw.say(thing.told, v=value), thing.noted.replace("$v", value))
    for _ in range(draw.pick((0, 0, 1, 1, 2)) if messages else 1):
        between = draw.pick((arithmetic, small_talk, repeat))(draw)
        messages += _turn(between.question, between.answer)
    thing, value = things[asked], values[asked]
    messages.append({"role": "user", "content": draw.say(thing.asked)})
    answer = thing.missing if missing else thing.answer.replace("$v", value)
    thoughts = "I look back: this was not said." if missing else f"I look back: it was {value}."
    return Exchange("", answer, thoughts, messages=tuple(messages))


def _turn(question: str, answer: str) -> list[Message]:
    return [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
