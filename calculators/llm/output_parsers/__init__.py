"""What a model's raw text means: its answer, its thoughts, its calls."""

from ovpipe.calculators.llm.output_parsers.by_name import (
    FALLBACK,
    REASONING_FORMATS,
    TOOL_FORMATS,
    check_formats,
    has_guide,
    make_answer_guide,
    make_guide,
    make_parser,
    prompt_opens_thinking,
)
from ovpipe.calculators.llm.output_parsers.detection import detect_formats
from ovpipe.calculators.llm.output_parsers.parser import OutputParser

__all__ = [
    "FALLBACK",
    "OutputParser",
    "REASONING_FORMATS",
    "TOOL_FORMATS",
    "check_formats",
    "detect_formats",
    "has_guide",
    "make_answer_guide",
    "make_guide",
    "make_parser",
    "prompt_opens_thinking",
]
