"""What the answer to a request must follow: its own grammar, that of the tools it has to call, or either."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from ovpipe.calculators.llm.grammars.requested import MOST_BYTES_OF_TOOLS, as_json, check_size
from ovpipe.calculators.llm.grammars.tool_schemas import binding, tools_param, with_read_schemas
from ovpipe.calculators.llm.output_parsers import (
    FALLBACK,
    has_guide,
    make_answer_guide,
    make_guide,
    prompt_opens_thinking,
)
from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest, Prompts, Tool
from ovpipe.calculators.llm.templates.template import ChatTemplate
from ovpipe.engines.protocol import Grammar
from ovpipe.errors import RequestError


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
    formats = written_by(template, named)
    if forces_calls(request) and not has_guide(formats.tools, at_least_one=True):
        return formats._replace(tools=FALLBACK)
    return formats


def written_by(template: ChatTemplate | None, named: Formats) -> Formats:
    """The formats that are named, or those that the template speaks of."""
    found = Formats(None, None) if template is None else Formats(*template.formats)
    return Formats(named.tools or found.tools, named.reasoning or found.reasoning)


def forces_calls(request: ChatRequest) -> bool:
    """Whether the answer has to call a tool."""
    return request.tool_choice.mode in ("required", "named")


def tools_of(request: ChatRequest) -> tuple[Tool, ...]:
    """The tools that may be called."""
    if request.tool_choice.mode == "none":
        return ()
    name = request.tool_choice.name
    return request.tools if name is None else tuple(tool for tool in request.tools if tool.name == name)


def begins_thinking(request: ChatRequest, formats: Formats, prompts: Prompts | None) -> bool:
    """Whether the answer begins inside thoughts, which the prompt has opened."""
    prompt = "" if prompts is None else prompts.prompts[0].text
    last = request.messages[-1].content if request.continue_final_message else None
    begun = last if isinstance(last, str) else ""
    return prompt_opens_thinking(prompt, formats.reasoning, begun=begun)


def schemas_that_bind(request: ChatRequest | CompletionRequest) -> list[Any]:
    """The schemas of tools that `grammar_of` reads."""
    if not isinstance(request, ChatRequest):
        return []
    return [tool.parameters for tool in binding(tools_of(request), forced=forces_calls(request))]


def grammar_of(
    request: ChatRequest | CompletionRequest, formats: Formats, prompts: Prompts | None
) -> Grammar | None:
    """What the engine is to hold the answer to; raises RequestError 400 for what cannot stand together.

    An answer that has to call has no text of its own, so that what the request says of one binds nothing.
    """
    if not isinstance(request, ChatRequest):
        return request.grammar
    schemas = schemas_that_bind(request)
    if schemas:
        check_size(schemas, tools_param(request), MOST_BYTES_OF_TOOLS)
    opened = begins_thinking(request, formats, prompts)
    if request.grammar is None or forces_calls(request):
        return grammar_of_calls(request, formats, opened=opened)
    return grammar_of_answer(request, request.grammar, formats, opened=opened)


def grammar_of_calls(request: ChatRequest, formats: Formats, *, opened: bool) -> Grammar | None:
    """That of the calls that a request forces or wants strictly; None: it does neither, or cannot have it."""
    forced, tools = forces_calls(request), tools_of(request)
    if not binding(tools, forced=forced) or not has_guide(formats.tools, at_least_one=forced):
        return None
    if request.use_beam_search:
        param = ("function_call" if request.functions else "tool_choice") if forced else tools_param(request)
        asked = "force a call" if forced else "be strict"
        raise RequestError(
            400, f"'{param}' cannot {asked} in a beam search.", code="invalid_value", param=param
        )
    guide = make_guide(
        *formats,
        with_read_schemas(request, tools, forced=forced),
        at_least_one=forced,
        several=allows_several(request),
        prompt_opens_thinking=opened,
    )
    return Grammar("structural_tag", as_json(guide, tools_param(request), MOST_BYTES_OF_TOOLS))


def grammar_of_answer(request: ChatRequest, grammar: Grammar, formats: Formats, *, opened: bool) -> Grammar:
    """The request's own grammar, for a model that may think first, or call a tool instead."""
    element = as_element(grammar)
    tools = tools_of(request) if has_guide(formats.tools, at_least_one=True) else ()
    guide = make_answer_guide(
        *formats,
        with_read_schemas(request, tools, forced=False),
        element,
        several=allows_several(request),
        prompt_opens_thinking=opened,
    )
    if guide["format"] is element:
        return grammar
    return Grammar("structural_tag", as_json(guide, tools_param(request), MOST_BYTES_OF_TOOLS))


def tools_without_place(request: ChatRequest | CompletionRequest, formats: Formats) -> tuple[str, ...]:
    """The parameter of tools that the answer cannot call, since it follows the request's own grammar.

    That is so where the format of calls cannot be guided: then no grammar has a place for either.
    """
    if not isinstance(request, ChatRequest) or request.grammar is None or forces_calls(request):
        return ()
    if not tools_of(request) or has_guide(formats.tools, at_least_one=True):
        return ()
    return (tools_param(request),)


def allows_several(request: ChatRequest) -> bool:
    """Whether the answer may have more than one call."""
    return request.parallel_tool_calls and request.tool_choice.mode != "named"


def as_element(grammar: Grammar) -> dict[str, Any]:
    """A grammar as an element of a structural tag."""
    match grammar.kind:
        case "json_schema":
            return {"type": "json_schema", "json_schema": json.loads(grammar.text)}
        case "regex":
            return {"type": "regex", "pattern": grammar.text}
        case "ebnf":
            return {"type": "grammar", "grammar": grammar.text}
        case "structural_tag":
            form: dict[str, Any] = json.loads(grammar.text)["format"]
            return form
