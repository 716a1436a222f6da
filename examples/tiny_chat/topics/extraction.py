"""Fields of a text as a JSON object."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from examples.tiny_chat.dialogues.dialogue import Exchange
from examples.tiny_chat.dialogues.draw import Draw
from examples.tiny_chat.dialogues.pools import COLORS, DAYS, JOBS
from examples.tiny_chat.dialogues.wording import Wording
from examples.tiny_chat.topics.phrases import ASK

FIELDS: Mapping[str, Callable[[Draw], str | int]] = {
    "name": lambda draw: draw.name(),
    "age": lambda draw: draw.long_number(99),
    "city": lambda draw: draw.city(),
    "job": lambda draw: draw.value(JOBS),
    "item": lambda draw: draw.word(),
    "price": lambda draw: draw.long_number(999),
    "count": lambda draw: draw.number(2, 99),
    "color": lambda draw: draw.value(COLORS),
    "day": lambda draw: draw.value(DAYS),
}
TEXTS = (
    ("name age city", Wording("$name is $age[ years old|] and [lives in|comes from|is from] $city[.|]", "[|this is |meet ]$name from $city, [aged |age ]$age[.|]")),
    ("name job", Wording("$name [is a|works as a|is our] $job[.|]", "[the|our] $job is [called |]$name[.|]")),
    ("name age job", Wording("$name, [aged |]$age, [is a|works as a] $job[.|]", "$name is a $job [and is|of] $age[| years][.|]")),
    ("name job city", Wording("$name [is a|works as a] $job in $city[.|]", "the $job in $city is [called |]$name[.|]")),
    ("item price", Wording("[the|a] $item [costs|is|sells for] $price [euros|dollars][.|]")),
    ("item price color", Wording("[the|a] $color $item [costs|is|sells for] $price [euros|dollars][.|]")),
    ("name count item", Wording("$name [bought|ordered|has|wants|sold|needs] $count [pieces of |]$item[.|]")),
    ("name count item price", Wording("$name [bought|ordered|sold] $count $item for $price [euros|dollars][.|]")),
    ("name city day", Wording("$name [travels|flies|goes|drives] to $city on $day[.|]", "on $day $name [travels|flies|goes] to $city[.|]")),
    ("name day", Wording("[meet|call|visit|see] $name on $day[.|]", "$name [comes|arrives|leaves] on $day[.|]")),
)  # fmt: skip
BEFORE = Wording(
    f"{ASK}[extract|get|find|pull out|give me] [|the ]$fields [as|in] json[: | from: | from this text: |:\n]$text",
    f"{ASK}[extract|get|return] [|the ]$fields from [this|the text|this text] as json: $text",
    f"{ASK}extract [|the ]$fields[: | from: | from this text: |:\n]$text",
)
AFTER = Wording(
    "$text [|please |now |\n][extract|get|find|give me|return] [|the ]$fields [as|in] json[.|]",
)


def extraction(draw: Draw) -> Exchange:
    """Some fields of a sentence, in the order that is asked for; null for one that it does not have."""
    names, wording = draw.pick(TEXTS)
    values = {name: FIELDS[name](draw) for name in names.split()}
    text = draw.say(wording, **values)
    wanted: list[str] = draw.rng.sample(sorted(values), draw.rng.randint(min(2, len(values)), len(values)))
    if draw.chance(0.12):
        others = [name for name in FIELDS if name not in values]
        wanted.insert(draw.rng.randint(0, len(wanted)), draw.pick(others))
    question = draw.say(BEFORE if draw.chance(0.7) else AFTER, fields=_joined(draw, wanted), text=text)
    found = {name: values.get(name) for name in wanted}
    return Exchange(
        question.replace("json", "JSON") if draw.chance(0.8) else question,
        json.dumps(found, ensure_ascii=False),
        "The fields are " + ", ".join(wanted) + ".",
    )


def _joined(draw: Draw, names: list[str]) -> str:
    """Names as people list them: name, age and city; or in quotes."""
    if draw.chance(0.3):
        return ", ".join(f'"{name}"' for name in names)
    if draw.chance(0.3):
        return ", ".join(names)
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
