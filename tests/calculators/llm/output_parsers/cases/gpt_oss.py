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
        Case(
            "unknown channel",
            "<|channel|>finalextra<|message|>Hello, world!",
            content="Hello, world!",
            end="<|return|>",
        ),
        Case(
            "recipient without functions prefix",
            '<|channel|>commentary to=hello<|message|>{"Hello": "world!"}',
            calls=(("hello", {"Hello": "world!"}),),
            end="<|call|>",
        ),
        Case(
            "closing token missing", '<|channel|>commentary to=functions.hello<|message|>{"Hello": "world!"}'
        ),
        Case(
            "recipient: channel twice",
            '<|channel|>commentary<|channel|>commentary to=functions.f <|constrain|>json<|message|>{"x": 1}',
            calls=(("f", {"x": 1}),),
            end="<|call|>",
        ),
        Case(
            "recipient: channel repeated in its words",
            '<|channel|>commentary commentary to=functions.f<|message|>{"x": 1}',
            calls=(("f", {"x": 1}),),
            end="<|call|>",
        ),
        Case(
            "recipient: role repeated",
            '<|start|>assistant<|start|>assistant<|channel|>commentary to=functions.f<|message|>{"x": 1}',
            calls=(("f", {"x": 1}),),
            end="<|call|>",
        ),
        Case(
            "recipient: on final",
            '<|channel|>final to=functions.f <|constrain|>json<|message|>{"x": 1}',
            calls=(("f", {"x": 1}),),
            end="<|call|>",
        ),
        Case(
            "recipient: after the content type",
            '<|channel|>commentary <|constrain|>json to=functions.f<|message|>{"x": 1}',
            calls=(("f", {"x": 1}),),
            end="<|call|>",
        ),
        Case(
            "recipient: with two blanks",
            '<|channel|>commentary  to=functions.f  <|constrain|>json<|message|>{"x": 1}',
            calls=(("f", {"x": 1}),),
            end="<|call|>",
        ),
        Case(
            "recipient: with blanks round the sign",
            '<|channel|>commentary to = functions.f<|message|>{"x": 1}',
            calls=(("f", {"x": 1}),),
            end="<|call|>",
        ),
        Case(
            "recipient: in thoughts and another channel",
            '<|channel|>analysis<|channel|>commentary to=f<|message|>{"x": 1}',
            calls=(("f", {"x": 1}),),
            end="<|call|>",
        ),
        Case(
            "recipient: on an unknown channel",
            '<|channel|>tools to=functions.f<|message|>{"x": 1}',
            calls=(("f", {"x": 1}),),
            end="<|call|>",
        ),
        Case(
            "recipient: marker of the first channel missing",
            'commentary to=functions.f<|message|>{"x": 1}',
            calls=(("f", {"x": 1}),),
            end="<|call|>",
        ),
        Case(
            "recipient: of a builtin",
            '<|channel|>commentary to=browser.search code<|message|>{"x": 1}',
            calls=(("browser.search", {"x": 1}),),
            end="<|call|>",
        ),
        Case(
            "text: final with a content type",
            '<|channel|>final <|constrain|>json<|message|>{"x": 1}',
            content='{"x": 1}',
            end="<|return|>",
        ),
        Case(
            "text: final json",
            '<|channel|>final json<|message|>{"x": 1}',
            content='{"x": 1}',
            end="<|return|>",
        ),
        Case(
            "text: final twice",
            '<|channel|>final<|channel|>final<|message|>{"x": 1}',
            content='{"x": 1}',
            end="<|return|>",
        ),
        Case(
            "text: another letter case",
            '<|channel|>Final<|message|>{"x": 1}',
            content='{"x": 1}',
            end="<|return|>",
        ),
        Case(
            "text: no channel",
            '<|start|>assistant<|message|>{"x": 1}',
            content='{"x": 1}',
            end="<|return|>",
        ),
        Case(
            "text: an empty channel",
            '<|channel|><|message|>{"x": 1}',
            content='{"x": 1}',
            end="<|return|>",
        ),
        Case(
            "text: a recipient that is no tool",
            '<|channel|>commentary to=user<|message|>{"x": 1}',
            content='{"x": 1}',
            end="<|return|>",
        ),
        Case(
            "preamble and final text",
            "<|channel|>commentary<|message|>I look.<|end|><|start|>assistant<|channel|>commentary to=functions.f<|message|>{}<|call|><|start|>assistant<|channel|>final<|message|>Found.",
            content="I look.\n\nFound.",
            calls=(("f", {}),),
            end="<|return|>",
        ),
        Case(
            "markers in the arguments",
            '<|channel|>commentary to=functions.f<|message|>{"x": "a <|end|><|start|> b"}<|call|><|start|>assistant<|channel|>final<|message|>Done.',
            calls=(("f", {"x": "a <|end|><|start|> b"}),),
            content="Done.",
            end="<|return|>",
        ),
        Case(
            "arguments whose quotes do not close",
            '<|channel|>commentary to=functions.f<|message|>{"x": "a<|call|><|start|>assistant<|channel|>final<|message|>Done.',
            calls=(("f", '{"x": "a'),),
            content="Done.",
            end="<|return|>",
        ),
        Case(
            "no message marker",
            "<|channel|>final Hello there<|return|><|start|>assistant<|channel|>final<|message|>a<|message|>b<|constrain|>c",
            content="Hello there\n\nabc",
        ),
        Case("cut in a header", "<|channel|>commentary to=functions.f"),
        Case("cut in a channel", "<|channel|>comm"),
        Case("plain text like a header", "final answer", content="final answer", end="<|return|>"),
        Case("plain text like a recipient", "to=5 apples", content="to=5 apples", end="<|return|>"),
        Case(
            "marker of a later message missing",
            "<|channel|>analysis<|message|>hm<|end|>assistant to=functions.f<|channel|>commentary<|message|>{}<|call|>assistant<|channel|>final<|message|>ok",
            thoughts="hm",
            calls=(("f", {}),),
            content="ok",
            end="<|return|>",
        ),
    ),
)
