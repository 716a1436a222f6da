"""Whether an answer is right."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from examples.tiny_chat.dialogues.dialogue import Message

Calls = list[tuple[str, str]]
"""Names and arguments, the latter as JSON text."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    content: str
    calls: Calls
    reasoning: str = ""


def right(category: str, answer: Answer, expected: Message) -> bool:
    """Whether an answer is right by the rule of its category. Where no call is expected, none may come."""
    wanted = [
        (call["function"]["name"], call["function"]["arguments"]) for call in expected.get("tool_calls", ())
    ]
    if wanted or answer.calls:
        return _same_calls(answer.calls, wanted)
    return RULES.get(category, same_text)(answer.content, expected["content"])


def same_text(answer: str, expected: str) -> bool:
    """The text, to the letter; white space around it apart."""
    return answer.strip() == expected.strip()


def same_result(answer: str, expected: str) -> bool:
    """The number at the end: an answer shows its working, and is right if the result is."""
    numbers = re.findall(r"-?[0-9]+", answer.replace(" - ", " "))
    return bool(numbers) and numbers[-1] == re.findall(r"-?[0-9]+", expected)[-1]


def same_json(answer: str, expected: str) -> bool:
    """One JSON value and nothing else, equal to the expected one."""
    try:
        return bool(json.loads(answer) == json.loads(expected))
    except ValueError:
        return False


def same_last_word(answer: str, expected: str) -> bool:
    """The word in quotes at the end: the letters before it are working."""
    words = re.findall(r'"([^"]*)"', answer)
    return bool(words) and words[-1] == re.findall(r'"([^"]*)"', expected)[-1]


RULES: Mapping[str, Callable[[str, str], bool]] = {
    "arithmetic": same_result,
    "extraction": same_json,
    "reverse": same_last_word,
}
"""Those of categories whose answers need not be the same text."""


def _same_calls(calls: Calls, wanted: Calls) -> bool:
    """The same tools in the same order, their arguments valid JSON and equal."""
    if [name for name, _ in calls] != [name for name, _ in wanted]:
        return False
    return all(same_json(ours, theirs) for (_, ours), (_, theirs) in zip(calls, wanted, strict=True))


def explained(answer: Answer, expected: Message) -> dict[str, Any]:
    """Both, for whoever wants to see what went wrong."""
    return {
        "answer": answer.content,
        "calls": answer.calls,
        "reasoning": answer.reasoning,
        "expected": expected,
    }
