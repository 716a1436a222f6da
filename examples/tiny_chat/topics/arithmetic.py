"""Addition and subtraction of up to three digits.

The answer shows its working, column by column from the right, since a small model learns a column's sum
exactly and a whole number's hardly (Lee et al., Teaching Arithmetic to Small Transformers, 2023, found
the same): "345 + 678: 5+8=13, 4+7+1=12, 3+6+1=10, so 1023."
"""

from __future__ import annotations

from itertools import zip_longest

from examples.tiny_chat.dialogues.dialogue import Exchange
from examples.tiny_chat.dialogues.draw import Draw
from examples.tiny_chat.dialogues.wording import Wording
from examples.tiny_chat.topics.phrases import ASK, END, HEY, Q

SUM = Wording(
    f"{HEY}[what is|what's|how much is] $a [+|plus|and] $b{Q}",
    f"{ASK}[add|add up|sum] $a and $b{END}",
    f"{ASK}[calculate|compute|work out|solve] $a [+|plus] $b{END}",
    f"{HEY}what is the sum of $a and $b{Q}",
    "$a [+|plus] $b[| =| = ?|?| is| equals]",
    "[|what is |what's |now |and |calculate ]$a+$b[|=|?| =]",
    f"{HEY}i have $a [apples|coins|books] and get $b more. how many [do i have|are there][| now]{Q}",
)
DIFFERENCE = Wording(
    f"{HEY}[what is|what's|how much is] $a [-|minus] $b{Q}",
    f"{ASK}[subtract|take|take away] $b from $a{END}",
    f"{ASK}[calculate|compute|work out|solve] $a [-|minus] $b{END}",
    f"{HEY}what is the difference [of|between] $a and $b{Q}",
    "$a [-|minus] $b[| =| = ?|?| is| equals]",
    "[|what is |what's |now |and |calculate ]$a-$b[|=|?| =]",
    f"{HEY}i have $a [apples|coins|books] and give away $b. how many [do i have|are there][| left]{Q}",
)


def arithmetic(draw: Draw) -> Exchange:
    """A sum or a difference."""
    a, b = _operand(draw), _operand(draw)
    if draw.chance(0.5):
        return _exchange(draw.say(SUM, a=a, b=b), f"{a} + {b}", _addition(a, b), a + b)
    question = draw.say(DIFFERENCE, a=a, b=b)
    if a >= b:
        return _exchange(question, f"{a} - {b}", _subtraction(a, b), a - b)
    return _exchange(question, f"{a} - {b}", f"-({b} - {a}): {_subtraction(b, a)}", a - b)


def _operand(draw: Draw) -> int:
    return draw.number(0, 9) if draw.chance(0.2) else draw.long_number(999)


def _exchange(question: str, problem: str, working: str, result: int) -> Exchange:
    return Exchange(
        question, f"{problem}: {working}, so {result}.", f"{problem}: {working}", f"{problem} = {result}."
    )


def _columns(a: int, b: int) -> list[tuple[int, int]]:
    """The digits above each other, from the right."""
    pairs = zip_longest(reversed(str(a)), reversed(str(b)), fillvalue="0")
    return [(int(upper), int(lower)) for upper, lower in pairs]


def _addition(a: int, b: int) -> str:
    steps, carry = [], 0
    for upper, lower in _columns(a, b):
        total = upper + lower + carry
        steps.append(f"{upper}+{lower}{'+1' if carry else ''}={total}")
        carry = total // 10
    return ", ".join(steps)


def _subtraction(a: int, b: int) -> str:
    steps, borrowed = [], 0
    for upper, lower in _columns(a, b):
        short = upper - lower - borrowed < 0
        upper += 10 if short else 0
        steps.append(f"{upper}-{lower}{'-1' if borrowed else ''}={upper - lower - borrowed}")
        borrowed = int(short)
    return ", ".join(steps)
