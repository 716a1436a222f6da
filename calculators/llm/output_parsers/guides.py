"""Structural tags: what a model is made to write, in xgrammar's JSON form.

The objects are those of xgrammar's structural tag page (tag, triggered_tags, tags_with_separator, or,
sequence, json_schema, qwen_xml_parameter, regex, const_string, any_text). Two of its rules shape what stands
here: what has no end of its own (any_text, triggered_tags, tags_with_separator) must stand last or in a tag
that ends in something; and in an `or` either all have an end or none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from ovpipe.calculators.llm.packets import Tool

Guide = dict[str, Any]


def structural_tag(guide: Guide) -> Guide:
    """The whole that an engine takes."""
    return {"type": "structural_tag", "format": guide}


def schema(tool: Tool, *, at_least_one: bool) -> Guide:
    """What a tool's arguments must be: any object, unless the tool is strict or a call required."""
    if not (at_least_one or tool.strict):
        return {"type": "object"}
    if tool.parameters is None:
        return {"type": "object", "properties": {}, "additionalProperties": False}
    return dict(tool.parameters)


def tag(begin: str, content: Guide, end: str) -> Guide:
    """`content` between two texts."""
    return {"type": "tag", "begin": begin, "content": content, "end": end}


def arguments(begin: str, tool: Tool, end: str, *, at_least_one: bool) -> Guide:
    """A tool's arguments between two texts, as JSON."""
    return tag(begin, {"type": "json_schema", "json_schema": schema(tool, at_least_one=at_least_one)}, end)


def call_objects(
    tools: Iterable[Tool], key: str, *, at_least_one: bool, before: str = "", after: str = ""
) -> list[Guide]:
    """For each tool the JSON object that calls it, between two texts."""
    return [
        arguments(
            f'{before}{{"name": {json.dumps(tool.name)}, "{key}": ',
            tool,
            "}" + after,
            at_least_one=at_least_one,
        )
        for tool in tools
    ]


def run(tags: Sequence[Guide], between: str, *, several: bool) -> Guide:
    """One of the tags, or several with a text between."""
    return {
        "type": "tags_with_separator",
        "tags": merged(tags),
        "separator": between,
        "at_least_one": True,
        "stop_after_first": not several,
    }


def merged(tags: Sequence[Guide]) -> list[Guide]:
    """The tags, those with the same content and end as one, since each content is compiled by itself."""
    groups: list[list[Guide]] = []
    for each in tags:
        for group in groups:
            if group[0]["end"] == each["end"] and group[0]["content"] == each["content"]:
                group.append(each)
                break
        else:
            groups.append([each])
    return [group[0] if len(group) == 1 else _as_one(group) for group in groups]


def _as_one(tags: Sequence[Guide]) -> Guide:
    begins = either([{"type": "const_string", "value": each["begin"]} for each in tags])
    return tag("", sequence(begins, tags[0]["content"]), tags[0]["end"])


def triggered(triggers: Sequence[str], tags: Sequence[Guide], *, several: bool) -> Guide:
    """Any text; what begins with a trigger must become one of the tags. Not several: it is over after one."""
    return {
        "type": "triggered_tags",
        "triggers": list(triggers),
        "tags": list(tags),
        "at_least_one": False,
        "stop_after_first": not several,
    }


def either(guides: Sequence[Guide]) -> Guide:
    """One of several. Where some have no end, those that have one become runs of one, which have none."""
    if len(guides) == 1:
        return guides[0]
    if not all(map(has_end, guides)):
        guides = [without_end(guide) if has_end(guide) else guide for guide in guides]
    return {"type": "or", "elements": list(guides)}


def sequence(*guides: Guide) -> Guide:
    """One after the other."""
    return {"type": "sequence", "elements": list(guides)}


def after(thoughts: Guide, guide: Guide, *, opened: bool) -> Guide:
    """A guide after thoughts. Only where the prompt has `opened` the thoughts must there be any."""
    thinking = sequence(thoughts, {"type": "regex", "pattern": r"\n{0,2}"}, guide)
    return thinking if opened else either([thinking, guide])


def has_end(guide: Any) -> bool:
    """Whether a guide, of a client's too, has an end of its own."""
    if type(guide) is not dict:
        return True  # no guide at all, which is for the engine's library to say
    kind, elements = guide.get("type"), guide.get("elements")
    if kind == "sequence" and type(elements) is list:
        return has_end(elements[-1]) if elements else True
    if kind == "or" and type(elements) is list:
        return all(map(has_end, elements))
    return kind not in ("any_text", "triggered_tags", "tags_with_separator")


def without_end(guide: Guide) -> Guide:
    """The same, in the form that has no end."""
    return run([tag("", guide, "")], "", several=False)


def block(
    opening: str, tags: Sequence[Guide], between: str, closing: str, *, at_least_one: bool, several: bool
) -> Guide:
    """Calls in a block that a marker opens and nothing follows; without `at_least_one` after any text."""
    guide = tag(opening, run(tags, between, several=several), closing)
    return structural_tag(guide if at_least_one else triggered([opening], [guide], several=False))
