"""Days and months."""

from __future__ import annotations

from examples.tiny_chat.dialogues.dialogue import Exchange
from examples.tiny_chat.dialogues.draw import Draw
from examples.tiny_chat.dialogues.pools import DAYS, MONTHS
from examples.tiny_chat.dialogues.wording import Wording
from examples.tiny_chat.topics.phrases import ASK, END, HEY, Q

LENGTHS = dict(zip(MONTHS, (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31), strict=True))
STEPS = {"after": 1, "before": -1}
COUNTS = {"": 1, "two $units ": 2, "three $units ": 3}
NEXT = Wording(
    f"{HEY}[which|what] $unit [comes|is] $when $start{Q}",
    f"{HEY}[what's|what is] the $unit $when $start{Q}",
    f"{ASK}[name|tell me|give me] the $unit $when $start{END}",
)
LATER = Wording(
    f"{HEY}[which|what] $unit [comes|is] $count $units $when $start{Q}",
    f"{HEY}[what's|what is] the $unit $count $units $when $start{Q}",
)
LENGTH = Wording(
    f"{HEY}how many days [are in|are there in] $month{Q}",
    f"{HEY}how many days does $month have{Q}",
    f"{HEY}how long is $month{Q}",
)
WHOLE = Wording(
    f"{HEY}how many $units [are in|are there in] a $whole{Q}", f"{HEY}how many $units does a $whole have{Q}"
)
WHOLES = (("days", "week", 7), ("days", "year", 365), ("months", "year", 12), ("weeks", "year", 52))
EDGE = Wording(
    f"{HEY}[what is|what's|which is] the $edge $unit of the $whole{Q}",
    f"{ASK}name the $edge $unit of the $whole{END}",
)
ORDINAL = Wording(
    f"{HEY}[which|what] [number|position] is $month [in the year|of the months]{Q}",
    f"{HEY}[which|what] month is [month |]number $number{Q}",
)
LIST = Wording(
    f"{ASK}[list|name|say|tell me|give me|write] [|all ]the $units [of the $whole|in a $whole]{END}",
    f"{HEY}what are the $units [of the|in a] $whole{Q}",
)


def calendar(draw: Draw) -> Exchange:
    """A question with one right answer."""
    return draw.pick((_step, _step, _step, _step, _length, _ordinal, _list, _whole))(draw)


def _step(draw: Draw) -> Exchange:
    unit, names = draw.pick((("day", DAYS), ("month", MONTHS)))
    start, when, count = (
        draw.rng.randrange(len(names)),
        draw.pick(("after", "before")),
        draw.pick((1, 1, 2, 3)),
    )
    end = (start + STEPS[when] * count) % len(names)
    between = [names[(start + STEPS[when] * index) % len(names)] for index in range(count + 1)]
    wording = NEXT if count == 1 else LATER
    written = {1: "one", 2: "two", 3: "three"}[count]
    question = draw.say(wording, unit=unit, units=f"{unit}s", when=when, start=names[start], count=written)
    working = f"{'Forwards' if when == 'after' else 'Backwards'}: {', '.join(between)}"
    answer = f"{names[end]}."
    return Exchange(question, answer if count == 1 else f"{working}: {answer}", f"{working}.", answer)


def _length(draw: Draw) -> Exchange:
    month = draw.pick(MONTHS)
    leap = ", and 29 in a leap year" if month == "February" else ""
    return Exchange(
        draw.say(LENGTH, month=month),
        f"{month} has {LENGTHS[month]} days{leap}.",
        f"The month is {month}.",
    )


def _ordinal(draw: Draw) -> Exchange:
    number = draw.rng.randint(1, 12)
    month = MONTHS[number - 1]
    return Exchange(
        draw.say(ORDINAL, month=month, number=number),
        f"{month} is month {number} of the year.",
        f"I count the months up to {month}.",
    )


def _list(draw: Draw) -> Exchange:
    unit, whole, names = draw.pick((("day", "week", DAYS), ("month", "year", MONTHS)))
    return Exchange(
        draw.say(LIST, units=f"{unit}s", whole=whole), f"{', '.join(names)}.", f"There are {len(names)}."
    )


def _whole(draw: Draw) -> Exchange:
    if draw.chance(0.5):
        units, whole, count = draw.pick(WHOLES)
        question = draw.say(WHOLE, units=units, whole=whole)
        return Exchange(question, f"A {whole} has {count} {units}.", "I know this by heart.")
    unit, whole, names = draw.pick((("day", "week", DAYS), ("month", "year", MONTHS)))
    edge, index = draw.pick((("first", 0), ("last", -1)))
    question = draw.say(EDGE, edge=edge, unit=unit, whole=whole)
    return Exchange(question, f"{names[index]}.", f"The {unit}s are {', '.join(names)}.")
