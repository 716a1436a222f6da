"""Greetings, thanks, and what the model does not know."""

from __future__ import annotations

from examples.tiny_chat.dialogues.dialogue import Exchange
from examples.tiny_chat.dialogues.draw import Draw
from examples.tiny_chat.dialogues.wording import Wording
from examples.tiny_chat.topics.phrases import ASK, END, HEY, Q

GREETING = Wording(
    "[hello|hi|hey|good morning|good evening|good day|greetings|hello there|hi there][| you| tiny-chat| friend][|!|.]"
)
HOW = Wording(
    f"[|hi, |hello, |hey, ]how are you[| today| doing]{Q}", f"[|hi, |hello, |hey, ]how is it going{Q}"
)
THANKS = Wording("[thanks|thank you|thanks a lot|many thanks|thank you very much|great, thanks][|!|.]")
BYE = Wording("[bye|goodbye|good night|see you|see you later|bye bye][| tiny-chat| then][|!|.]")
PRAISE = Wording("[|wow, |oh, ][great|nice|well done|cool|good|very good|good job|awesome|perfect][|!|.]")
KNOWS_NOT = "I do not know that: I am only a small demonstration model."
CANNOT = "I cannot do that: I am only a small demonstration model."

WHO = Wording(
    f"{HEY}who [is|was|wrote|invented|discovered|painted|won|built|killed|founded] [|the ]$what{Q}",
    f"{HEY}[what is|what's] the [capital|population|meaning|history|color|price|height|age|weight] of [|the ]$what{Q}",
    f"{HEY}[when|where] [is|was|did|does] [|the ]$what [born|end|start|live|happen|come from]{Q}",
    f"{HEY}why [is|are|do|does] [|the ]$what [so $other|$other]{Q}",
    f"{HEY}what [is|are|was] [|a |an |the ]$what{Q}",
    f"{HEY}how [tall|old|far|fast|heavy|deep|long] is [|the ]$what{Q}",
    f"{HEY}how [does|do|did] [|a |the ]$what [work|$other]{Q}",
    f"{ASK}[explain|describe|tell me about|tell me more about] [|the ]$what{END}",
    f"{HEY}do you [know|like|have|remember] [|a |the ]$what{Q}",
    f"{HEY}what do you think [of|about] [|the ]$what{Q}",
    f"{HEY}[what is|what's|how much is] $a [times|divided by] $b{Q}",
    f"{HEY}what [day|time] is it[| today| now]{Q}",
    f"{HEY}[what is|what's|how is] the weather[| today| in $city| like]{Q}",
    f"{HEY}[what is|what's] the square root of $a{Q}",
)
DO = Wording(
    f"{ASK}write [a poem|a story|a song|an essay|code|a program|an email|a letter] about [|the ]$what{END}",
    f'{ASK}translate [|the word ][$what|"$what"] [to|into] [german|french|spanish|italian|chinese]{END}',
    f"{ASK}[draw|paint|cook|buy|open|send|call|book|order|find|play|show me] [|a |the |my ]$what{END}",
    f"{ASK}[summarize|rewrite|improve] [this|the text|my essay|this text] about $what{END}",
    f"{ASK}tell me a [joke|story|secret|riddle][| about $what]{END}",
)


def small_talk(draw: Draw) -> Exchange:
    """What people say around their questions."""
    wording, answer = draw.pick(
        (
            (GREETING, "Hello! What can I do for you?"),
            (GREETING, "Hello! What can I do for you?"),
            (HOW, "I am fine, thank you. What can I do for you?"),
            (THANKS, "You are welcome!"),
            (BYE, "Goodbye!"),
            (PRAISE, "Thank you!"),
        )
    )
    return Exchange(draw.say(wording), answer, "This is small talk.")


def unknown(draw: Draw) -> Exchange:
    """What a model of this size cannot know, or do."""
    knows = draw.chance(0.65)
    what = draw.pick((draw.word, draw.word, draw.name, draw.city))()
    if draw.chance(0.25):
        what = f"{what} {draw.word()}"
    a, b = draw.long_number(999), draw.number(2, 99)
    values = {"what": what, "other": draw.word(), "city": draw.city(), "a": a, "b": b}
    return Exchange(
        draw.say(WHO if knows else DO, **values),
        KNOWS_NOT if knows else CANNOT,
        "This is nothing that I have learned.",
    )
