"""A structural tag's formats in the place of a response_format, as OpenVINO Model Server takes them."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from ovpipe.calculators.llm.grammars import requested
from ovpipe.calculators.llm.parameters.value_types import NonEmptyText, Object
from ovpipe.engines.protocol import Grammar


class BareFormat(Struct, frozen=True, tag_field="type", omit_defaults=True):
    """One of xgrammar's formats, without the structural tag around it."""

    def grammar(self, path: str) -> Grammar | None:
        """That of the structural tag which is this format."""
        return requested.of_bare_format(msgspec.to_builtins(self), path)


class ConstString(BareFormat, frozen=True, tag="const_string"):
    """Exactly this text."""

    value: NonEmptyText


class RegexFormat(BareFormat, frozen=True, tag="regex"):
    """A text that a regular expression matches as a whole."""

    pattern: NonEmptyText


class RulesFormat(BareFormat, frozen=True, tag="grammar"):
    """A text by EBNF rules."""

    rules: NonEmptyText = msgspec.field(name="grammar")


class AnyText(BareFormat, frozen=True, tag="any_text"):
    """Any text."""


class XmlParameters(BareFormat, frozen=True, tag="qwen_xml_parameter"):
    """Parameters in tags, by a JSON Schema."""

    json_schema: Object


class FormatsInARow(BareFormat, frozen=True, tag="sequence"):
    """Formats one after the other."""

    elements: list[Object]


class EitherFormat(BareFormat, frozen=True, tag="or"):
    """Any one of several formats."""

    elements: list[Object]


class TaggedFormat(BareFormat, frozen=True, tag="tag"):
    """A format between a begin and an end."""

    begin: str
    content: Object
    end: str


class TriggeredTags(BareFormat, frozen=True, tag="triggered_tags"):
    """Text with tags in it, each of which a trigger begins."""

    triggers: list[str]
    tags: list[Object]
    at_least_one: bool | None = None
    stop_after_first: bool | None = None


class TagsWithSeparator(BareFormat, frozen=True, tag="tags_with_separator"):
    """Tags with a text between them."""

    tags: list[Object]
    separator: str
    at_least_one: bool | None = None
    stop_after_first: bool | None = None


XgrammarFormat = (
    ConstString
    | RegexFormat
    | RulesFormat
    | AnyText
    | XmlParameters
    | FormatsInARow
    | EitherFormat
    | TaggedFormat
    | TriggeredTags
    | TagsWithSeparator
)
