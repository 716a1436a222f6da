"""Llama in Python: outputs and what they mean.

The form is described by Meta's prompt formats of Llama 3.2 and 4 (zero-shot function calling).
"""

from __future__ import annotations

from tests.calculators.llm.output_parsers.cases.case import Case, Cases

CASES = Cases(
    "llama_pythonic",
    None,
    specials=("<|python_start|>", "<|python_end|>"),
    cases=(
        Case("plain text", "How can I help you today?", content="How can I help you today?"),
        Case(
            "one call",
            "[get_weather(city='San Francisco', metric='celsius')]",
            calls=(("get_weather", {"city": "San Francisco", "metric": "celsius"}),),
        ),
        Case(
            "three calls some empty",
            "[get_weather(city='San Francisco', metric='celsius'), get_weather(), do_something_cool(steps=[])]",
            calls=(
                ("get_weather", {"city": "San Francisco", "metric": "celsius"}),
                ("get_weather", {}),
                ("do_something_cool", {"steps": []}),
            ),
        ),
        Case(
            "empty dict argument",
            "[do_something_cool(additional_data={})]",
            calls=(("do_something_cool", {"additional_data": {}}),),
        ),
        Case(
            "escaped quotes",
            "[get_weather(city='Martha\\'s Vineyard', metric='\\\"cool units\\\"')]",
            calls=(("get_weather", {"city": "Martha's Vineyard", "metric": '"cool units"'}),),
        ),
        Case(
            "start token only two calls",
            "<|python_start|>[get_weather(city='LA', metric='C'), register_user(name='Doe', age=9)]",
            calls=(
                ("get_weather", {"city": "LA", "metric": "C"}),
                ("register_user", {"name": "Doe", "age": 9}),
            ),
        ),
        Case("mismatched brackets", "[foo(x=1])]", content="[foo(x=1])]"),
        Case(
            "one call of two unusable",
            "[bad(x=b'z'), get_weather(city='San Francisco', metric='celsius')]",
            calls=(("get_weather", {"city": "San Francisco", "metric": "celsius"}),),
        ),
        Case(
            "quotes broken in every call",
            "[f(a='x 'y' 'z), g(b='p 'q' 'r)]",
            content="[f(a='x 'y' 'z), g(b='p 'q' 'r)]",
        ),
    ),
)
