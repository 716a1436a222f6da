"""gpt-oss: outputs and what they mean.

The form is described by OpenAI's harmony response format (openai/harmony/docs/format.md).
"""

from __future__ import annotations

from tests.calculators.llm.output_parsers.cases.case import Case, Cases

CASES = Cases(
    "gpt_oss",
    "gpt_oss",
    specials=(
        "<|start|>",
        "<|channel|>",
        "<|constrain|>",
        "<|message|>",
        "<|end|>",
        "<|call|>",
        "<|return|>",
    ),
    cases=(
        Case(
            "final only",
            "<|channel|>final<|message|>Hello, world!",
            content="Hello, world!",
            end="<|return|>",
        ),
        Case(
            "preamble only",
            "<|channel|>commentary<|message|>Hello, world!",
            content="Hello, world!",
            end="<|end|>",
        ),
        Case(
            "one call constrained after reasoning",
            '<|channel|>analysis<|message|>User asks: "What is the weather in Tokyo?" We need to use get_current_weather tool.<|end|><|start|>assistant<|channel|>commentary to=functions.get_current_weather <|constrain|>json<|message|>{\n"location": "Tokyo"\n}',
            thoughts='User asks: "What is the weather in Tokyo?" We need to use get_current_weather tool.',
            calls=(("get_current_weather", {"location": "Tokyo"}),),
            end="<|call|>",
        ),
        Case(
            "call in analysis channel",
            '<|channel|>analysis to=functions.hello<|message|>{"Hello": "world!"}',
            calls=(("hello", {"Hello": "world!"}),),
            end="<|call|>",
        ),
        Case(
            "several calls odd arguments",
            '<|channel|>commentary to=functions.get_current_weather <|constrain|>json<|message|>{"location": "Tokyo"}<|call|><|start|>assistant<|channel|>commentary to=functions.no_content_type<|message|>{"location": "Tokyo"}<|call|><|start|>assistant<|channel|>commentary to=functions.not_json_no_content_type<|message|>foo<|call|><|start|>assistant<|channel|>commentary to=functions.empty_args <|constrain|>json<|message|>{}<|call|><|start|>assistant<|channel|>commentary to=functions.no_args <|constrain|>json<|message|>',
            calls=(
                ("get_current_weather", {"location": "Tokyo"}),
                ("no_content_type", {"location": "Tokyo"}),
                ("not_json_no_content_type", "foo"),
                ("empty_args", {}),
                ("no_args", ""),
            ),
            end="<|call|>",
        ),
        Case(
            "call then final",
            '<|channel|>commentary to=functions.get_current_weather <|constrain|>json<|message|>{"location": "Tokyo"}<|call|><|start|>assistant<|channel|>final<|message|>This tool call will get the weather.',
            content="This tool call will get the weather.",
            calls=(("get_current_weather", {"location": "Tokyo"}),),
            end="<|return|>",
        ),
        Case("unknown channel", "<|channel|>finalextra<|message|>Hello, world!", end="<|return|>"),
        Case(
            "recipient without functions prefix",
            '<|channel|>commentary to=hello<|message|>{"Hello": "world!"}',
            end="<|call|>",
        ),
        Case(
            "closing token missing", '<|channel|>commentary to=functions.hello<|message|>{"Hello": "world!"}'
        ),
    ),
)
