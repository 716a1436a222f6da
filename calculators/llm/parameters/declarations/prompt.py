"""What the model reads: the conversation or the prompt, and what the chat template makes of it."""

from __future__ import annotations

from typing import Final

from ovpipe.calculators.llm.parameters.request_parameter import CHAT, COMPLETIONS, RequestParameter
from ovpipe.calculators.llm.parameters.value_types import (
    INT31,
    Object,
    Objects,
    integer,
    refused,
    text,
    unless_empty,
)
from ovpipe.calculators.llm.parameters.wire.messages import Messages, conversation
from ovpipe.calculators.llm.parameters.wire.prompts import FORMS, PromptValue, prompts_of

PROMPT: Final = (
    RequestParameter(
        "model",
        text(),
        "Names the graph that serves it; it may be absent where one model is served.",
        make=unless_empty,
    ),
    RequestParameter(
        "messages", Messages, "The conversation so far.", CHAT, required=True, make=conversation
    ),
    RequestParameter(
        "prompt",
        PromptValue,
        "What to continue, as it is: no chat template. Each prompt has choices of its own.",
        COMPLETIONS,
        required=True,
        make=prompts_of,
        forms=FORMS,
        field="prompts",
    ),
    RequestParameter(
        "suffix",
        text(),
        "What comes after the completion, if it is not empty; needs a model with fill-in-the-middle tokens.",
        COMPLETIONS,
        make=unless_empty,
    ),
)

RENDERING: Final = (
    RequestParameter(
        "truncate_prompt_tokens", integer(1, INT31), "Keeps this many tokens, the last of the prompt."
    ),
    RequestParameter(
        "add_special_tokens",
        bool,
        "Adds what the tokenizer puts around a text; absent, for completions only.",
    ),
    RequestParameter("add_generation_prompt", bool, "Ends the prompt where the assistant begins.", CHAT),
    RequestParameter("continue_final_message", bool, "Continues the last message.", CHAT),
    RequestParameter("chat_template_kwargs", Object, "Variables for the chat template.", CHAT),
    RequestParameter("documents", Objects, "Documents for the chat template.", CHAT),
    RequestParameter(
        "reasoning_effort",
        text(longest=64),
        "How much to reason, for the chat template; an empty string says nothing.",
        CHAT,
        make=unless_empty,
    ),
)

TEMPLATE: Final = (
    RequestParameter(
        "chat_template",
        refused("is not accepted from clients: the template of the model's own folder is used"),
        "Refused: templates come with the model.",
    ),
)
