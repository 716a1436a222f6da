"""Finds the formats that a model writes, by its chat template."""

from __future__ import annotations

import re

# What a format's templates have in common, first match first: name, what must be there, what must not.
TOOL_MARKS = (
    ("deepseek_v3", ("<\uff5ctool\u2581calls\u2581begin\uff5c>",), ()),
    ("gpt_oss", ("<|channel|>", "<|message|>", "functions"), ()),
    ("gemma", ("<|tool_call>", "<tool_call|>"), ()),
    ("lfm2", ("<|tool_call_start|>",), ()),
    ("lfm2", ("<|tool_list_start|>",), ()),
    ("qwen3_coder", ("<function=", "<parameter="), ()),
    ("granite", ("<|start_of_role|>", "tool"), ()),
    ("granite", ("<|function_call_library|>",), ()),
    ("devstral", ("[TOOL_CALLS]", "[ARGS]"), ()),
    ("mistral", ("[TOOL_CALLS]",), ()),
    ("phi4", ("functools[",), ()),
    ("phi4", ("<|tool|>", "<|/tool|>"), ()),
    ("llama_pythonic", ("[func_name1(",), ()),
    ("llama_pythonic", ("<|python_start|>",), ("parameters",)),
    ("llama3_json", ("<|start_header_id|>", '"parameters"'), ("<tool_call>", "<function=", "<TOOLCALL>")),
    ("llama3_json", ("<|header_start|>", '"parameters"'), ("<tool_call>", "<function=")),
    ("hermes", ("<tool_call>", "</tool_call>", '"arguments"'), ("<arg_key>", "<tool_calls>")),
)
REASONING_MARKS = (
    ("gpt_oss", ("<|channel|>", "<|message|>", "analysis"), ()),
    ("gemma", ("<|channel>", "<channel|>"), ()),
    ("mistral", ("[THINK]", "[/THINK]"), ()),
    ("granite", ("Here is my thought process:",), ()),
    ("phi4", ("<|im_sep|>", "</think>"), ()),
    ("phi4", ("<|user|>", "Phi", "</think>"), ()),
    ("think", ("</think>",), ("<seed:think>",)),
)
COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)


def detect_formats(chat_template: str | None) -> tuple[str | None, str | None]:
    """The tool-call and the reasoning format that a Jinja template speaks of; None for none that is known.

    It looks for marks that a template must write to render such messages, or quotes to ask for them.
    """
    if not chat_template:
        return None, None
    # Quotes inside Jinja's strings are often escaped.
    template = COMMENT.sub("", chat_template).replace('\\"', '"')
    return first(TOOL_MARKS, template), first(REASONING_MARKS, template)


def first(marks: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...], template: str) -> str | None:
    """The first name all of whose marks are there and none of those against it."""
    for name, present, absent in marks:
        if all(mark in template for mark in present) and not any(mark in template for mark in absent):
            return name
    return None
