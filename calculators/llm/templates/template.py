"""ChatTemplate: a model's Jinja template, compiled once and rendered as Hugging Face's transformers do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from ovpipe.calculators.llm.output_parsers import detect_formats
from ovpipe.calculators.llm.packets import Message, Tool
from ovpipe.calculators.llm.templates.compiled import Compiled
from ovpipe.calculators.llm.templates.messages import tool_in_template
from ovpipe.calculators.llm.templates.refusals import ChatTemplateError

__all__ = ("ChatTemplate", "ChatTemplateError")

LONGEST_TEXT: Final = 100_000_000
"""No context is as long, and a template's loops may be."""
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


class ChatTemplate:
    """A conversation to the text that a model was trained on. Safe to render from several threads at once.

    Templates come from model folders and are programs, so they run in Jinja's immutable sandbox. They see
    what transformers' apply_chat_template gives them: `messages`, `tools` and `documents` (None when there
    are none), `add_generation_prompt`, the special tokens by name, the request's variables, and what
    `sandbox` has. `tool_use` is the source of the template that a conversation with tools is rendered with;
    models with several templates have one of that name, and some of them no other, so that `source` is None.
    `others` are the names of templates that are never taken, for messages.
    `longest` is the length, in characters, at which a rendering is given up.
    What templates differ in is found out by rendering a few conversations, once, here.
    Raises jinja2.TemplateSyntaxError when a source is no template.
    """

    def __init__(
        self,
        source: str | None,
        special_tokens: Mapping[str, str] | None = None,
        *,
        tool_use: str | None = None,
        others: Sequence[str] = (),
        longest: int = LONGEST_TEXT,
    ) -> None:
        sources = [text for text in (source, tool_use) if text is not None]
        self.formats = detect_formats("\n".join(sources))
        """The formats of calls and of thoughts that it speaks of; None for one that is not known."""
        self._others = tuple(others)
        specials = dict(special_tokens or {})
        for_tools = source if tool_use is None else tool_use
        self._default = None if source is None else Compiled(source, specials, longest, tools=False)
        self._tool_use = None if for_tools is None else Compiled(for_tools, specials, longest, tools=True)
        self._one_for_both = tool_use is None

    @property
    def shows_tools(self) -> bool:
        """Whether the model gets to see the tools of a request."""
        return self._tool_use is None or self._tool_use.quirks.tools

    def why_none(self, *, tools: bool) -> str | None:
        """Why there is no template for a request with tools, or without; None when there is one."""
        if (self._tool_use if tools else self._default) is not None:
            return None
        if self._tool_use is not None:
            return (
                "This model's only chat template is for requests with tools ('tool_use'), and this has none"
            )
        return (
            f"This model's chat templates are named {', '.join(map(repr, self._others))}, and none 'default'"
        )

    def verbatim(self, *, tools: bool) -> frozenset[str]:
        """The roles whose contents are written letter by letter, in a request with tools, or without."""
        template = self._tool_use if tools else self._default
        return frozenset() if template is None else template.quirks.verbatim

    @property
    def unreadable(self) -> str | None:
        """The name of the template that shows nothing of what a user says, if there is one."""
        shows = [one is None or one.quirks.user for one in (self._default, self._tool_use)]
        if self._one_for_both:
            return None if any(shows) else "default"
        return next(
            (name for name, does in zip(("default", "tool_use"), shows, strict=True) if not does), None
        )

    def render(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[Tool] = (),
        documents: Sequence[Mapping[str, Any]] = (),
        add_generation_prompt: bool = True,
        continue_final_message: bool = False,
        variables: Mapping[str, Any] = NOTHING,
        turns: int | None = None,
    ) -> str:
        """The prompt's text, up to where the assistant begins. Raises ChatTemplateError.

        With `turns` it gives up after so many turns of loops, and raises OverBudget.

        With `continue_final_message` it ends where the last message's content ends, and there is no
        generation prompt. `variables` come before special tokens of the same name.
        """
        for name in RESERVED:
            if name in variables:
                raise ChatTemplateError(
                    f"'{name}' is not a variable that a request may set", f"chat_template_kwargs.{name}"
                )
        template = self._tool_use if tools else self._default
        if template is None:
            raise ChatTemplateError(str(self.why_none(tools=bool(tools))), "tools")
        shared = {
            **variables,
            "tools": [tool_in_template(tool) for tool in tools] or None,
            "documents": [dict(document) for document in documents] or None,
            "add_generation_prompt": add_generation_prompt and not continue_final_message,
        }
        return template.render(messages, shared, continue_final_message, turns)
