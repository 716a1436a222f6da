"""Calling tools: one, two at once, none, and what comes of their results."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from examples.tiny_chat.dialogues.dialogue import Exchange, Message, Tool, Topic
from examples.tiny_chat.dialogues.draw import Draw
from examples.tiny_chat.dialogues.wording import Wording
from examples.tiny_chat.topics.about import about
from examples.tiny_chat.topics.arithmetic import arithmetic
from examples.tiny_chat.topics.calendar import calendar
from examples.tiny_chat.topics.counting import counting
from examples.tiny_chat.topics.extraction import extraction
from examples.tiny_chat.topics.phrases import ASK, END
from examples.tiny_chat.topics.small_talk import small_talk, strange
from examples.tiny_chat.topics.strings import repeat, spell
from examples.tiny_chat.topics.toolbox import (
    Request,
    article,
    everyday_use,
    known_pair,
    known_request,
    new_action,
    unfinished_request,
)

ITSELF = "add_numbers"
"""What the model can do without the tool."""
BROAD = ("search", "find", "send", "add")
"""What tools of everyday use do to anything; without one that fits, a request for it is not told from theirs."""
NO_TOOL = "I have no tool for that."
WHICH_TOWN = "In which city?"
FIGURES = ("temperature", "price", "count", "total", "level", "seats", "minutes", "score")
STATES = ("sky", "status", "state", "answer", "result", "level")
VALUES = ("cloudy", "sunny", "ready", "done", "open", "closed", "full", "empty", "rainy", "late", "free")
SENTENCE = Wording(
    "[it is|the result is|this is] $state[ and $number degrees| with $number points|, $number in all]."
)
ONE_TWICE = Wording(
    f"{ASK}$verb [the|a|my] $noun$first and[| also| then] $verb [it|one|another]$second{END}",
    f"{ASK}$verb [the|a|my] $noun$first and[| also]$second{END}",
)
TWO_AT_ONCE = Wording(
    f"{ASK}$first [and|and then|and also] $second{END}", f"$first. [also |then |and |]$second{END}"
)


def one_call(draw: Draw) -> Exchange:
    """The right tool among one to three, with the arguments that were said."""
    if draw.chance(0.05):
        asked, request = unfinished_request(draw)
        tools = _among_others(draw, [request])
        before = ({"role": "user", "content": asked}, {"role": "assistant", "content": WHICH_TOWN})
        return Earlier([], before).then(_asked(request.said, [request], tools))
    request = _request(draw)
    earlier = _earlier(draw, [request])
    tools = _among_others(draw, [request, *earlier.requests])
    return earlier.then(_asked(request.said, [request], tools))


def two_calls(draw: Draw) -> Exchange:
    """Two tools, or one tool twice, in the same turn."""
    requests, said = draw.pick((known_pair, _one_twice, _two_at_once))(draw)
    earlier = _earlier(draw, requests)
    tools = _among_others(draw, [*requests, *earlier.requests])
    return earlier.then(_asked(said, requests, tools))


def no_call(draw: Draw) -> Exchange:
    """Tools are there, but the question is for the model itself, or for a tool that is not there."""
    if draw.chance(0.08):
        asked, request = unfinished_request(draw)
        tools = _among_others(draw, [request])
        return Exchange(asked, WHICH_TOWN, "The city is missing.", tools=tools)
    earlier = _earlier(draw, [])
    tools = _among_others(draw, earlier.requests)
    if draw.chance(0.3):
        return earlier.then(replace(_own_answer(draw, tools), tools=tools))
    while True:
        wanted = known_request(draw) if draw.chance(0.1) else new_action(draw).requested(draw)
        if (
            wanted.verb not in BROAD
            and not (wanted.verb is None and _does(wanted.tool, ITSELF))
            and not any(_alike(wanted.tool, tool) for tool in tools)
        ):
            break
    return earlier.then(Exchange(wanted.said, NO_TOOL, "None of the tools does that.", tools=tools))


def _own_answer(draw: Draw, tools: tuple[Tool, ...]) -> Exchange:
    """A question that the model answers by itself, and none of the tools might."""
    while True:
        topic: Topic = draw.pick(
            (
                about,
                about,
                small_talk,
                small_talk,
                repeat,
                spell,
                arithmetic,
                strange,
                calendar,
                counting,
                extraction,
            )
        )
        sums = topic is arithmetic and any(_does(tool, ITSELF) for tool in tools)
        world = topic is strange and any(everyday_use(tool["function"]["name"]) for tool in tools)
        if not sums and not world:
            return topic(draw)


def _does(tool: Tool, name: str) -> bool:
    """Whether a tool is the one of everyday use that also goes by this name."""
    everyday = everyday_use(tool["function"]["name"])
    return everyday is not None and name in everyday.names


def result(draw: Draw) -> Exchange:
    """The answer from what one or two tools gave back."""
    if draw.chance(0.3):
        requests, said = draw.pick((known_pair, _one_twice, _two_at_once))(draw)
    else:
        requests = [_request(draw)]
        said = requests[0].said
    messages, answer = _called(draw, requests, said)
    tools = _among_others(draw, requests)
    return Exchange("", answer, "The tool has answered.", messages=messages, tools=tools)


@dataclass(frozen=True)
class Earlier:
    """A call that was made and answered before the exchange itself, or none."""

    requests: list[Request]
    messages: tuple[Message, ...]

    def then(self, exchange: Exchange) -> Exchange:
        """The exchange behind it."""
        if not self.messages:
            return exchange
        return replace(exchange, messages=(*self.messages, *exchange.asked()))


def _earlier(draw: Draw, requests: list[Request]) -> Earlier:
    """Now and then, for a tool that none of these requests could mean."""
    if not draw.chance(0.1):
        return Earlier([], ())
    while True:
        one = _request(draw)
        if not any(_alike(one.tool, request.tool) for request in requests):
            break
    messages, answer = _called(draw, [one], one.said)
    return Earlier([one], (*messages, {"role": "assistant", "content": answer}))


def _called(draw: Draw, requests: list[Request], said: str) -> tuple[tuple[Message, ...], str]:
    """Calls and their results, and the answer that tells these."""
    calls = [_call(request, index) for index, request in enumerate(requests)]
    messages: list[Message] = [
        {"role": "user", "content": said},
        {"role": "assistant", "content": "", "tool_calls": calls},
    ]
    answers = []
    for request, call in zip(requests, calls, strict=True):
        given, told = _given(draw)
        messages.append({"role": "tool", "tool_call_id": call["id"], "content": given})
        about_what = next(iter(request.arguments.values()), "The result")
        answers.append(f"{about_what}: {told}.")
    return tuple(messages), " ".join(answers)


def _asked(said: str, requests: list[Request], tools: tuple[Tool, ...]) -> Exchange:
    """A question whose answer is these calls."""
    calls = tuple(_call(request, index) for index, request in enumerate(requests))
    return Exchange(said, "", _thoughts(requests), calls=calls, tools=tools)


def _request(draw: Draw) -> Request:
    return known_request(draw) if draw.chance(0.4) else new_action(draw).requested(draw)


def _one_twice(draw: Draw) -> tuple[list[Request], str]:
    """One tool, twice."""
    action = new_action(draw)
    requests, phrases = [], []
    for _ in range(2):
        given, said = action.arguments(draw)
        requests.append(Request(action.tool, given, said, action.verb, action.noun))
        phrases.append(said)
    if not all(phrases):
        return _two_at_once(draw)
    return requests, draw.say(
        ONE_TWICE, verb=action.verb, noun=action.noun, first=phrases[0], second=phrases[1]
    )


def _two_at_once(draw: Draw) -> tuple[list[Request], str]:
    """Two tools, one after the other."""
    requests, commands = [], []
    for _ in range(2):
        action = new_action(draw)
        given, said = action.arguments(draw)
        requests.append(Request(action.tool, given, said, action.verb, action.noun))
        commands.append(f"{action.verb} {draw.pick(('the', article(action.noun), 'my'))} {action.noun}{said}")
    if requests[0].name == requests[1].name:
        return _two_at_once(draw)
    return requests, draw.say(TWO_AT_ONCE, first=commands[0], second=commands[1])


def _given(draw: Draw) -> tuple[str, str]:
    """What a tool gives back, and how that is told."""
    if draw.chance(0.2):
        number = _number(draw)
        text = draw.pick(
            (
                f"{draw.word()} {draw.value(VALUES)}",
                str(number),
                draw.text(),
                draw.say(SENTENCE, state=draw.value(VALUES), number=number),
            )
        )
        return text, text.rstrip(".")
    if draw.chance(0.1):
        reason = draw.word()
        return json.dumps({"error": reason}), f"that did not work, {reason}"
    fields: dict[str, Any] = {}
    for _ in range(draw.pick((1, 2, 2, 3))):
        if draw.chance(0.5):
            fields[draw.word() if draw.chance(0.15) else draw.value(FIGURES)] = _number(draw)
        elif draw.chance(0.1):
            fields[draw.value(VALUES)] = draw.chance(0.5)
        else:
            fields[draw.word() if draw.chance(0.15) else draw.value(STATES)] = (
                draw.value(VALUES) if draw.chance(0.6) else draw.text()
            )
    separators = (",", ":") if draw.chance(0.25) else None
    told = (
        f"{key} {json.dumps(value) if isinstance(value, bool) else value}" for key, value in fields.items()
    )
    return json.dumps(fields, separators=separators), ", ".join(told)


def _number(draw: Draw) -> int | float:
    """As tools give them: some below zero, some with a digit behind the point."""
    number = draw.long_number(999)
    if draw.chance(0.15):
        return -number
    return number / 10 if draw.chance(0.2) else number


def _among_others(draw: Draw, requests: list[Request]) -> tuple[Tool, ...]:
    """The tools of these requests and a few more, some of them much alike, in any order."""
    tools = {request.name: request.tool for request in requests}
    wanted = [request.tool for request in requests]
    count = max(len(tools), draw.pick((1, 2, 2, 3, 3, 3)))
    while len(tools) < count:
        other = _like(draw, requests[0]) if requests and draw.chance(0.3) else _request(draw).tool
        if not any(_alike(other, tool) for tool in wanted):
            tools[other["function"]["name"]] = other
    return tuple(draw.rng.sample(list(tools.values()), len(tools)))


def _like(draw: Draw, request: Request) -> Tool:
    """A tool that does something else to the same thing, or the same to something else."""
    return (
        new_action(draw, verb=request.verb) if draw.chance(0.5) else new_action(draw, noun=request.noun)
    ).tool


def _alike(one: Tool, other: Tool) -> bool:
    """Whether a request for one might mean the other: the same name, or the same thing done."""
    left, right = one["function"], other["function"]
    everyday = everyday_use(left["name"])
    if everyday is not None and everyday is everyday_use(right["name"]):
        return True
    words = [
        set(tool["description"].lower().rstrip(".").split()) - {"a", "an", "the"} for tool in (left, right)
    ]
    names = [tool["name"].lower().replace("_", "") for tool in (left, right)]
    return bool(names[0] == names[1] or words[0] <= words[1] or words[1] <= words[0])


def _call(request: Request, index: int) -> Message:
    arguments = json.dumps(request.arguments, ensure_ascii=False)
    function = {"name": request.name, "arguments": arguments}
    return {"id": f"call_{index}", "type": "function", "function": function}


def _thoughts(requests: list[Request]) -> str:
    names = " and ".join(dict.fromkeys(request.name for request in requests))
    return f'The tool for this is "{names}".' if len(requests) == 1 else f'The tools for this are "{names}".'
