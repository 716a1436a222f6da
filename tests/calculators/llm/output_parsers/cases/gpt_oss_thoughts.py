"""gpt-oss, its thoughts: outputs and what they mean.

The channels are described by OpenAI's harmony response format (openai/harmony/docs/format.md).
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
            "analysis only",
            "<|channel|>analysis<|message|>Hello, world!",
            thoughts="Hello, world!",
            end="<|end|>",
        ),
        Case(
            "analysis then final",
            "<|channel|>analysis<|message|>This is reasoning<|end|><|start|>assistant<|channel|>final<|message|>This is the rest",
            content="This is the rest",
            thoughts="This is reasoning",
            end="<|return|>",
        ),
        Case(
            "analysis then constrained call",
            '<|channel|>analysis<|message|>I will call function.<|end|><|channel|>commentary to=functions.world <|constrain|>json<|message|>{\n    "location": "Warsaw"}',
            thoughts="I will call function.",
            calls=(("world", {"location": "Warsaw"}),),
            end="<|call|>",
        ),
        Case(
            "call in analysis channel after thought",
            '<|channel|>analysis<|message|>I will call function.<|end|><|channel|>commentary<|message|>I have to call function.<|end|><|channel|>analysis to=functions.hello <|message|> {"location": "Paris"}',
            content="I have to call function.",
            thoughts="I will call function.",
            calls=(("hello", {"location": "Paris"}),),
            end="<|call|>",
        ),
        Case(
            "final with constrain part",
            "<|channel|>analysis<|message|>This is reasoning<|end|><|start|>assistant<|channel|>final<|constrain|> JSON <|message|>This is the rest",
            content="This is the rest",
            thoughts="This is reasoning",
        ),
        Case(
            "cut off in final header",
            "<|channel|>analysis<|message|>This is reasoning<|end|><|start|>assistant<|channel|>final",
            thoughts="This is reasoning",
        ),
        Case(
            "channel name and a blank",
            "<|channel|>analysis <|message|>Hello, world!",
            thoughts="Hello, world!",
            end="<|end|>",
        ),
        Case(
            "thoughts and final in one header",
            "<|channel|>analysis final<|message|>Hello, world!",
            content="Hello, world!",
            end="<|return|>",
        ),
        Case(
            "channel of thoughts twice",
            "<|channel|>analysis<|channel|>analysis<|message|>Hello, world!",
            thoughts="Hello, world!",
            end="<|end|>",
        ),
        Case(
            "marker of the first channel missing",
            "analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>yes",
            thoughts="hm",
            content="yes",
            end="<|return|>",
        ),
    ),
)
