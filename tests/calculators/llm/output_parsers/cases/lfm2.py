"""LFM2: outputs and what they mean.

The form is described by Liquid AI's page on tool use and the chat templates of LFM2 and LFM2.5.
"""

from __future__ import annotations

from tests.calculators.llm.output_parsers.cases.case import Case, Cases

CASES = Cases(
    "lfm2",
    "think",
    specials=("<|tool_call_start|>", "<|tool_call_end|>"),
    cases=(
        Case(
            "plain text",
            "This is a regular model response without tool calls.",
            content="This is a regular model response without tool calls.",
        ),
        Case(
            "two calls in one list",
            "<|tool_call_start|>[dummy1(config={'name': 'astro_config', 'value': 99}), dummy2(config={'name': 'second_config', 'value': 199})]<|tool_call_end|>",
            calls=(
                ("dummy1", {"config": {"name": "astro_config", "value": 99}}),
                ("dummy2", {"config": {"name": "second_config", "value": 199}}),
            ),
        ),
        Case(
            "all literal kinds",
            "<|tool_call_start|>[register_user(name='John Doe', age=37, address={'city': 'San Francisco', 'state': 'CA'}, role=None, passed_test=True, aliases=['John', 'Johnny'])]<|tool_call_end|>",
            calls=(
                (
                    "register_user",
                    {
                        "name": "John Doe",
                        "age": 37,
                        "address": {"city": "San Francisco", "state": "CA"},
                        "role": None,
                        "passed_test": True,
                        "aliases": ["John", "Johnny"],
                    },
                ),
            ),
        ),
        Case(
            "empty arguments",
            "<|tool_call_start|>[no_args_tool()]<|tool_call_end|>",
            calls=(("no_args_tool", {}),),
        ),
        Case(
            "text after call",
            "<|tool_call_start|>[get_candidate_status(candidate_id='12345')]<|tool_call_end|>\nChecking the current status of candidate ID 12345.",
            content="Checking the current status of candidate ID 12345.",
            calls=(("get_candidate_status", {"candidate_id": "12345"}),),
        ),
        Case(
            "backslashes taken literally",
            '<|tool_call_start|>[read_file(path="C:\\Users\\test\\file.txt", encoding="utf-8")]<|tool_call_end|>',
            calls=(("read_file", {"path": "C:\\Users\\test\\file.txt", "encoding": "utf-8"}),),
        ),
        Case(
            "unescaped quotes inside strings",
            "<|tool_call_start|>[save(lines=['it's the wonderful day', 'My name's Jan', 'That's Johns' car.'])]<|tool_call_end|>",
            calls=(("save", {"lines": ["it's the wonderful day", "My name's Jan", "That's Johns' car."]}),),
        ),
        Case(
            "dotted name then echoed body",
            "<|tool_call_start|>[grocery.orderIngredients(ingredientList=[{'name': 'apple', 'quantity': '2'}], deliveryAddress='123 Main St')]<|tool_call_end|>[grocery.orderIngredients(ingredientList=[{'name': 'apple', 'quantity': '2'}], deliveryAddress='123 Main St')]<|tool_call_end|>",
            calls=(
                (
                    "grocery.orderIngredients",
                    {
                        "ingredientList": [{"name": "apple", "quantity": "2"}],
                        "deliveryAddress": "123 Main St",
                    },
                ),
            ),
        ),
        Case(
            "one call of two unusable",
            "<|tool_call_start|>[get_candidate_status(candidate_id='12345'), bad(x=b'z')]<|tool_call_end|>",
            calls=(("get_candidate_status", {"candidate_id": "12345"}),),
        ),
        Case(
            "adjacent strings",
            "<|tool_call_start|>[f(note='a' \"b\"), g(x='c')]<|tool_call_end|>",
            calls=(("f", {"note": "ab"}), ("g", {"x": "c"})),
        ),
        Case(
            "triple quotes and prefixes",
            '<|tool_call_start|>[f(a="""it\'s "so", b=\'x\'""", b=r\'C:\\new\', c=u\'\\u00e9\', d=R"a\\"b")]<|tool_call_end|>',
            calls=(("f", {"a": "it's \"so\", b='x'", "b": "C:\\new", "c": "é", "d": 'a\\"b'}),),
        ),
        Case(
            "escapes as Python has them",
            "<|tool_call_start|>[f(a='1\\t2\\n\\x41\\101\\N{BULLET}\\d', b='it\\'s')]<|tool_call_end|>",
            calls=(("f", {"a": "1\t2\nAA•\\d", "b": "it's"}),),
        ),
        Case(
            "no valid Python is literal",
            "<|tool_call_start|>[f(path='C:\\Users\\new', q='sed -n '1,2p' x', s='a\\xZ')]<|tool_call_end|>",
            calls=(("f", {"path": "C:\\Users\\new", "q": "sed -n '1,2p' x", "s": "a\\xZ"}),),
        ),
        Case(
            "a backslash before the last quote",
            "<|tool_call_start|>[f(path='C:\\Users\\', y='b')]<|tool_call_end|>",
            calls=(("f", {"path": "C:\\Users\\", "y": "b"}),),
        ),
        Case(
            "line breaks in a string",
            "<|tool_call_start|>[f(code='def g(a, b=1):\n    return a')]<|tool_call_end|>",
            calls=(("f", {"code": "def g(a, b=1):\n    return a"}),),
        ),
        Case(
            "a string that would swallow the next argument",
            "<|tool_call_start|>[f(x='a' junk, y='b')]<|tool_call_end|>",
            content="<|tool_call_start|>[f(x='a' junk, y='b')]<|tool_call_end|>",
        ),
        Case(
            "a string that would swallow the next call",
            "<|tool_call_start|>[f(x='a' junk), g(y='b')]<|tool_call_end|>",
            content="<|tool_call_start|>[f(x='a' junk), g(y='b')]<|tool_call_end|>",
        ),
        Case(
            "a quoted call in a string",
            "<|tool_call_start|>[f(code='print('a', end='')')]<|tool_call_end|>",
            content="<|tool_call_start|>[f(code='print('a', end='')')]<|tool_call_end|>",
        ),
        Case(
            "an expression",
            "<|tool_call_start|>[f(x='a' + 'b')]<|tool_call_end|>",
            content="<|tool_call_start|>[f(x='a' + 'b')]<|tool_call_end|>",
        ),
        Case(
            "one argument twice",
            "<|tool_call_start|>[f(x=1, x=2)]<|tool_call_end|>",
            content="<|tool_call_start|>[f(x=1, x=2)]<|tool_call_end|>",
        ),
        Case(
            "a call in a value that cannot be read",
            "<|tool_call_start|>[f(x=b'), g(y=1)'), h(z=2)]<|tool_call_end|>",
            calls=(("h", {"z": 2}),),
        ),
        Case(
            "numbers of every base",
            "<|tool_call_start|>[f(a=0o17, b=0b11, c=1_000, d=- 1)]<|tool_call_end|>",
            calls=(("f", {"a": 15, "b": 3, "c": 1000, "d": -1}),),
        ),
        Case(
            "an end marker in a string",
            "<|tool_call_start|>[f(x='a <|tool_call_end|> b')]<|tool_call_end|>",
            calls=(("f", {"x": "a <|tool_call_end|> b"}),),
        ),
        Case(
            "a start marker in a string",
            "<|tool_call_start|>[f(x='a <|tool_call_start|> b')]<|tool_call_end|>",
            calls=(("f", {"x": "a <|tool_call_start|> b"}),),
        ),
        Case(
            "the first blank of what follows",
            "<|tool_call_start|>[f()]<|tool_call_end|> And now?",
            calls=(("f", {}),),
            content=" And now?",
        ),
        Case(
            "an end marker missing before the next block",
            "<|tool_call_start|>[f()]<|tool_call_start|>[g()]<|tool_call_end|>",
            calls=(("f", {}), ("g", {})),
        ),
        Case(
            "an argument without a name",
            "<|tool_call_start|>[f(x='a', 'b')]<|tool_call_end|>",
            content="<|tool_call_start|>[f(x='a', 'b')]<|tool_call_end|>",
        ),
    ),
)
