"""Short lists in order."""

from __future__ import annotations

from examples.tiny_chat.dialogues.dialogue import Exchange
from examples.tiny_chat.dialogues.draw import Draw
from examples.tiny_chat.dialogues.wording import Wording
from examples.tiny_chat.topics.phrases import ASK, END

NUMBERS = Wording(
    f"{ASK}sort [|the numbers |these numbers: |this list: ]$list{END}",
    f"{ASK}[put|bring] [|the numbers ]$list in order{END}",
    f"{ASK}sort $list from [small|smallest|low] to [large|largest|high]{END}",
)
WORDS = Wording(
    f"{ASK}sort [|the words |these words: |this list: |alphabetically: ]$list{END}",
    f"{ASK}[put|bring] [|the words ]$list in [order|alphabetical order]{END}",
)


def sort_numbers(draw: Draw) -> Exchange:
    """Two to six numbers, smallest first."""
    high = draw.pick((99, 99, 999))
    numbers = {
        draw.number(0, 9) if draw.chance(0.15) else draw.long_number(high)
        for _ in range(draw.rng.randint(3, 6))
    }
    shuffled = draw.rng.sample(sorted(numbers), len(numbers))
    return Exchange(
        draw.say(NUMBERS, list=", ".join(map(str, shuffled))),
        ", ".join(map(str, sorted(numbers))),
        "I look for the smallest number first, then for the next.",
    )


def sort_words(draw: Draw) -> Exchange:
    """Three to five words whose first letters differ, by the alphabet."""
    words = {word[0]: word for word in (draw.word() for _ in range(draw.rng.randint(3, 5)))}
    shuffled = draw.rng.sample(sorted(words.values()), len(words))
    return Exchange(
        draw.say(WORDS, list=", ".join(f'"{word}"' for word in shuffled)),
        ", ".join(f'"{word}"' for word in sorted(shuffled)),
        f"The first letters are {', '.join(word[0] for word in shuffled)}; "
        f"in order they are {', '.join(sorted(word[0] for word in shuffled))}.",
    )
