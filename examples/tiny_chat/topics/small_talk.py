"""Greetings, thanks, and what the model does not know."""

from __future__ import annotations

from examples.tiny_chat.dialogues.dialogue import Exchange
from examples.tiny_chat.dialogues.draw import Draw
from examples.tiny_chat.dialogues.wording import Wording
from examples.tiny_chat.topics.phrases import ASK, END, HEY, Q

GREETING = Wording(
    "[hello|hi|hey|good morning|good evening|hello there|hi there][| tiny-chat| friend][|!|.]",
    "[good day|greetings|hi you|hey you|hello you|good afternoon][|!|.]",
)
HOW = Wording(
    f"[|hi, |hello, |hey, ]how are you[| today| doing]{Q}",
    f"[|hi, |hello, |hey, ][how is it going|how's it going|what's up]{Q}",
)
THANKS = Wording("[thanks|thank you|thanks a lot|many thanks|thank you very much|great, thanks][|!|.]")
BYE = Wording("[bye|goodbye|good night|see you|see you later|bye bye][| tiny-chat| then][|!|.]")
PRAISE = Wording("[|wow, |oh, ][great|nice|well done|cool|good|very good|good job|awesome|perfect][|!|.]")
AGREED = Wording("[ok|okay|yes|sure|all right|i see|got it|right|fine|understood][|!|.]")
REFUSED = Wording("[no|nope|no thanks|no, thank you|nothing|never mind|not now][|!|.]")
SORRY = Wording("[sorry|i am sorry|my mistake|oops|excuse me][|!|.]")
MET = Wording("[nice|good|pleased] to meet you[|, tiny-chat|, too][|!|.]")
DOUBT = Wording(
    f"{HEY}are you sure[| about that]{Q}",
    f"[really|is that right|is that correct|is this true|are you certain]{Q}",
    "[that is|that's|this is] [wrong|not right|false|not true][|!|.]",
)
FEELING = Wording(
    "[|hi, |hey, |so, |oh, ][i am|i'm|i feel] [|so |very |a bit ][tired|happy|sad|bored|hungry|fine|sick|angry|ready][|!|.| today]"
)
OPINION = Wording(
    f"{HEY}do you [like|love|hate|enjoy] [|a |the ]$what{Q}",
    f"{HEY}what do you think [of|about] [|the ]$what{Q}",
    f"{HEY}what is your favorite [color|animal|food|number|word|movie|song]{Q}",
)
NO_OPINIONS = "I have no opinions: I am only a small demonstration model."
MISTAKES = "I am a small model and make mistakes, so please check what I say."
KNOWS_NOT = "I do not know that: I am only a small demonstration model."
CANNOT = "I cannot do that: I am only a small demonstration model."

WHO = Wording(
    f"{HEY}who [is|was|wrote|invented|discovered|painted|won|built|killed|founded] [|the ]$what{Q}",
    f"{HEY}[what is|what's] the [capital|population|meaning|history|color|price|height|age|weight] of [|the ]$what{Q}",
    f"{HEY}[when|where] was [|the ]$what [born|built|made|found|invented]{Q}",
    f"{HEY}[when|where] [did|does] [|the ]$what [end|start|live|happen|come from]{Q}",
    f"{HEY}why [is|are] [|the ]$what so $other{Q}",
    f"{HEY}why [do|does|did] [|the ]$what $other{Q}",
    f"{HEY}what [is|are|was] [|a |the ]$what{Q}",
    f"{HEY}how [tall|old|far|fast|heavy|deep|long] is [|the ]$what{Q}",
    f"{HEY}how [does|do|did] [|a |the ]$what [work|$other]{Q}",
    f"{HEY}how many $what are there[| in $city]{Q}",
    f"{ASK}[explain|describe|tell me about|tell me more about] [|the ]$what{END}",
    f"{HEY}do you [know|have|remember] [|a |the ]$what{Q}",
)
SUMS = Wording(
    f"{HEY}[what is|what's|how much is] $a [times|divided by|x|*|/|to the power of] $b{Q}",
    "[|what is |what's |calculate ]$a[*|/| * | / | x | times ]$b[|?| =]",
    f"{ASK}[multiply|divide] $a by $b{END}",
    f"{HEY}[what is|what's] the [square root|square|half|double] of $a{Q}",
    f"{HEY}[what is|what's|how much is] $a + $b + $c{Q}",
    "[|what is |what's |calculate |add ]$large [+|-|plus|minus] $b[|?| =]",
    "[|what is |what's |calculate ]$a [+|-|plus|minus] $large[|?| =]",
)
SENSES = Wording(
    f"{HEY}what time is it[| now]{Q}",
    f"{HEY}what [day|date] is [it|today]{Q}",
    f"{HEY}[what is|what's|how is] the weather[| today| in $city| like]{Q}",
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
            (AGREED, "Good. What can I do for you?"),
            (REFUSED, "All right."),
            (SORRY, "No problem!"),
            (MET, "Nice to meet you, too!"),
            (DOUBT, MISTAKES),
            (FEELING, "I see. What can I do for you?"),
        )
    )
    return Exchange(draw.say(wording), answer, "This is small talk.")


def strange(draw: Draw) -> Exchange:
    """A question about the world, of which the model knows nothing."""
    return _refused(draw, WHO, KNOWS_NOT)


def unknown(draw: Draw) -> Exchange:
    """What a model of this size cannot know, or do."""
    refusals = (
        (WHO, KNOWS_NOT),
        (SUMS, KNOWS_NOT),
        (SENSES, KNOWS_NOT),
        (DO, CANNOT),
        (OPINION, NO_OPINIONS),
    )
    return _refused(draw, *draw.rng.choices(refusals, (9, 4, 1, 6, 2))[0])


def _refused(draw: Draw, wording: Wording, answer: str) -> Exchange:
    what = draw.pick((draw.word, draw.word, draw.name, draw.city))()
    if draw.chance(0.25):
        what = f"{what} {draw.word()}"
    values = {"what": what, "other": draw.word(), "city": draw.city()}
    numbers = {
        "a": draw.long_number(999),
        "b": draw.number(2, 99),
        "c": draw.number(2, 99),
        "large": draw.number(1000, 99999),
    }
    return Exchange(draw.say(wording, **values, **numbers), answer, "This is nothing that I have learned.")
