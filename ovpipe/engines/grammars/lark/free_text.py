"""Any text up to the first of some marks, as a machine that reads it character by character."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ovpipe.engines.grammars.ebnf.characters import Characters


def states_of(marks: Sequence[str]) -> list[str]:
    """What may be known of the text so far: the longest beginning of a mark that it ends with."""
    return [*dict.fromkeys(mark[:end] for mark in ("", *marks) for end in range(max(1, len(mark))))]


def moves(state: str, states: Sequence[str], marks: Sequence[str]) -> Iterator[tuple[Characters, str]]:
    """From a state, by which characters to which state; a mark is a state, too, and ends the text."""
    letters = sorted({letter for mark in marks for letter in mark})
    yield Characters.named("".join(letters)).others(), ""
    for letter in letters:
        text = state + letter
        found = next((mark for mark in marks if text.endswith(mark)), None)
        if found is None:
            found = max((each for each in states if text.endswith(each)), key=len)
        yield Characters.named(letter), found
