"""Calling tools: one, two at once, none, and what comes of their results."""

from __future__ import annotations

import json

from examples.tiny_chat.dialogues.dialogue import Exchange, Message, Tool, Topic
from examples.tiny_chat.dialogues.draw import Draw
from examples.tiny_chat.dialogues.wording import Wording
from examples.tiny_chat.topics.about import about
from examples.tiny_chat.topics.phrases import ASK, END
from examples.tiny_chat.topics.small_talk import small_talk
from examples.tiny_chat.topics.strings import repeat, spell
from examples.tiny_chat.topics.toolbox import Request, everyday_use, known_pair, known_request, new_action

BROAD = ("search", "find", "send", "add")
"""What tools of everyday use do to anything; without one that fits, a request for it is not told from theirs."""
NO_TOOL = "I have no tool for that."
FIGURES = ("temperature", "price", "count", "total", "level", "seats", "minutes", "score")
STATES = ("sky", "status", "state", "answer", "result", "level")
VALUES = ("cloudy", "sunny", "ready", "done", "open", "closed", "full", "empty", "rainy", "late", "free")
ONE_TWICE = Wording(
    f"{ASK}$verb [the|a|my] $noun$first and[| also| then] $verb [it|one|another]$second{END}",
    f"{ASK}$verb [the|a|my] $noun$first and[| also|,]$second{END}",
)
TWO_AT_ONCE = Wording(
    f"{ASK}$first [and|and then|and also] $second{END}", f"$first. [also |then |and |]$second{END}"
)


def one_call(draw: Draw) -> Exchange:
    """The right tool among one to three, with the arguments that were said."""
    request = _request(draw)
    tools = _among_others(draw, [request])
    return Exchange(request.said, "", _thoughts([request]), calls=(_call(request, 0),), tools=tools)


def two_calls(draw: Draw) -> Exchange:
    """Two tools, or one tool twice, in the same turn."""
    requests, said = draw.pick((known_pair, _one_twice, _two_at_once))(draw)
    tools = _among_others(draw, requests)
    calls = tuple(_call(request, index) for index, request in enumerate(requests))
    return Exchange(said, "", _thoughts(requests), calls=calls, tools=tools)


def no_call(draw: Draw) -> Exchange:
    """Tools are there, but the question is for the model itself, or for a tool that is not there."""
    tools = _among_others(draw, [])
    if draw.chance(0.5):
        topic: Topic = draw.pick((about, small_talk, repeat, spell))
        exchange = topic(draw)
        return Exchange(
            exchange.question, exchange.answer, exchange.thoughts, exchange.concluded, tools=tools
        )
    while True:
        action = new_action(draw)
        wanted = action.requested(draw)
        if action.verb not in BROAD and not any(_alike(wanted.tool, tool) for tool in tools):
            break
    return Exchange(wanted.said, NO_TOOL, "None of the tools does that.", tools=tools)


def result(draw: Draw) -> Exchange:
    """The answer from what one or two tools gave back."""
    if draw.chance(0.3):
        requests, said = draw.pick((known_pair, _one_twice, _two_at_once))(draw)
    else:
        requests = [_request(draw)]
        said = requests[0].said
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
    tools = _among_others(draw, requests)
    return Exchange("", " ".join(answers), "The tool has answered.", messages=tuple(messages), tools=tools)


def _request(draw: Draw) -> Request:
    return known_request(draw) if draw.chance(0.4) else new_action(draw).requested(draw)


def _one_twice(draw: Draw) -> tuple[list[Request], str]:
    """One tool, twice."""
    action = new_action(draw)
    requests, phrases = [], []
    for _ in range(2):
        given, said = action.arguments(draw)
        requests.append(Request(action.tool, given, said))
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
        requests.append(Request(action.tool, given, said))
        commands.append(f"{action.verb} {draw.pick(('the', 'a', 'my'))} {action.noun}{said}")
    if requests[0].name == requests[1].name:
        return _two_at_once(draw)
    return requests, draw.say(TWO_AT_ONCE, first=commands[0], second=commands[1])


def _given(draw: Draw) -> tuple[str, str]:
    """What a tool gives back, and how that is told."""
    if draw.chance(0.2):
        text = f"{draw.word()} {draw.value(VALUES)}"
        return text, text
    if draw.chance(0.1):
        reason = draw.word()
        return json.dumps({"error": reason}), f"that did not work, {reason}"
    fields: dict[str, str | int] = {}
    for _ in range(draw.pick((1, 2, 2, 3))):
        if draw.chance(0.5):
            fields[draw.value(FIGURES)] = draw.long_number(999)
        else:
            fields[draw.value(STATES)] = draw.value(VALUES) if draw.chance(0.6) else draw.word()
    return json.dumps(fields), ", ".join(f"{key} {value}" for key, value in fields.items())


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
    words = request.tool["function"]["description"].lower().rstrip(".").split()
    return (new_action(draw, verb=words[0]) if draw.chance(0.5) else new_action(draw, noun=words[-1])).tool


def _alike(one: Tool, other: Tool) -> bool:
    """Whether a request for one might mean the other: the same name, or the same thing done."""
    left, right = one["function"], other["function"]
    everyday = everyday_use(left["name"])
    if everyday is not None and everyday is everyday_use(right["name"]):
        return True
    words = [set(tool["description"].lower().rstrip(".").split()) - {"a", "the"} for tool in (left, right)]
    return bool(left["name"].lower() == right["name"].lower() or words[0] <= words[1] or words[1] <= words[0])


def _call(request: Request, index: int) -> Message:
    arguments = json.dumps(request.arguments, ensure_ascii=False)
    function = {"name": request.name, "arguments": arguments}
    return {"id": f"call_{index}", "type": "function", "function": function}


def _thoughts(requests: list[Request]) -> str:
    names = " and ".join(dict.fromkeys(request.name for request in requests))
    return f'The tool for this is "{names}".' if len(requests) == 1 else f'The tools for this are "{names}".'
