"""ChatTemplate: a model's Jinja template, compiled once and rendered as Hugging Face's transformers do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from jinja2 import TemplateError, UndefinedError

from ovpipe.calculators.llm.output_parsers import detect_formats
from ovpipe.calculators.llm.packets import Message, Tool
from ovpipe.calculators.llm.templates.final_message import NotContinuable, cut, mark
from ovpipe.calculators.llm.templates.messages import message_in_template, tool_in_template
from ovpipe.calculators.llm.templates.quirks import Quirks
from ovpipe.calculators.llm.templates.sandbox import Refusal, sandbox

LONGEST_REASON: Final = 500
LONGEST_TEXT: Final = 100_000_000
"""No context is as long, and a template's loops may be."""
RENDERING_FAILS: Final = (
    TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
    RecursionError,
)
"""What comes out of a template that does not fit the conversation."""
NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
RESERVED: Final = (
    "messages",
    "tools",
    "documents",
    "add_generation_prompt",
    "continue_final_message",
    "chat_template",
    "tokenize",
)
"""Names that a request's variables may not have: they have parameters of their own, or are the server's."""


class ChatTemplateError(Exception):
    """A conversation cannot be rendered; the text says why, in the template's own words if it has any.

    `param` is the request's parameter that is to blame.
    """

    def __init__(self, reason: str, param: str = "messages") -> None:
        super().__init__(reason)
        self.param = param


class ChatTemplate:
    """A conversation to the text that a model was trained on. Safe to render from several threads at once.

    Templates come from model folders and are programs, so they run in Jinja's immutable sandbox. They see
    what transformers' apply_chat_template gives them: `messages`, `tools` and `documents` (None when there
    are none), `add_generation_prompt`, the special tokens by name, the request's variables, and what
    `sandbox` has. `tool_use` is the source of the template that a conversation with tools is rendered with;
    models with several templates have one of that name. `longest` is the length, in characters, at which a
    rendering is given up.
    Raises jinja2.TemplateSyntaxError when a source is no template.
    """

    def __init__(
        self,
        source: str,
        special_tokens: Mapping[str, str] | None = None,
        *,
        tool_use: str | None = None,
        longest: int = LONGEST_TEXT,
    ) -> None:
        self.formats = detect_formats(source if tool_use is None else f"{source}\n{tool_use}")
        """The formats of calls and of thoughts that it speaks of; None for one that is not known."""
        self._special_tokens = dict(special_tokens or {})
        self._default = Compiled(source, longest)
        self._tool_use = self._default if tool_use is None else Compiled(tool_use, longest)

    def render(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[Tool] = (),
        documents: Sequence[Mapping[str, Any]] = (),
        add_generation_prompt: bool = True,
        continue_final_message: bool = False,
        variables: Mapping[str, Any] = NOTHING,
    ) -> str:
        """The prompt's text, up to where the assistant begins. Raises ChatTemplateError.

        With `continue_final_message` it ends where the last message's content ends, and there is no
        generation prompt. `variables` come before special tokens of the same name.
        """
        for name in RESERVED:
            if name in variables:
                raise ChatTemplateError(
                    f"'{name}' is not a variable that a request may set", f"chat_template_kwargs.{name}"
                )
        template = self._tool_use if tools else self._default
        shared = {
            **self._special_tokens,
            **variables,
            "tools": [tool_in_template(tool) for tool in tools] or None,
            "documents": [dict(document) for document in documents] or None,
            "add_generation_prompt": add_generation_prompt and not continue_final_message,
        }
        try:
            try:
                return template.render(messages, shared, continue_final_message)
            except UndefinedError:
                # transformers leaves out a content that is None. Templates that were made without a thought
                # of tool calls fail without one; vLLM gives all of them an empty one, and these get it too.
                if all(message.content is not None for message in messages):
                    raise
                return template.render(messages, shared, continue_final_message, empty="")
        except Refusal as refusal:
            raise ChatTemplateError(str(refusal)[:LONGEST_REASON]) from refusal
        except NotContinuable as reason:
            raise ChatTemplateError(str(reason), "continue_final_message") from reason
        except RENDERING_FAILS as error:
            raise ChatTemplateError(f"it fails with {type(error).__name__}") from error


class Compiled:
    """One template and what it can read."""

    def __init__(self, source: str, longest: int) -> None:
        self._longest = longest
        environment = sandbox()
        self._quirks = Quirks.of(environment.parse(source))
        self._template = environment.from_string(source)

    def render(
        self,
        messages: Sequence[Message],
        shared: Mapping[str, Any],
        continue_final_message: bool,
        *,
        empty: str | None = None,
    ) -> str:
        """The text; raises what the template raises."""
        seen = [message_in_template(message, self._quirks, empty=empty) for message in messages]
        if continue_final_message:
            continued = mark(seen[-1])
            return cut(self._write({**shared, "messages": seen}), continued)
        return self._write({**shared, "messages": seen})

    def _write(self, variables: Mapping[str, Any]) -> str:
        pieces, length = [], 0
        for piece in self._template.generate(variables):
            length += len(piece)
            if length > self._longest:
                raise Refusal(f"it comes to more than {self._longest} characters")
            pieces.append(piece)
        return "".join(pieces)
