"""Any text up to the first of some marks, as a machine that reads it character by character."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ovpipe.engines.grammars.ebnf.characters import Characters
from ovpipe.engines.grammars.lark.rules_tree import (
    EMPTY,
    Body,
    CharacterClass,
    Choice,
    Concatenation,
    FreeText,
    Rule,
)


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


def machine_of(body: FreeText) -> tuple[str, dict[str, Body]]:
    """The same by a rule for each state, which takes a character and what the next state's takes.

    Beside these rules, the name of the first.
    """
    marks = body.marks
    states = states_of(marks)
    names = {state: f"{body.without}{body.end}\0{state}" for state in states}
    rules: dict[str, Body] = {}
    for state in states:
        choices: list[Body] = [] if body.end else [EMPTY]
        for characters, target in moves(state, states, marks):
            if target in names and target not in marks:
                choices.append(Concatenation((CharacterClass(characters), Rule(names[target]))))
            elif target == body.end and target:
                choices.append(CharacterClass(characters))
        rules[names[state]] = Choice(tuple(choices))
    return names[""], rules
