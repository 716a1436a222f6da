"""ChatTemplateLoaderCalculator: a model's chat template, compiled."""

from __future__ import annotations

import asyncio

from jinja2 import TemplateSyntaxError

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.llm.templates.template import ChatTemplate
from ovpipe.errors import OptionError
from ovpipe.ports import SideInput, SideOutput
from ovpipe.registry import register
from ovpipe.tokenizers.tokenizer import Tokenizer


@register
class ChatTemplateLoaderCalculator(Calculator):
    """Compiles the chat template that came with a tokenizer, once, for all requests of its graph.

    No streams. Side input `tokenizer`. Side output `chat_template`: the template, or None when the model has
    none. ChatTemplateCalculator renders it.

        chat_template_loader:
          calculator: ChatTemplateLoaderCalculator
          side_inputs: {tokenizer: tokenizer}
          side_outputs: {chat_template: chat_template}
    """

    tokenizer = SideInput[Tokenizer]()
    chat_template = SideOutput[ChatTemplate | None]()

    async def open(self, cx: Context) -> None:
        """Compiles it in a thread. Raises OptionError when it has an error, or shows nothing a user says."""
        template = await asyncio.to_thread(compile_template, cx[self.tokenizer])
        cx.progress(_formats(template))
        cx.set_side(self.chat_template, template)


def _formats(template: ChatTemplate | None) -> str:
    """What was found out of the formats that the model writes, for who starts the server."""
    if template is None:
        return "no chat template"
    calls, thoughts = template.formats
    return f"tool calls: {calls or 'no known format'}; thoughts: {thoughts or 'none'}"


def compile_template(tokenizer: Tokenizer) -> ChatTemplate | None:
    """The model's chat template; None when it has none, OptionError when it is none that can be used."""
    templates = tokenizer.chat_templates
    if not templates:
        return None
    where = f" in {tokenizer.folder}" if tokenizer.folder is not None else ""
    try:
        template = ChatTemplate(
            templates.get("default"),
            tokenizer.special_tokens,
            tool_use=templates.get("tool_use"),
            others=[name for name in sorted(templates) if name not in ("default", "tool_use")],
        )
    except TemplateSyntaxError as error:
        raise OptionError(
            f"the model's chat template{where} has an error in its line {error.lineno}: {error.message}"
        ) from error
    if template.unreadable is not None:
        raise OptionError(
            f"the model's chat template{where} named {template.unreadable!r} shows nothing of what a user "
            "says, neither of a string nor of a list of parts, so every question would be answered unread; "
            "put a template that does in chat_template.jinja there"
        )
    return template
