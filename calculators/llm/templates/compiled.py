"""Compiled: one template, what it can read, and a conversation as it reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from jinja2 import UndefinedError, meta, nodes
from jinja2.exceptions import SecurityError

from ovpipe.calculators.llm.packets import Message, Tool
from ovpipe.calculators.llm.templates.budget import TURN, Budget, OverBudget, count_turns
from ovpipe.calculators.llm.templates.conversations import (
    INSTRUCTS,
    give_instructions_to_user,
    join_instructions,
    others,
    set_calls_apart,
)
from ovpipe.calculators.llm.templates.final_message import NotContinuable, cut, mark
from ovpipe.calculators.llm.templates.messages import message_in_template, text_of, tool_in_template
from ovpipe.calculators.llm.templates.probing import OTHER_TOOL, probe
from ovpipe.calculators.llm.templates.quirks import Quirks
from ovpipe.calculators.llm.templates.refusals import (
    RENDERING_FAILS,
    ChatTemplateError,
    Write,
    blame,
    reason_of,
)
from ovpipe.calculators.llm.templates.sandbox import Refusal, sandbox

MOST_TURNS: Final = 2_000_000
"""The turns of loops that one request's renderings may take; a hundred thousand messages take fewer."""
TURNS_OF_PROBING: Final = 100_000
"""The turns of all probes of a template together."""
TURNS_OF_PROBE: Final = 5_000
"""The turns of each, so that one which never ends leaves some to the others."""
LONGEST_PROBE: Final = 1_000_000
"""The characters that a probe may write."""
FOR_GOOD: Final = (OverBudget, SecurityError)
"""What comes of it however the conversation is said."""
DOCUMENT: Final[Mapping[str, str]] = MappingProxyType({"title": "Hm", "text": "Hm"})
SWITCHES: Final = ("enable_thinking", "thinking")
"""The variables that turn thoughts off when they are false."""


class Compiled:
    """One template and what it can read, for requests with `tools`, or for those without."""

    def __init__(self, source: str, special_tokens: Mapping[str, str], longest: int, *, tools: bool) -> None:
        self._special_tokens = special_tokens
        self._longest = longest
        self._tools = tools
        environment = sandbox()
        tree = environment.parse(source)
        self._variables = meta.find_undeclared_variables(tree)
        literals = list(_literals(tree))
        self._template = environment.from_string(count_turns(tree))
        self._turns_of_probing = TURNS_OF_PROBING
        self.quirks = probe(
            self._probe,
            numbers=[number for number in literals if type(number) is int and 1 <= number <= 64],
            names_developer=any("developer" in text for text in literals if isinstance(text, str)),
        )

    def render(
        self,
        messages: Sequence[Message],
        variables: Mapping[str, Any],
        continue_final_message: bool,
        turns: int | None = None,
    ) -> str:
        """The prompt's text. What the template refuses is said otherwise, as far as it can be.

        Raises ChatTemplateError; after `turns`, if they are given, OverBudget: nothing is known then.
        """
        budget = Budget(MOST_TURNS if turns is None else turns)
        try:
            text = self._render(messages, variables, continue_final_message, budget)
        except ChatTemplateError:
            if turns is None or not budget.spent:
                raise
        if turns is not None and budget.spent:
            raise OverBudget(f"it takes more than {turns} turns of loops")
        return text

    def _render(
        self,
        messages: Sequence[Message],
        variables: Mapping[str, Any],
        continue_final_message: bool,
        budget: Budget,
    ) -> str:
        write = partial(
            self._write_any,
            variables={**self._special_tokens, **self._without_thinking(variables)},
            continue_final_message=continue_final_message,
            budget=budget,
        )
        said = self._prepared(messages)
        try:
            text = write(said)
        except NotContinuable as reason:
            raise ChatTemplateError(str(reason), "continue_final_message") from reason
        except FOR_GOOD as error:
            raise ChatTemplateError(reason_of(error)) from error
        except RENDERING_FAILS as error:
            return self._said_otherwise(said, write, messages, error)
        self._check_words(messages, text)
        return text

    def _prepared(self, messages: Sequence[Message]) -> Sequence[Message]:
        """The conversation, but for what the template is known to leave out in silence."""
        messages = join_instructions(messages)
        if not self.quirks.system:
            messages = give_instructions_to_user(messages)
        return set_calls_apart(messages) if self.quirks.calls_apart else messages

    def _said_otherwise(
        self, said: Sequence[Message], write: Write, messages: Sequence[Message], first: Exception
    ) -> str:
        """The first other way to say it that the template takes; one that loses no words, if there is any."""
        taken = None
        for other in others(said):
            try:
                text = write(other)
            except (*RENDERING_FAILS, NotContinuable):
                continue
            if all(text_of(message.content).strip() in text for message in said):
                return text
            taken = taken or text
        if taken is not None:
            return taken
        error, at = blame(messages, lambda part: write(self._prepared(part)), first)
        if at is not None and messages[at].role in INSTRUCTS:
            # It takes no such role. What it says of the conversation without one is what has to be changed.
            error, at = blame(messages, lambda part: write(give_instructions_to_user(part)), error)
        raise ChatTemplateError(reason_of(error), "messages" if at is None else f"messages[{at}]") from error

    def _write_any(
        self,
        messages: Sequence[Message],
        *,
        variables: Mapping[str, Any],
        continue_final_message: bool,
        budget: Budget,
    ) -> str:
        write = partial(
            self._write,
            variables=variables,
            continue_final_message=continue_final_message,
            budget=budget,
            quirks=self.quirks,
            longest=self._longest,
        )
        try:
            return write(messages)
        except UndefinedError:
            # transformers leaves out a content that is None. Templates that were made without a thought
            # of tool calls fail without one; vLLM gives all of them an empty one, and these get it too.
            if all(message.content is not None for message in messages):
                raise
            return write(messages, empty="")

    def _write(
        self,
        messages: Sequence[Message],
        *,
        variables: Mapping[str, Any],
        continue_final_message: bool = False,
        budget: Budget,
        quirks: Quirks,
        longest: int,
        empty: str | None = None,
    ) -> str:
        """The text; raises what the template raises, and NotContinuable."""
        if continue_final_message and messages[-1].content is None:
            raise NotContinuable("the last message has no content to continue")
        seen = [message_in_template(message, quirks, empty=empty) for message in messages]
        continued = mark(seen[-1]) if continue_final_message else None
        pieces, length = [], 0
        for piece in self._template.generate({**variables, "messages": seen, TURN: budget}):
            length += len(piece)
            if length > longest:
                raise OverBudget(f"it comes to more than {longest} characters")
            pieces.append(piece)
        text = "".join(pieces)
        return text if continued is None else cut(text, continued)

    def _probe(self, messages: Sequence[Message], quirks: Quirks, tool: Tool | None) -> str | None:
        """See probing.Write."""
        variables = {
            **self._special_tokens,
            "tools": [tool_in_template(tool or OTHER_TOOL)] if self._tools else None,
            "add_generation_prompt": True,
        }
        for documents in (None, [dict(DOCUMENT)]):  # a template may fail without
            most = min(TURNS_OF_PROBE, self._turns_of_probing)
            budget = Budget(most)
            try:
                return self._write(
                    messages,
                    variables={**variables, "documents": documents},
                    budget=budget,
                    quirks=quirks,
                    longest=min(self._longest, LONGEST_PROBE),
                )
            except Refusal:
                return None
            except RENDERING_FAILS:
                continue
            finally:
                self._turns_of_probing -= most - budget.left
        return ""

    def _without_thinking(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The variables; to a template that knows no effort, one of "none" is thinking turned off."""
        if variables.get("reasoning_effort") != "none" or "reasoning_effort" in self._variables:
            return dict(variables)
        return {**{name: False for name in SWITCHES if name in self._variables}, **variables}

    def _check_words(self, messages: Sequence[Message], text: str) -> None:
        """Raises ChatTemplateError where a message is there and not a word of what it says."""
        if not self.quirks.wordless:
            return
        for at, message in enumerate(messages):
            if message.role in self.quirks.wordless and text_of(message.content).strip() not in text:
                raise ChatTemplateError(
                    f"it writes no word of what a message of the role {message.role!r} says",
                    f"messages[{at}]",
                )


def _literals(template: nodes.Template) -> Iterator[Any]:
    """The constants of a template, and the text between its expressions."""
    for const in template.find_all(nodes.Const):
        yield const.value
    for data in template.find_all(nodes.TemplateData):
        yield data.data
