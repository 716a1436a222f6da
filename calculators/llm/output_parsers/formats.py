"""The formats by their names, and parsers made of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from ovpipe.calculators.llm.output_parsers import guides
from ovpipe.calculators.llm.output_parsers.deepseek_v3 import DeepseekV3
from ovpipe.calculators.llm.output_parsers.devstral import Devstral
from ovpipe.calculators.llm.output_parsers.gemma import Gemma
from ovpipe.calculators.llm.output_parsers.gemma_thoughts import GemmaThoughts
from ovpipe.calculators.llm.output_parsers.gpt_oss import GptOss
from ovpipe.calculators.llm.output_parsers.granite import Granite
from ovpipe.calculators.llm.output_parsers.granite_thoughts import GraniteThoughts
from ovpipe.calculators.llm.output_parsers.hermes import Hermes
from ovpipe.calculators.llm.output_parsers.json_calls import JsonCalls
from ovpipe.calculators.llm.output_parsers.lfm2 import Lfm2
from ovpipe.calculators.llm.output_parsers.llama3_json import Llama3Json
from ovpipe.calculators.llm.output_parsers.llama_pythonic import LlamaPythonic
from ovpipe.calculators.llm.output_parsers.mistral import Mistral
from ovpipe.calculators.llm.output_parsers.mistral_thoughts import MistralThoughts
from ovpipe.calculators.llm.output_parsers.parser import OutputParser
from ovpipe.calculators.llm.output_parsers.phi4 import Phi4
from ovpipe.calculators.llm.output_parsers.phi4_thoughts import Phi4Thoughts
from ovpipe.calculators.llm.output_parsers.plain_text import PlainText
from ovpipe.calculators.llm.output_parsers.qwen3_coder import Qwen3Coder
from ovpipe.calculators.llm.output_parsers.think import Think
from ovpipe.calculators.llm.output_parsers.thoughts import Thoughts
from ovpipe.calculators.llm.output_parsers.tool_format import ToolFormat
from ovpipe.calculators.llm.packets import Tool
from ovpipe.errors import NotFoundError, did_you_mean

NONE: Final = "none"
HARMONY: Final = "gpt_oss"
FALLBACK: Final = "json_calls"

TOOL_FORMATS: Final[Mapping[str, type[ToolFormat]]] = MappingProxyType(
    {
        "hermes": Hermes,
        "llama3_json": Llama3Json,
        "llama_pythonic": LlamaPythonic,
        "mistral": Mistral,
        "phi4": Phi4,
        "qwen3_coder": Qwen3Coder,
        "deepseek_v3": DeepseekV3,
        HARMONY: GptOss,
        "gemma": Gemma,
        "granite": Granite,
        "devstral": Devstral,
        "lfm2": Lfm2,
        FALLBACK: JsonCalls,
    }
)
REASONING_FORMATS: Final[Mapping[str, type[Thoughts] | None]] = MappingProxyType(
    {
        "think": Think,
        HARMONY: None,  # GptOss reads the thoughts too
        "granite": GraniteThoughts,
        "phi4": Phi4Thoughts,
        "gemma": GemmaThoughts,
        "mistral": MistralThoughts,
    }
)


def check_formats(tool_format: str | None, reasoning_format: str | None) -> None:
    """Raises NotFoundError for a name that no format has, and ValueError for two that exclude each other."""
    known("tool-call", tool_format, TOOL_FORMATS)
    known("reasoning", reasoning_format, REASONING_FORMATS)
    pair = {name for name in (tool_format, reasoning_format) if name not in (None, NONE, FALLBACK)}
    if HARMONY in pair and len(pair) > 1:
        other = next(name for name in pair if name != HARMONY)
        raise ValueError(
            f"the format {HARMONY!r} holds calls and thoughts in one and cannot stand beside {other!r}; "
            f"use {HARMONY!r} or {NONE!r} for both"
        )


def make_parser(
    tool_format: str | None,
    reasoning_format: str | None,
    *,
    tools: Sequence[Tool] = (),
    prompt_opens_thinking: bool = False,
    keep_specials: bool = False,
) -> OutputParser:
    """A parser for one choice of one request.

    Without `tools` no calls are looked for, whatever the format. `prompt_opens_thinking`: the prompt ends
    inside thoughts. `keep_specials`: special tokens that are no part of the formats stay in the text.
    Raises as `check_formats`.
    """
    check_formats(tool_format, reasoning_format)
    if HARMONY in (tool_format, reasoning_format) and tool_format != FALLBACK:
        offered = tools if tool_format == HARMONY else ()
        return GptOss(offered, keep_specials=keep_specials, thoughts=reasoning_format == HARMONY)
    answer: OutputParser
    if tools and tool_format is not None and tool_format != NONE:
        answer = TOOL_FORMATS[tool_format](tools, keep_specials=keep_specials)
    else:
        answer = PlainText(keep_specials=keep_specials)
    thoughts = REASONING_FORMATS[reasoning_format] if reasoning_format not in (None, NONE) else None
    if thoughts is None:
        return answer
    return thoughts(answer, opened=prompt_opens_thinking, keep_specials=keep_specials)


def make_guide(
    tool_format: str | None,
    reasoning_format: str | None,
    tools: Sequence[Tool],
    *,
    at_least_one: bool,
    several: bool,
    prompt_opens_thinking: bool = False,
) -> guides.Guide | None:
    """The structural tag that makes a model call as `make_parser`'s parser reads it; None if there is none.

    `at_least_one`: nothing but thoughts and calls, for the tool choices required and named. Without it any
    text, and calls as they should be, for tools that are strict. `several`: calls in parallel are allowed.
    """
    check_formats(tool_format, reasoning_format)
    if tool_format is None or tool_format == NONE or not tools:
        return None
    guide = TOOL_FORMATS[tool_format].guide(tools, at_least_one=at_least_one, several=several)
    thoughts = REASONING_FORMATS[reasoning_format] if reasoning_format not in (None, NONE) else None
    if guide is None or thoughts is None or not at_least_one:
        return guide  # where any text is allowed, so are thoughts
    calls = guide["format"]
    space = {"type": "regex", "pattern": r"\n{0,2}"}
    thinking = guides.sequence(thoughts.guide(opened=prompt_opens_thinking), space, calls)
    if prompt_opens_thinking:
        return guides.structural_tag(thinking)
    return guides.structural_tag(guides.either([thinking, calls]))


def guided_format(tool_format: str | None, tools: Sequence[Tool]) -> str:
    """The format in which a model calls that is made to: its own where that has a guide, or `json_calls`."""
    if make_guide(tool_format, None, tools, at_least_one=True, several=True) is None:
        return FALLBACK
    return tool_format or FALLBACK


def prompt_opens_thinking(prompt: str, reasoning_format: str | None = "think") -> bool:
    """Whether a rendered prompt ends inside thoughts that it has just opened."""
    if reasoning_format is None or reasoning_format == NONE:
        return False
    thoughts = REASONING_FORMATS[reasoning_format]
    return thoughts is not None and thoughts.opened_by(prompt)


def known(kind: str, name: str | None, names: Iterable[str]) -> None:
    """Raises NotFoundError for a name that is not among some names."""
    choices = [*names, NONE]
    if name is not None and name not in choices:
        raise NotFoundError(f"there is no {kind} format {name!r}; {did_you_mean(name, choices)}")
