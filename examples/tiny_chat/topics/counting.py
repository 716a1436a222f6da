"""Counting up and down between any bounds to 100."""

from __future__ import annotations

from examples.tiny_chat.dialogues.dialogue import Exchange
from examples.tiny_chat.dialogues.draw import Draw
from examples.tiny_chat.dialogues.wording import Wording
from examples.tiny_chat.topics.phrases import ASK, END

COUNT = Wording(
    f"{ASK}count from $a to $b{END}",
    f"{ASK}count [up |]from $a [up |]to $b{END}",
    f"{ASK}[list|write|give me|say|show me][| all] the numbers from $a to $b{END}",
)
DOWN = Wording(
    f"{ASK}count [down|backwards] from $a to $b{END}",
    f"{ASK}count from $a [down|back] to $b{END}",
    f"{ASK}count from $a to $b{END}",
    f"{ASK}[list|write|give me|say|show me][| all] the numbers from $a down to $b{END}",
)
TO = Wording(f"{ASK}count [up |]to $b{END}", f"{ASK}count from one to $b{END}")
DOWN_FROM = Wording(f"{ASK}count [down|backwards] from $a{END}")


def counting(draw: Draw) -> Exchange:
    """The numbers between two bounds, most often near each other. Pairs of bounds are split, not numbers.

    Who counts to a number begins at one, and who counts down from one ends there.
    """
    while True:
        to_one = draw.chance(0.12)
        low = 1 if to_one else draw.rng.randint(0, 99)
        high = low + draw.rng.randint(1, 25 if draw.chance(0.8) else 100)
        down = draw.chance(0.4)
        first, last = (high, low) if down else (low, high)
        if high <= 100 and draw.split.has(f"{first} to {last}"):
            break
    wording = (DOWN_FROM if down else TO) if to_one else (DOWN if down else COUNT)
    numbers = range(first, last - 1, -1) if down else range(first, last + 1)
    return Exchange(
        draw.say(wording, a=first, b=last),
        ", ".join(map(str, numbers)),
        f"I count {'down' if down else 'up'} from {first} and stop at {last}.",
    )
