"""What reads the answers to a request, in the formats that its model writes."""

from __future__ import annotations

from collections.abc import Callable

from ovpipe.calculators.llm.grammars.guided import Formats, begins_thinking, formats_of, tools_of
from ovpipe.calculators.llm.output_parsers import make_parser
from ovpipe.calculators.llm.output_parsers.choice_parser import ChoiceParser
from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest, Prompts
from ovpipe.calculators.llm.templates.template import ChatTemplate


def parsers_of(
    request: ChatRequest | CompletionRequest,
    named: Formats,
    prompts: Prompts | None,
    template: ChatTemplate | None,
) -> Callable[[], ChoiceParser]:
    """Makes the parser of each choice. `named` are the formats that the graph names.

    A completion has no formats: its text is content, without special tokens unless the request wants them.
    """
    stops, keep_specials = bool(request.stop), not request.skip_special_tokens
    if not isinstance(request, ChatRequest):
        return lambda: ChoiceParser(make_parser("none", "none", keep_specials=keep_specials), stops=stops)
    formats = formats_of(request, named, template)
    opened = begins_thinking(request, formats, prompts)
    return lambda: ChoiceParser(
        make_parser(
            *formats, tools=tools_of(request), prompt_opens_thinking=opened, keep_specials=keep_specials
        ),
        thinks=formats.reasoning not in (None, "none"),
        most_calls=None if request.parallel_tool_calls else 1,
        named=request.tool_choice.mode == "named",
        stops=stops,
    )
