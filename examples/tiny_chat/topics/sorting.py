"""Short lists in order."""

from __future__ import annotations

from examples.tiny_chat.dialogues.dialogue import Exchange
from examples.tiny_chat.dialogues.draw import Draw
from examples.tiny_chat.dialogues.wording import Wording
from examples.tiny_chat.topics.phrases import ASK, END

DESCENDING = Wording(
    f"{ASK}sort [|the numbers |these numbers: ]$list from [large|largest|high|highest] to [small|smallest|low|lowest]{END}",
    f"{ASK}sort [|the numbers ]$list in descending order{END}",
)
NUMBERS = Wording(
    f"{ASK}sort [|the numbers |these numbers: |this list: ]$list{END}",
    f"{ASK}[put|bring] [|the numbers ]$list in order{END}",
    f"{ASK}sort [|the numbers |these numbers: ]$list from [small|smallest|low|lowest] to [large|largest|high|highest]{END}",
)
WORDS = Wording(
    f"{ASK}sort [|the words |these words: |this list: |alphabetically: ]$list{END}",
    f"{ASK}[put|bring] [|the words ]$list in [order|alphabetical order]{END}",
)


def sort_numbers(draw: Draw) -> Exchange:
    """Three to five numbers of up to two digits, smallest first unless it is to be the other way."""
    count, numbers = draw.rng.randint(3, 5), set[int]()
    while len(numbers) < count:
        numbers.add(draw.number(0, 9) if draw.chance(0.15) else draw.number(10, 99))
    shuffled = draw.rng.sample(sorted(numbers), count)
    down = draw.chance(0.15)
    ordered = sorted(numbers, reverse=down)
    return Exchange(
        draw.say(
            DESCENDING if down else NUMBERS, list=draw.pick((", ", ", ", ", ", " ")).join(map(str, shuffled))
        ),
        ", ".join(map(str, ordered)),
        f"I look for the {'largest' if down else 'smallest'} number first, then for the next.",
    )


def sort_words(draw: Draw) -> Exchange:
    """Three to five words whose first letters differ, by the alphabet."""
    words: dict[str, str] = {}
    for word in (draw.word() for _ in range(30)):
        words.setdefault(word[0], word)
    chosen = list(words.values())[: draw.rng.randint(3, 5)]
    shuffled = draw.rng.sample(chosen, len(chosen))
    mark = draw.pick(('"', '"', ""))
    return Exchange(
        draw.say(WORDS, list=", ".join(f"{mark}{word}{mark}" for word in shuffled)),
        ", ".join(f'"{word}"' for word in sorted(shuffled)),
        f"The first letters are {', '.join(word[0] for word in shuffled)}; "
        f"in order they are {', '.join(sorted(word[0] for word in shuffled))}.",
    )
