"""Words: repeated, spelled, reversed, in capitals."""

from __future__ import annotations

from examples.tiny_chat.dialogues.dialogue import Exchange
from examples.tiny_chat.dialogues.draw import Draw
from examples.tiny_chat.dialogues.wording import Wording
from examples.tiny_chat.topics.phrases import ASK, END

WORD = "[|the word ]$word"
REPEAT = Wording(f"{ASK}[repeat|say|echo|write] {WORD}{END}", f"{ASK}[repeat|say] after me: {WORD}{END}")
UPPER = Wording(
    f"{ASK}[write|put|say|give me] {WORD} in [capitals|capital letters|upper case|uppercase]{END}",
    f"{ASK}[upper-case|uppercase|capitalize] {WORD}{END}",
    f"{ASK}[turn|change|convert] {WORD} [to|into] [capitals|upper case|uppercase]{END}",
)
SPELL = Wording(
    f"{ASK}[spell|spell out] {WORD}{END}",
    f"[|so |hey, |tell me, |ok, ]how [do you|do i|would you] spell {WORD}[?|]",
    f"{ASK}[write|say] {WORD} letter by letter{END}",
)
REVERSE = Wording(
    f"{ASK}[reverse|turn around] {WORD}{END}",
    f"{ASK}[write|spell|say] {WORD} backwards{END}",
    f"[|so |hey, |tell me, |ok, ][what is|what's] {WORD} [backwards|reversed|in reverse][?|]",
)


def repeat(draw: Draw) -> Exchange:
    """The word itself, or a few words."""
    text = draw.text() if draw.chance(0.3) else draw.word(12)
    text = text.capitalize() if draw.chance(0.15) else text
    return Exchange(draw.say(REPEAT, word=f'"{text}"'), f'"{text}"', f'The word is "{text}".')


def upper(draw: Draw) -> Exchange:
    """The word in capitals."""
    word = draw.word(12)
    return Exchange(draw.say(UPPER, word=_written(draw, word)), f'"{word.upper()}"', f'The word is "{word}".')


def spell(draw: Draw) -> Exchange:
    """The word's letters."""
    word = draw.word(12)
    return Exchange(draw.say(SPELL, word=_written(draw, word)), "-".join(word), f'The word is "{word}".')


def reverse(draw: Draw) -> Exchange:
    """The word from its end; spelled first, so that each letter has one place to be read from."""
    word = draw.word(9)
    letters = "-".join(word)
    return Exchange(
        draw.say(REVERSE, word=_written(draw, word)),
        f'{letters}, backwards: "{word[::-1]}"',
        f"The letters are {letters}.",
        f'"{word[::-1]}"',
    )


def _written(draw: Draw, word: str) -> str:
    """A word as people write one that they talk about: in quotes, or not."""
    return draw.pick((f'"{word}"', f'"{word}"', f'"{word}"', f"'{word}'", word))
