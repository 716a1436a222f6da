"""DeepSeek V3, R1 and V3.1: outputs and what they mean.

The form is described by the chat templates of DeepSeek-V3, DeepSeek-R1 and DeepSeek-V3.1.
"""

# ruff: noqa: RUF001 - the bar in the tokens is full-width, as in the vocabulary
from __future__ import annotations

from tests.calculators.llm.output_parsers.cases.case import Case, Cases

CASES = Cases(
    "deepseek_v3",
    None,
    specials=(
        "<｜tool▁calls▁begin｜>",
        "<｜tool▁calls▁end｜>",
        "<｜tool▁call▁begin｜>",
        "<｜tool▁call▁end｜>",
        "<｜tool▁sep｜>",
    ),
    cases=(
        Case(
            "plain text",
            "How can I help you today? I can check weather for you.",
            content="How can I help you today? I can check weather for you.",
        ),
        Case(
            "v3 one call",
            '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n```json\n{"city": "Tokyo", "unit": "celsius"}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
            calls=(("get_weather", {"city": "Tokyo", "unit": "celsius"}),),
        ),
        Case(
            "v3 all json types",
            '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>test_function\n```json\n{"string_field": "hello", "int_field": 42, "float_field": 3.14, "bool_field": true, "null_field": null, "array_field": ["a", "b", "c"], "object_field": {"nested": "value"}, "empty_array": [], "empty_object": {}}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
            calls=(
                (
                    "test_function",
                    {
                        "string_field": "hello",
                        "int_field": 42,
                        "float_field": 3.14,
                        "bool_field": True,
                        "null_field": None,
                        "array_field": ["a", "b", "c"],
                        "object_field": {"nested": "value"},
                        "empty_array": [],
                        "empty_object": {},
                    },
                ),
            ),
        ),
        Case(
            "v3 empty arguments",
            "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_current_time\n```json\n{}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
            calls=(("get_current_time", {}),),
        ),
        Case(
            "v3 text before",
            'Let me check the weather for you.<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n```json\n{"city": "Paris"}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
            content="Let me check the weather for you.",
            calls=(("get_weather", {"city": "Paris"}),),
        ),
        Case(
            "v3 broken json",
            '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n```json\n{"city": "Tokyo"\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
            content='<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n```json\n{"city": "Tokyo"\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
        ),
        Case(
            "v3 call tokens missing",
            '<｜tool▁calls▁begin｜>function<｜tool▁sep｜>get_weather\n```json\n{"city": "Tokyo"}\n```<｜tool▁calls▁end｜>',
            content='<｜tool▁calls▁begin｜>function<｜tool▁sep｜>get_weather\n```json\n{"city": "Tokyo"}\n```<｜tool▁calls▁end｜>',
        ),
        Case(
            "v31 one call text before",
            'normal text<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>foo<｜tool▁sep｜>{"x":1}<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
            content="normal text",
            calls=(("foo", {"x": 1}),),
        ),
        Case(
            "v31 cut off in block",
            "Let me look that up.<｜tool▁calls▁begin｜>get_weather",
            content="Let me look that up.<｜tool▁calls▁begin｜>get_weather",
        ),
        Case(
            "blanks of the markup before text",
            '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>f<｜tool▁sep｜>{"x": 1}<｜tool▁call▁end｜>\n\n<｜tool▁calls▁end｜> Done.',
            calls=(("f", {"x": 1}),),
            content=" Done.",
        ),
        Case(
            "blanks round the name",
            '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜> f \n<｜tool▁sep｜> {"x": 1} <｜tool▁call▁end｜><｜tool▁calls▁end｜>',
            calls=(("f", {"x": 1}),),
        ),
        Case(
            "v3 without a fence",
            '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>f\n{"x": 1}<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
            calls=(("f", {"x": 1}),),
        ),
        Case(
            "v31 with a fence",
            '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>f<｜tool▁sep｜>```\n{"x": 1}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
            calls=(("f", {"x": 1}),),
        ),
        Case(
            "the first token twice",
            '<｜tool▁calls▁begin｜><｜tool▁calls▁begin｜><｜tool▁call▁begin｜>f<｜tool▁sep｜>{"x": 1}<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
            calls=(("f", {"x": 1}),),
        ),
    ),
)
