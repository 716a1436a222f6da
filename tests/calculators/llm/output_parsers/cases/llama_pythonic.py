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
        Case(
            "adjacent strings",
            "[f(note='a' \"b\"), g(x='c')]",
            calls=(("f", {"note": "ab"}), ("g", {"x": "c"})),
        ),
        Case(
            "triple quotes and prefixes",
            '[f(a="""it\'s "so", b=\'x\'""", b=r\'C:\\new\', c=u\'\\u00e9\', d=R"a\\"b")]',
            calls=(("f", {"a": "it's \"so\", b='x'", "b": "C:\\new", "c": "é", "d": 'a\\"b'}),),
        ),
        Case(
            "escapes as Python has them",
            "[f(a='1\\t2\\n\\x41\\101\\N{BULLET}\\d', b='it\\'s')]",
            calls=(("f", {"a": "1\t2\nAA•\\d", "b": "it's"}),),
        ),
        Case(
            "no valid Python is literal",
            "[f(path='C:\\Users\\new', q='sed -n '1,2p' x', s='a\\xZ')]",
            calls=(("f", {"path": "C:\\Users\\new", "q": "sed -n '1,2p' x", "s": "a\\xZ"}),),
        ),
        Case(
            "a backslash before the last quote",
            "[f(path='C:\\Users\\', y='b')]",
            calls=(("f", {"path": "C:\\Users\\", "y": "b"}),),
        ),
        Case(
            "line breaks in a string",
            "[f(code='def g(a, b=1):\n    return a')]",
            calls=(("f", {"code": "def g(a, b=1):\n    return a"}),),
        ),
        Case(
            "a string that would swallow the next argument",
            "[f(x='a' junk, y='b')]",
            content="[f(x='a' junk, y='b')]",
        ),
        Case(
            "a string that would swallow the next call",
            "[f(x='a' junk), g(y='b')]",
            content="[f(x='a' junk), g(y='b')]",
        ),
        Case(
            "a quoted call in a string",
            "[f(code='print('a', end='')')]",
            content="[f(code='print('a', end='')')]",
        ),
        Case(
            "an expression",
            "[f(x='a' + 'b')]",
            content="[f(x='a' + 'b')]",
        ),
        Case(
            "one argument twice",
            "[f(x=1, x=2)]",
            content="[f(x=1, x=2)]",
        ),
        Case(
            "a call in a value that cannot be read",
            "[f(x=b'), g(y=1)'), h(z=2)]",
            calls=(("h", {"z": 2}),),
        ),
        Case(
            "numbers of every base",
            "[f(a=0o17, b=0b11, c=1_000, d=- 1)]",
            calls=(("f", {"a": 15, "b": 3, "c": 1000, "d": -1}),),
        ),
        Case("an argument without a name", "[f(x='a', 'b')]", content="[f(x='a', 'b')]"),
    ),
)
