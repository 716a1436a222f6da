"""The same conversation through transformers and through ChatTemplate."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import takewhile
from typing import Any

import jinja2
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast

from ovpipe.calculators.llm.packets import Tool
from ovpipe.calculators.llm.parameters.validation_errors import read_as
from ovpipe.calculators.llm.parameters.wire.messages import Messages, conversation
from ovpipe.calculators.llm.templates.template import ChatTemplate, ChatTemplateError

SPECIAL_TOKENS = {"bos_token": "<s>", "eos_token": "</s>"}
TOKENIZER: Any = PreTrainedTokenizerFast(
    tokenizer_object=Tokenizer(models.WordLevel({"<s>": 0, "</s>": 1}, unk_token="<s>")), **SPECIAL_TOKENS
)
REFUSED = "refused: "


def theirs(
    source: str | Mapping[str, str],
    messages: Sequence[Mapping[str, Any]],
    *,
    arguments_as_text: bool = False,
    chat_template_kwargs: Mapping[str, Any] | None = None,
    **given: Any,
) -> str:
    """What transformers renders, of the messages as its users write them; or why it refuses.

    Where several messages of the system begin a conversation, they are one, as ours makes them.
    """
    seen = copy.deepcopy(list(messages))
    leading = list(takewhile(lambda message: message["role"] == "system", seen))
    if len(leading) > 1:
        content = "\n\n".join(message["content"] for message in leading if message["content"])
        seen = [{"role": "system", "content": content}, *seen[len(leading) :]]
    for message in seen:
        for call in message.get("tool_calls") or ():
            if not arguments_as_text:
                call["function"]["arguments"] = json.loads(call["function"]["arguments"])
    tokenizer = copy.copy(TOKENIZER)
    tokenizer.chat_template = source
    given.setdefault("add_generation_prompt", not given.get("continue_final_message"))
    try:
        text: str = tokenizer.apply_chat_template(
            seen, tokenize=False, **given, **(chat_template_kwargs or {})
        )
    except jinja2.TemplateError as error:
        return f"{REFUSED}{error}"
    except ValueError:
        assert given.get("continue_final_message")
        return f"{REFUSED}cannot be continued"
    return text


def ours(
    source: str | Mapping[str, str],
    messages: Sequence[Mapping[str, Any]],
    *,
    tools: Sequence[Mapping[str, Any]] = (),
    documents: Sequence[Mapping[str, Any]] = (),
    chat_template_kwargs: Mapping[str, Any] | None = None,
    **given: Any,
) -> str:
    """What ChatTemplate renders, of the messages as they come over HTTP; or why it refuses."""
    sources = {"default": source} if isinstance(source, str) else source
    try:
        return compiled(sources["default"], sources.get("tool_use")).render(
            conversation(read_as(list(messages), Messages, "messages"), "messages"),
            tools=[Tool(**tool["function"]) for tool in tools],
            documents=documents,
            variables=chat_template_kwargs or {},
            **given,
        )
    except ChatTemplateError as error:
        return f"{REFUSED}{'cannot be continued' if error.param == 'continue_final_message' else error}"


@cache
def compiled(default: str, tool_use: str | None) -> ChatTemplate:
    """Once for all tests, as transformers does."""
    return ChatTemplate(default, SPECIAL_TOKENS, tool_use=tool_use)
