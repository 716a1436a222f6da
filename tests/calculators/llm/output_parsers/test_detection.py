"""Formats told from excerpts in the style of the real chat templates."""

from __future__ import annotations

import pytest

from ovpipe.calculators.llm.output_parsers import detect_formats

QWEN_CALL = (
    r"""{{- "\n</tools>\n\nFor each function call, return a json object within <tool_call></tool_call> tags:\n"""
    r"""<tool_call>\n{\"name\": <function-name>, \"arguments\": <args-json-object>}\n</tool_call>" }}"""
)
TEMPLATES = {
    "Qwen2.5": (QWEN_CALL, "hermes", None),
    "Qwen3": (QWEN_CALL + "{%- if '</think>' in content %}{{ '<think>' }}{%- endif %}", "hermes", "think"),
    "Qwen3-Coder": (
        r"{{- '<tool_call>\n<function=' + tool_call.name + '>\n' }}{{- '<parameter=' + name + '>\n' }}",
        "qwen3_coder",
        None,
    ),
    "Qwen3.5": (
        r"{{- '<tool_call>\n<function=' }}{{- '<parameter=' }}{{- '<think>\n' + reasoning_content + '\n</think>' }}",
        "qwen3_coder",
        "think",
    ),
    "Llama 3.2": (
        """{{- "<|start_header_id|>system<|end_header_id|>" }}{{- 'Respond in the format {"name": function name, """
        """"parameters": dictionary of argument name and its value}. ' }}""",
        "llama3_json",
        None,
    ),
    "Llama 4 in Python": (
        r"""{%- set system_message = "- Use exact format: [func_name1(param1=value1, param2=value2), func_name2(...)]" %}""",
        "llama_pythonic",
        None,
    ),
    "Mistral 7B v0.3": ("{{- '[AVAILABLE_TOOLS] [' }}{{- '[TOOL_CALLS] [' }}", "mistral", None),
    "Magistral": (
        "{{- '[TOOL_CALLS]' + name + '[ARGS]' }}{{- '[THINK]' + text + '[/THINK]' }}",
        "devstral",
        "mistral",
    ),
    "Devstral": ('{{- "[TOOL_CALLS]" + tool.name + "[ARGS]" + arguments }}', "devstral", None),
    "Phi-4-mini for tools": (
        'in a JSON list formatted as functools[{"name": [function name]}, ...]',
        "phi4",
        None,
    ),
    "Phi-4-mini": ("{{ '<|tool|>' + message['tools'] + '<|/tool|>' + '<|end|>' }}", "phi4", None),
    "Phi-4-reasoning": (
        "{{ '<|im_start|>system<|im_sep|>' }}<think> {Thought section} </think>",
        None,
        "phi4",
    ),
    "DeepSeek V3": (
        "{{ '<\uff5ctool\u2581calls\u2581begin\uff5c><\uff5ctool\u2581call\u2581begin\uff5c>' }}",
        "deepseek_v3",
        None,
    ),
    "DeepSeek R1": (
        "{{ '<\uff5ctool\u2581calls\u2581begin\uff5c>' }}{{ content.split('</think>')[-1] }}{{ '<think>\\n' }}",
        "deepseek_v3",
        "think",
    ),
    "gpt-oss": (
        "{{- '<|start|>assistant<|channel|>analysis<|message|>' }}{{- 'commentary to=functions.' + name }}",
        "gpt_oss",
        "gpt_oss",
    ),
    "Gemma 4": (
        "{{- '<|tool_call>call:' -}}{{- '<tool_call|>' -}}{{ '<|channel>thought\\n<channel|>' }}",
        "gemma",
        "gemma",
    ),
    "Gemma 3": ("{{ '<start_of_turn>' + role + '\\n' }}", None, None),
    "Granite 3.1": ("{{- '<|start_of_role|>tools<|end_of_role|>' }}{%- if tools %}", "granite", None),
    "Granite 3.2": (
        "{{- '<|start_of_role|>tools<|end_of_role|>' }} start with the phrase 'Here is my thought process:'",
        "granite",
        "granite",
    ),
    "LFM2": ('{{- "<|tool_call_start|>[" + calls + "]<|tool_call_end|>" -}}', "lfm2", None),
    "GLM 4.5, which has a form of its own": (
        r"""{{ '\n<tool_call>' + name }}<arg_key>{{ k }}</arg_key></tool_call> "arguments" {{ '<think></think>' }}""",
        None,
        "think",
    ),
    "ChatML without tools": ("{{ '<|im_start|>' + message.role + '\\n' + message.content }}", None, None),
    "marks in a comment": ("{#- [TOOL_CALLS] is not rendered -#}{{ message.content }}", None, None),
    "nothing": ("", None, None),
}


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_formats_of_a_template_are_told(name: str) -> None:
    template, tool_format, reasoning_format = TEMPLATES[name]
    assert detect_formats(template) == (tool_format, reasoning_format)


def test_a_model_without_a_template_has_none() -> None:
    assert detect_formats(None) == (None, None)
