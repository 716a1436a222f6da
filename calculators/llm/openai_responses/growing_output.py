"""GrowingOutput: the items of an answer as they grow, and the events by which a client follows them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from ovpipe.calculators.llm.openai_responses.items import CUSTOM_INPUT, new_id, output_text, sealed
from ovpipe.calculators.llm.packets import CalledTool, Content, OutputDelta, Reasoning
from ovpipe.calculators.llm.responses.shared import new_call_id
from ovpipe.calculators.llm.responses_packets import AskedResponse
from ovpipe.calculators.llm.text.token_texts import TokenTexts

Event = dict[str, Any]
"""An event of a stream, without its sequence number."""
KINDS: Final = {Content: "message", Reasoning: "reasoning"}


class GrowingOutput:
    """Takes deltas, and makes events of them. What the events come to is `items`, at every moment.

    Texts grow in one item until something else comes. `texts` gives log-probabilities, where they are wanted.
    """

    def __init__(self, asked: AskedResponse, texts: TokenTexts | None) -> None:
        self.items: list[dict[str, Any]] = []
        self._asked = asked
        self._texts = texts
        self._text: list[str] = []
        """Of the item that is open."""
        self._open = False
        self._logprobs: list[Any] = []
        """Those that wait for a text to go with."""

    def add(self, delta: OutputDelta) -> Iterator[Event]:
        """The events of one delta."""
        if self._texts is not None and delta.tokens:
            self._logprobs += self._texts.chat_logprobs(delta)["content"]
        for part in delta.parts:
            if isinstance(part, CalledTool):
                yield from self._close("completed")
                yield from self._call(part)
            else:
                yield from self._write(KINDS[type(part)], part.text)
        if delta.finish is not None:
            yield from self._end("incomplete" if delta.finish == "length" else "completed")

    def cut(self) -> None:
        """Leaves the item that is open as it is: what would close it is not sent any more."""
        for _ in self._close("incomplete"):
            pass

    def _end(self, status: str) -> Iterator[Event]:
        if not self.items:
            yield from self._begin("message")
        if self._logprobs and self._open and self.items[-1]["type"] == "message":
            yield from self._write("message", "")
        yield from self._close(status)

    def _write(self, kind: str, text: str) -> Iterator[Event]:
        if not self._open or self.items[-1]["type"] != kind:
            yield from self._close("completed")
            yield from self._begin(kind)
        self._text.append(text)
        delta = self._event(f"response.{part_type(kind)}.delta", content_index=0, delta=text)
        if kind == "message":
            logprobs, self._logprobs = self._logprobs, []
            self.items[-1]["content"][0]["logprobs"] += logprobs
            delta["logprobs"] = logprobs
        else:
            self._logprobs.clear()  # there is no place for those of thoughts
        yield delta

    def _begin(self, kind: str) -> Iterator[Event]:
        """Opens an item of one growing text."""
        if kind == "message":
            item: dict[str, Any] = {
                "id": new_id("msg"),
                "type": kind,
                "status": "in_progress",
                "role": "assistant",
            }
            part: dict[str, Any] = output_text("")
        else:
            item = {"id": new_id("rs"), "type": kind, "status": "in_progress", "summary": []}
            part = {"type": "reasoning_text", "text": ""}
        self.items.append({**item, "content": []})
        self._open, self._text = True, []
        yield self._added()
        self.items[-1]["content"] = [part]
        yield self._event("response.content_part.added", content_index=0, part=copied(part))

    def _close(self, status: str) -> Iterator[Event]:
        """Closes the item that is open, if one is."""
        if not self._open:
            return
        self._open = False
        item = self.items[-1]
        part = item["content"][0]
        part["text"] = "".join(self._text)
        done = self._event(f"response.{part_type(item['type'])}.done", content_index=0, text=part["text"])
        if item["type"] == "message":
            done["logprobs"] = part["logprobs"]
        yield done
        yield self._event("response.content_part.done", content_index=0, part=copied(part))
        if item["type"] == "reasoning" and self._asked.encrypted_reasoning:
            item["encrypted_content"] = sealed(part["text"])
        item["status"] = status
        yield self._done()

    def _call(self, call: CalledTool) -> Iterator[Event]:
        """A whole call: the model's format gives its arguments at once."""
        self._logprobs.clear()
        custom = call.name in self._asked.custom_tools
        field, event = (
            ("input", "custom_tool_call_input") if custom else ("arguments", "function_call_arguments")
        )
        given = custom_input(call.arguments) if custom else call.arguments
        self.items.append(
            {
                "id": new_id("ctc" if custom else "fc"),
                "type": "custom_tool_call" if custom else "function_call",
                "status": "in_progress",
                "call_id": new_call_id(),
                "name": call.name,
                field: "",
            }
        )
        yield self._added()
        yield self._event(f"response.{event}.delta", delta=given)
        yield self._event(f"response.{event}.done", **{field: given})
        self.items[-1] |= {field: given, "status": "completed"}
        yield self._done()

    def _added(self) -> Event:
        return self._of_item("response.output_item.added")

    def _done(self) -> Event:
        return self._of_item("response.output_item.done")

    def _of_item(self, type: str) -> Event:
        return {"type": type, "output_index": len(self.items) - 1, "item": copied(self.items[-1])}

    def _event(self, type: str, **members: Any) -> Event:
        return {
            "type": type,
            "item_id": self.items[-1]["id"],
            "output_index": len(self.items) - 1,
            **members,
        }


def part_type(kind: str) -> str:
    """What the events of an item's text are named after."""
    return "output_text" if kind == "message" else "reasoning_text"


def custom_input(arguments: str) -> str:
    """The text that a custom tool is called with; what a model wrote besides is the text itself."""
    try:
        given = json.loads(arguments)
    except ValueError:
        return arguments
    text = given.get(CUSTOM_INPUT) if isinstance(given, dict) else None
    return text if isinstance(text, str) else arguments


def copied(value: Any) -> Any:
    """A JSON value as it is now; events are written later than they are made."""
    if isinstance(value, dict):
        return {key: copied(member) for key, member in value.items()}
    if isinstance(value, list):
        return [copied(member) for member in value]
    return value


def texts_in(items: Sequence[dict[str, Any]]) -> str:
    """What an answer says, without its thoughts."""
    return "".join(part["text"] for item in items if item["type"] == "message" for part in item["content"])
