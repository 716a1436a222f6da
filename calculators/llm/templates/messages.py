"""Messages and tools as a chat template sees them: the dicts that transformers hands to it."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

from ovpipe.calculators.llm.packets import Message, TextPart, Tool, ToolCall
from ovpipe.calculators.llm.templates.quirks import ContentForm, Quirks

WRAPPED: Final = "arguments"
"""The member that has the text of arguments which are no object."""
DEEPEST: Final = 100


class Arguments(dict[str, Any]):
    """A call's arguments: a dict that, wherever a text is needed, is the JSON text it was read from.

    Most templates want a dict (`arguments | tojson`, `arguments.items()`), and a text would be quoted twice;
    some want the text (`'...' + arguments`), and a dict would raise, or come out as Python writes it. This is
    both. To those that ask it is what callers of transformers give: a mapping, and no string.
    """

    def __init__(self, members: dict[str, Any], text: str) -> None:
        super().__init__(members)
        self._text = text

    def __str__(self) -> str:
        return self._text

    def __add__(self, other: str) -> str:
        return self._text + other

    def __radd__(self, other: str) -> str:
        return other + self._text


def message_in_template(message: Message, quirks: Quirks, *, empty: str | None = None) -> dict[str, Any]:
    """The dict of a message. What it does not have is no key, since templates write a None as "None".

    `empty` is the content of a message that has none.
    """
    role = "system" if message.role == "developer" and not quirks.developer else message.role
    fields: dict[str, Any] = {"role": role}
    content = empty if message.content is None else message.content
    if content is None:
        fields |= dict(quirks.nothing_said)
    else:
        fields["content"] = content_in_template(content, quirks.form(role))
    if message.name is not None:
        fields["name"] = message.name
    if message.tool_call_id is not None:
        fields["tool_call_id"] = id_in_template(message.tool_call_id, quirks)
    if message.tool_calls:
        fields["tool_calls"] = [call_in_template(call, quirks) for call in message.tool_calls]
    if message.reasoning_content is not None:
        # Templates have three names for it, of different years.
        fields |= dict.fromkeys(("reasoning_content", "reasoning", "thinking"), message.reasoning_content)
    return fields


def content_in_template(content: str | tuple[TextPart, ...], form: ContentForm) -> Any:
    """A content in the form that the template reads; of parts that become one string, each begins a line."""
    if not isinstance(content, str):
        if form.parts:
            return [{"type": "text", "text": part.text} for part in content]
        content = text_of(content)
    return content if form.text else [{"type": "text", "text": content}]


def text_of(content: str | tuple[TextPart, ...] | None) -> str:
    """A content as one string, in which each part begins a line."""
    if content is None or isinstance(content, str):
        return content or ""
    return "\n".join(part.text for part in content)


def call_in_template(call: ToolCall, quirks: Quirks) -> dict[str, Any]:
    """A tool call, in the API's form, with `Arguments`."""
    return {
        "id": id_in_template(call.id, quirks),
        "type": "function",
        "function": {"name": call.name, "arguments": arguments_in_template(call.arguments)},
    }


def arguments_in_template(text: str) -> Arguments:
    """The arguments of a text. Models get JSON wrong at times; what is no object is one around the text."""
    text = text if text.strip() else "{}"
    members = object_in(text)
    return Arguments({WRAPPED: text} if members is None else members, text)


def object_in(text: str) -> dict[str, Any] | None:
    """The object that a text is in JSON, if it is one which can be written in a prompt again."""
    try:
        members = json.loads(text, parse_constant=_no_constant)
        _check_depth(members)
        json.dumps(members, ensure_ascii=False, allow_nan=False).encode()  # no lone surrogates, no 1e999
    except (ValueError, RecursionError):
        return None
    return members if isinstance(members, dict) else None


def _check_depth(value: Any) -> None:
    """Raises RecursionError for more levels than a body may have, which templates could not go through."""
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > DEEPEST:
            raise RecursionError
        members = [
            list(x.values()) if isinstance(x, dict) else x for x in level if isinstance(x, dict | list)
        ]
        level = [member for more in members for member in more]


def _no_constant(name: str) -> None:
    """NaN and Infinity are no JSON, though Python reads them."""
    raise ValueError(name)


def id_in_template(call_id: str, quirks: Quirks) -> str:
    """A tool call's id in the length that the template demands; the same id always becomes the same."""
    length = quirks.id_length
    if length is None or (len(call_id) == length and call_id.isascii() and call_id.isalnum()):
        return call_id
    return hashlib.sha256(call_id.encode()).hexdigest()[:length]


def tool_in_template(tool: Tool) -> dict[str, Any]:
    """A tool in the API's form; without parameters it has the schema that transformers gives it."""
    function: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        function["description"] = tool.description
    function["parameters"] = (
        {"type": "object", "properties": {}} if tool.parameters is None else tool.parameters
    )
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}
