"""ChatTemplate: a model's Jinja template, compiled once and rendered as Hugging Face's transformers do."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NoReturn

from jinja2 import TemplateError, nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ovpipe.calculators.llm.packets import Message

LONGEST_REASON: Final = 500


class ChatTemplateError(Exception):
    """These messages cannot be rendered; the text says why, in the template's own words if it has any."""


class ChatTemplate:
    """A conversation to the text that a model was trained on. Safe to render from several threads at once.

    Templates come from model folders and are programs, so they run in Jinja's immutable sandbox. They see
    what transformers' apply_chat_template gives them: `messages`, `add_generation_prompt`, `tools` and
    `documents` (none), the special tokens by name, raise_exception, strftime_now, and a tojson that
    escapes nothing for HTML. Raises jinja2.TemplateSyntaxError when the source is no template.
    """

    def __init__(self, source: str, special_tokens: Mapping[str, str] | None = None) -> None:
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols, GenerationTag]
        )
        environment.filters["tojson"] = to_json
        environment.globals["raise_exception"] = raise_exception
        environment.globals["strftime_now"] = strftime_now
        self._wants_parts = wants_parts(environment.parse(source))
        self._special_tokens = dict(special_tokens or {})
        self._template = environment.from_string(source)

    def render(self, messages: Sequence[Message]) -> str:
        """The prompt's text, up to where the assistant begins. Raises ChatTemplateError."""
        variables = self._special_tokens | {
            "messages": [self._in_template(message) for message in messages],
            "tools": None,
            "documents": None,
            "add_generation_prompt": True,
        }
        try:
            return self._template.render(variables)
        except Refusal as refusal:
            raise ChatTemplateError(str(refusal)[:LONGEST_REASON]) from refusal
        except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError, RecursionError) as error:
            raise ChatTemplateError(f"it fails with {type(error).__name__}") from error

    def _in_template(self, message: Message) -> dict[str, Any]:
        fields: dict[str, Any] = {"role": message.role, "content": self._content(message)}
        for name in ("name", "tool_call_id", "reasoning_content"):
            value = getattr(message, name)
            if value is not None:
                fields[name] = value
        return fields

    def _content(self, message: Message) -> Any:
        content = message.content
        if self._wants_parts:
            texts = [content] if isinstance(content, str) else [part.text for part in content]
            return [{"type": "text", "text": text} for text in texts]
        return content if isinstance(content, str) else "\n".join(part.text for part in content)


class Refusal(TemplateError):
    """The template called raise_exception."""


def raise_exception(message: object = "no reason given") -> NoReturn:
    """What a template calls to refuse messages."""
    raise Refusal(str(message))


def strftime_now(format: str) -> str:
    """Today's date or time, in the server's time zone."""
    return datetime.now().strftime(format)


def to_json(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    """The filter `tojson`; Jinja's own escapes <, >, & and ', which models were not trained on."""
    return json.dumps(
        value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )


class GenerationTag(Extension):
    """Lets `{% generation %} ... {% endgeneration %}` pass: it marks the assistant's text for training."""

    tags = {"generation"}  # noqa: RUF012  # jinja2 declares it as an instance variable

    def parse(self, parser: Parser) -> list[nodes.Node]:
        """The body alone."""
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def wants_parts(template: nodes.Template) -> bool:
    """Whether the template can only read contents that are lists of parts.

    It then loops over a `content` and never asks whether one is a string. (Most templates concatenate
    strings; those of some multimodal models loop, and render nothing for a string.)
    """
    asks = any(test.name == "string" for test in template.find_all(nodes.Test))
    return not asks and any(name == "content" for name in _names_looped_over(template))


def _names_looped_over(template: nodes.Template) -> Iterator[str]:
    for loop in template.find_all(nodes.For):
        source = loop.iter
        while isinstance(source, nodes.Filter) and source.node is not None:
            source = source.node
        if isinstance(source, nodes.Getattr):
            yield source.attr
        elif isinstance(source, nodes.Getitem) and isinstance(source.arg, nodes.Const):
            yield str(source.arg.value)
