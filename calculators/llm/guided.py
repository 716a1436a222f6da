"""What the answer to a request must follow: its own grammar, or that of the tools it has to call."""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple

from ovpipe.calculators.llm.grammar import MOST_BYTES_OF_TOOLS, as_json
from ovpipe.calculators.llm.output_parsers import (
    REASONING_FORMATS,
    make_guide,
    prompt_opens_thinking,
)
from ovpipe.calculators.llm.output_parsers.guides import either, sequence, structural_tag
from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest, Prompts, Tool
from ovpipe.calculators.llm.template import ChatTemplate
from ovpipe.calculators.llm.tool_schemas import with_read_schemas
from ovpipe.engines.protocol import Grammar
from ovpipe.errors import RequestError

JSON_CALLS: Final = "json_calls"
SPACE: Final = {"type": "regex", "pattern": r"\n{0,2}"}


class Formats(NamedTuple):
    """In which formats a model writes its calls and its thoughts; None: in none that is known."""

    tools: str | None
    reasoning: str | None


def formats_of(
    request: ChatRequest | CompletionRequest, named: Formats, template: ChatTemplate | None
) -> Formats:
    """The formats of a request's answer: those named, or those that the template speaks of.

    A completion has none. Calls that are forced on a model whose own format cannot be guided come as a
    JSON list.
    """
    if not isinstance(request, ChatRequest):
        return Formats(None, None)
    found = Formats(None, None) if template is None else Formats(*template.formats)
    formats = Formats(named.tools or found.tools, named.reasoning or found.reasoning)
    if forces_calls(request) and guide_of_calls(request, formats, opened=False) is None:
        return formats._replace(tools=JSON_CALLS)
    return formats


def forces_calls(request: ChatRequest) -> bool:
    """Whether the answer has to call a tool."""
    return request.tool_choice.mode in ("required", "named")


def tools_of(request: ChatRequest) -> tuple[Tool, ...]:
    """The tools that may be called."""
    if request.tool_choice.mode == "none":
        return ()
    name = request.tool_choice.name
    return request.tools if name is None else tuple(tool for tool in request.tools if tool.name == name)


def guide_of_calls(request: ChatRequest, formats: Formats, *, opened: bool) -> dict[str, Any] | None:
    """The structural tag of the calls that a request forces, or wants strictly; None: it does neither."""
    forced = forces_calls(request)
    tools = tools_of(request)
    if not forced and not any(tool.strict for tool in tools):
        return None
    return make_guide(
        formats.tools,
        formats.reasoning,
        tools,
        at_least_one=forced,
        several=request.parallel_tool_calls and request.tool_choice.mode != "named",
        prompt_opens_thinking=opened,
    )


def grammar_of(
    request: ChatRequest | CompletionRequest, formats: Formats, prompts: Prompts | None
) -> Grammar | None:
    """What the engine is to hold the answer to; raises RequestError 400 for two grammars at once."""
    if not isinstance(request, ChatRequest):
        return request.grammar
    opened = prompts is not None and prompt_opens_thinking(prompts.prompts[0].text, formats.reasoning)
    if request.grammar is None:
        if guide_of_calls(request, formats, opened=opened) is None:
            return None
        guide = guide_of_calls(with_read_schemas(request), formats, opened=opened)
        param = "functions" if request.functions else "tools"
        return Grammar("structural_tag", as_json(guide, param, MOST_BYTES_OF_TOOLS))
    if forces_calls(request):
        raise RequestError(
            400,
            f"'{request.grammar_param}' cannot stand beside a tool_choice that forces a call.",
            code="invalid_value",
            param=request.grammar_param,
        )
    return after_thoughts(request.grammar, formats.reasoning, opened=opened)


def after_thoughts(grammar: Grammar, reasoning_format: str | None, *, opened: bool) -> Grammar:
    """The same grammar, for a model that may think first: its thoughts are free.

    Only where the prompt has opened the thoughts must there be any.
    """
    thoughts = REASONING_FORMATS.get(reasoning_format or "")
    element = as_element(grammar)
    if thoughts is None or element is None:
        return grammar
    thinking = sequence(thoughts.guide(opened=opened), SPACE, element)
    guide = structural_tag(thinking if opened else either([thinking, element]))
    return Grammar("structural_tag", json.dumps(guide, ensure_ascii=False))


def as_element(grammar: Grammar) -> dict[str, Any] | None:
    """A grammar as an element of a structural tag; None for one that is a structural tag itself."""
    if grammar.kind == "json_schema":
        return {"type": "json_schema", "json_schema": json.loads(grammar.text)}
    if grammar.kind == "regex":
        return {"type": "regex", "pattern": grammar.text}
    if grammar.kind == "ebnf":
        return {"type": "grammar", "grammar": grammar.text}
    return None
