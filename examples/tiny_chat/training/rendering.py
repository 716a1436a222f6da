"""Dialogues as the text that the model reads and writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from examples.tiny_chat.dialogues.dialogue import Dialogue
from ovpipe.calculators.llm.packets import Message, Tool, ToolCall
from ovpipe.calculators.llm.templates.template import ChatTemplate

TEMPLATE = Path(__file__).parents[1] / "chat_template.jinja"
PAD, START, END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"


class Renderer:
    """Renders with the model's own chat template, by the code that serves it."""

    def __init__(self) -> None:
        self.source = TEMPLATE.read_text("utf-8")
        self._template = ChatTemplate(self.source, {"eos_token": END, "pad_token": PAD})

    def text(self, dialogue: Dialogue) -> str:
        """The whole dialogue, its last answer as the model is to write it."""
        return self.prompt(dialogue, answered=True)

    def prompt(self, dialogue: Dialogue, *, answered: bool = False) -> str:
        """What the model is given before its last answer, or the same with the answer."""
        messages = dialogue.messages if answered else dialogue.messages[:-1]
        return self._template.render(
            [_message(message) for message in messages],
            tools=[_tool(tool) for tool in dialogue.tools],
            add_generation_prompt=not answered,
            variables={"enable_thinking": dialogue.thinking},
        )


def _message(message: dict[str, Any]) -> Message:
    calls = tuple(
        ToolCall(id=call["id"], name=call["function"]["name"], arguments=call["function"]["arguments"])
        for call in message.get("tool_calls", ())
    )
    return Message(
        role=message["role"],
        content=message["content"],
        tool_calls=calls,
        tool_call_id=message.get("tool_call_id"),
        reasoning_content=message.get("reasoning_content"),
    )


def _tool(tool: dict[str, Any]) -> Tool:
    function = tool["function"]
    return Tool(name=function["name"], description=function["description"], parameters=function["parameters"])
