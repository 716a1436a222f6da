"""Structural tags as rules: text, free or not, and what stands between."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ovpipe.engines.grammars.ebnf.problem import GrammarProblem
from ovpipe.engines.grammars.lark.rules_reader import read_rules
from ovpipe.engines.grammars.lark.rules_tree import (
    EMPTY,
    Body,
    Choice,
    Concatenation,
    FreeText,
    Repeat,
    Rule,
    Text,
    parts_of,
)

Form = Mapping[str, Any]


def tag_rules(text: str) -> dict[str, Body]:
    """The rules of a structural tag, whose schemas and expressions are rules already.

    Raises GrammarProblem for a form that there is not.
    """
    tag = json.loads(text)
    if type(tag) is not dict or "format" not in tag:
        raise GrammarProblem("has no 'format'")
    tags = _TagRules()
    body = tags.body(tag["format"])
    return {**tags.rules, "root": body}


class _TagRules:
    """Makes bodies of forms. What has no end of its own ends where the text behind it begins."""

    def __init__(self) -> None:
        self.rules: dict[str, Body] = {}

    def body(self, form: Any, end: str = "") -> Body:
        """What a form and the text behind it take."""
        match form:
            case {"type": "const_string", "value": str(text)}:
                return row(literal(text), literal(end))
            case {"type": "grammar", "grammar": str(rules)}:
                return row(self._grammar(rules), literal(end))
            case {"type": "any_text"}:
                return FreeText(strings(form, "excludes"), end)
            case {"type": "sequence", "elements": [*elements]} if elements:
                return self._sequence(elements, end)
            case {"type": "or", "elements": [*elements]} if elements:
                return either([self.body(each, end) for each in elements])
            case {"type": "tag"} | {"begin": str(), "content": dict()}:
                begin, content, closing = self._tag(form)
                return row(literal(begin), self.body(content, closing), literal(end))
            case {"type": "triggered_tags", "triggers": [*_], "tags": [*_]}:
                return self._triggered(form, end)
            case {"type": "tags_with_separator", "tags": [*tags], "separator": str(between)}:
                return row(self._separated(form, tags, between), literal(end))
            case {"type": str(kind)}:
                raise GrammarProblem(f"has a format {kind!r} with a wrong part, or one that there is not")
        raise GrammarProblem("has a format that is no object with a 'type'")

    def _grammar(self, text: str) -> Body:
        """Rules of their own, under names of their own."""
        prefix = f"g{len(self.rules)}."
        rules = read_rules(text)
        if "root" not in rules:
            raise GrammarProblem("has a grammar without a rule named 'root'")
        for name, body in rules.items():
            self.rules[prefix + name] = renamed(body, lambda name: prefix + name)
        return Rule(f"{prefix}root")

    def _sequence(self, elements: Sequence[Any], end: str) -> Body:
        for form in elements[:-1]:
            if is_endless(form):
                raise GrammarProblem("has a format without an end before the last of a sequence")
        return row(*map(self.body, elements[:-1]), self.body(elements[-1], end))

    def _tag(self, form: Any) -> tuple[str, Any, str]:
        match form:
            case {"begin": str(begin), "content": dict(content), "end": str(end)}:
                return begin, content, end
        raise GrammarProblem("has a tag without a text 'begin', a format 'content' or a text 'end'")

    def _triggered(self, form: Form, end: str) -> Body:
        """Free text, in which each trigger begins one of the tags."""
        triggers = strings(form, "triggers")
        if not triggers or "" in triggers:
            raise GrammarProblem("has triggered tags without a trigger, or with an empty one")
        stops = (*triggers, *strings(form, "excludes"))
        beyond = (*stops, end) if end else stops
        after: dict[str, list[Body]] = {}
        for each in form["tags"]:
            begin, content, closing = self._tag(each)
            trigger = next((trigger for trigger in triggers if begin.startswith(trigger)), None)
            if trigger is None:
                raise GrammarProblem(f"has a tag that begins with no trigger: {begin!r}")
            inside = row(literal(begin[len(trigger) :]), self.body(content, closing))
            after.setdefault(trigger, []).append(inside)
        tag = either([row(FreeText(beyond, trigger), either(rest)) for trigger, rest in after.items()])
        first = either([row(Text(trigger), either(rest)) for trigger, rest in after.items()])
        last = FreeText(stops, end)
        if form.get("stop_after_first"):
            closed = literal(end)
            return row(first, closed) if form.get("at_least_one") else either([row(tag, closed), last])
        found = row(Repeat(tag, 0, None), last)
        return row(first, found) if form.get("at_least_one") else found

    def _separated(self, form: Form, tags: Sequence[Any], between: str) -> Body:
        one = either([self.body(each) for each in tags])
        more = EMPTY if form.get("stop_after_first") else Repeat(row(literal(between), one), 0, None)
        run = row(one, more)
        return run if form.get("at_least_one") else either([run, EMPTY])


def literal(text: str) -> Body:
    """A text, which may be empty."""
    return Text(text) if text else EMPTY


def row(*bodies: Body) -> Body:
    """One after the other."""
    solid = [body for body in bodies if body != EMPTY]
    return solid[0] if len(solid) == 1 else Concatenation(tuple(solid))


def either(bodies: Sequence[Body]) -> Body:
    """Any one."""
    if not bodies:
        raise GrammarProblem("has a choice of nothing")
    different = [*dict.fromkeys(bodies)]
    return different[0] if len(different) == 1 else Choice(tuple(different))


def strings(form: Form, key: str) -> tuple[str, ...]:
    """A list of texts; without it, none."""
    found = form.get(key) or ()
    if not isinstance(found, list | tuple) or not all(isinstance(each, str) for each in found):
        raise GrammarProblem(f"has {key!r} that are no list of texts")
    return tuple(found)


def renamed(body: Body, name: Callable[[str], str]) -> Body:
    """The same with other names of rules."""
    match body:
        case Rule():
            return Rule(name(body.name))
        case Concatenation():
            return Concatenation(tuple(renamed(each, name) for each in parts_of(body)))
        case Choice():
            return Choice(tuple(renamed(each, name) for each in parts_of(body)))
        case Repeat():
            return Repeat(renamed(body.part, name), body.least, body.most)
    return body


def is_endless(form: Any) -> bool:
    """Whether a form ends only where something else begins."""
    match form:
        case {"type": "any_text" | "triggered_tags"}:
            return True
        case {"type": "sequence" | "or", "elements": [*elements]}:
            return any(map(is_endless, elements))
    return False
