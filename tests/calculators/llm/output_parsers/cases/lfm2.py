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
    ),
)
