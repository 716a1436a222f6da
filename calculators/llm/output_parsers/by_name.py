"""The formats by their names, and parsers made of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from ovpipe.calculators.llm.output_parsers import guides
from ovpipe.calculators.llm.output_parsers.formats.deepseek_v3 import DeepseekV3
from ovpipe.calculators.llm.output_parsers.formats.devstral import Devstral
from ovpipe.calculators.llm.output_parsers.formats.gemma import Gemma
from ovpipe.calculators.llm.output_parsers.formats.gpt_oss import GptOss
from ovpipe.calculators.llm.output_parsers.formats.granite import Granite
from ovpipe.calculators.llm.output_parsers.formats.hermes import Hermes
from ovpipe.calculators.llm.output_parsers.formats.json_calls import JsonCalls
from ovpipe.calculators.llm.output_parsers.formats.lfm2 import Lfm2
from ovpipe.calculators.llm.output_parsers.formats.llama3_json import Llama3Json
from ovpipe.calculators.llm.output_parsers.formats.llama_pythonic import LlamaPythonic
from ovpipe.calculators.llm.output_parsers.formats.mistral import Mistral
from ovpipe.calculators.llm.output_parsers.formats.phi4 import Phi4
from ovpipe.calculators.llm.output_parsers.formats.plain_text import PlainText
from ovpipe.calculators.llm.output_parsers.formats.qwen3_coder import Qwen3Coder
from ovpipe.calculators.llm.output_parsers.formats.tool_format import ToolFormat
from ovpipe.calculators.llm.output_parsers.parser import OutputParser
from ovpipe.calculators.llm.output_parsers.reasoning.gemma import GemmaThoughts
from ovpipe.calculators.llm.output_parsers.reasoning.granite import GraniteThoughts
from ovpipe.calculators.llm.output_parsers.reasoning.mistral import MistralThoughts
from ovpipe.calculators.llm.output_parsers.reasoning.phi4 import Phi4Thoughts
from ovpipe.calculators.llm.output_parsers.reasoning.think import Think
from ovpipe.calculators.llm.output_parsers.reasoning.think_opened import ThinkOpened
from ovpipe.calculators.llm.output_parsers.reasoning.thoughts import Thoughts
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
        "think_opened": ThinkOpened,
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
    if is_harmony(tool_format, reasoning_format):
        offered = tools if tool_format == HARMONY else ()
        return GptOss(offered, keep_specials=keep_specials, thoughts=reasoning_format == HARMONY)
    calling = TOOL_FORMATS[tool_format] if tools and tool_format is not None and tool_format != NONE else None

    def new_answer() -> OutputParser:
        if calling is None:
            return PlainText(keep_specials=keep_specials)
        return calling(tools, keep_specials=keep_specials)

    thoughts = thoughts_of(reasoning_format)
    if thoughts is None:
        return new_answer()
    return thoughts(
        new_answer,
        openers=calling.openers if calling is not None else (),
        opened=prompt_opens_thinking,
        keep_specials=keep_specials,
    )


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
    thoughts = thoughts_of(reasoning_format)
    if guide is None or thoughts is None or not at_least_one:
        return guide  # where any text is allowed, so are thoughts
    opened = prompt_opens_thinking
    return guides.structural_tag(guides.after(thoughts.guide(opened=opened), guide["format"], opened=opened))


def make_answer_guide(
    tool_format: str | None,
    reasoning_format: str | None,
    tools: Sequence[Tool],
    answer: guides.Guide,
    *,
    several: bool,
    prompt_opens_thinking: bool = False,
) -> guides.Guide:
    """The structural tag of an answer that must be `answer`, or calls where their format has a guide.

    Thoughts before either are free. Without thoughts and calls there is nothing around `answer`.
    Raises as `check_formats`.
    """
    calls = make_guide(tool_format, None, tools, at_least_one=True, several=several)
    if is_harmony(tool_format, reasoning_format):
        answer = GptOss.answer_guide(answer, thoughts=reasoning_format == HARMONY)
    if calls is not None:
        answer = guides.either([calls["format"], answer])
    thoughts, opened = thoughts_of(reasoning_format), prompt_opens_thinking
    if thoughts is not None:
        answer = guides.after(thoughts.guide(opened=opened), answer, opened=opened)
    return guides.structural_tag(answer)


def has_guide(tool_format: str | None, *, at_least_one: bool) -> bool:
    """Whether `make_guide` has a guide for the calls of this format."""
    if tool_format is None or tool_format == NONE:
        return False
    return TOOL_FORMATS[tool_format].guide((), at_least_one=at_least_one, several=True) is not None


def is_harmony(tool_format: str | None, reasoning_format: str | None) -> bool:
    """Whether GptOss reads the whole output, and not only where calls or thoughts are looked for."""
    return HARMONY in (tool_format, reasoning_format) and tool_format != FALLBACK


def thoughts_of(reasoning_format: str | None) -> type[Thoughts] | None:
    """What reads the thoughts of this format before the answer; None: nothing does."""
    return None if reasoning_format in (None, NONE) else REASONING_FORMATS[reasoning_format]


def prompt_opens_thinking(prompt: str, reasoning_format: str | None = "think", *, begun: str = "") -> bool:
    """Whether a rendered prompt ends inside thoughts.

    It has just opened them, or the message `begun` has, which the model is to continue.
    """
    thoughts = thoughts_of(reasoning_format)
    if thoughts is None:
        return False
    return thoughts.left_open_by(begun) if begun else thoughts.opened_by(prompt)


def known(kind: str, name: str | None, names: Iterable[str]) -> None:
    """Raises NotFoundError for a name that is not among some names."""
    choices = [*names, NONE]
    if name is not None and name not in choices:
        raise NotFoundError(f"there is no {kind} format {name!r}; {did_you_mean(name, choices)}")
