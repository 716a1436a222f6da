"""Gemma 4: outputs and what they mean.

The form is described by the chat template of Gemma 4 and Google's page on its function calling.
"""

from __future__ import annotations

from tests.calculators.llm.output_parsers.cases.case import Case, Cases

ZIP = (
    (
        "f",
        {
            "properties": {
                "zip": {"$ref": "#/$defs/Zip"},
                "pair": {
                    "type": "array",
                    "prefixItems": [{"$ref": "#/$defs/Zip"}],
                    "items": {"type": "integer"},
                },
                "more": {"anyOf": [{"type": "array", "items": {"$ref": "#/$defs/Zip"}}, {"type": "null"}]},
            },
            "$defs": {"Zip": {"allOf": [{"type": "string"}]}},
        },
    ),
)

CASES = Cases(
    "gemma",
    "gemma",
    specials=("<|tool_call>", "<tool_call|>", '<|"|>', "<|channel>", "<channel|>"),
    cases=(
        Case(
            "plain text",
            "This is a regular model response without tool calls.",
            content="This is a regular model response without tool calls.",
        ),
        Case(
            "one call",
            '<|tool_call>call:example_tool{arg1:<|"|>value1<|"|>,arg2:42}<tool_call|>',
            calls=(("example_tool", {"arg1": "value1", "arg2": 42}),),
        ),
        Case(
            "nested object and list",
            '<|tool_call>call:complex_function{nested:{inner:<|"|>value<|"|>},list:[<|"|>a<|"|>,<|"|>b<|"|>]}<tool_call|>',
            calls=(("complex_function", {"nested": {"inner": "value"}, "list": ["a", "b"]}),),
        ),
        Case(
            "three calls in one block",
            '<|tool_call>call:example_tool{arg1:<|"|>value1<|"|>,arg2:42}call:another_tool{param1:<|"|>data<|"|>,param2:true}call:third_tool{key:<|"|>value<|"|>}<tool_call|>',
            calls=(
                ("example_tool", {"arg1": "value1", "arg2": 42}),
                ("another_tool", {"param1": "data", "param2": True}),
                ("third_tool", {"key": "value"}),
            ),
        ),
        Case(
            "three blocks with text between",
            'Before tool calls content. <|tool_call>call:example_tool{arg1:<|"|>value1<|"|>,arg2:42}<tool_call|>This is some content between tool calls.<|tool_call>call:another_tool{param1:<|"|>data<|"|>,param2:true}<tool_call|> This is some content between second and third tool call. <|tool_call>call:third_tool{key:<|"|>value<|"|>}<tool_call|>After tool calls content.',
            content="Before tool calls content. This is some content between tool calls. This is some content between second and third tool call. After tool calls content.",
            calls=(
                ("example_tool", {"arg1": "value1", "arg2": 42}),
                ("another_tool", {"param1": "data", "param2": True}),
                ("third_tool", {"key": "value"}),
            ),
        ),
        Case(
            "quotes braces backslashes in strings",
            '<|tool_call>call:save{lines:[<|"|>it\'s the wonderful day<|"|>,<|"|>He said: "My name\'s John"<|"|>],template:<|"|>Hello {name}, items: [a, b, c]<|"|>,path:<|"|>C:\\Users\\test\\file.txt<|"|>}<tool_call|>',
            calls=(
                (
                    "save",
                    {
                        "lines": ["it's the wonderful day", 'He said: "My name\'s John"'],
                        "template": "Hello {name}, items: [a, b, c]",
                        "path": "C:\\Users\\test\\file.txt",
                    },
                ),
            ),
        ),
        Case("empty arguments", "<|tool_call>call:no_args_tool{}<tool_call|>", calls=(("no_args_tool", {}),)),
        Case(
            "reasoning then call",
            '<|channel>thought\nSome reasoning content<channel|><|tool_call>call:example_tool{arg1:<|"|>value1<|"|>,arg2:42}<tool_call|>',
            thoughts="Some reasoning content",
            calls=(("example_tool", {"arg1": "value1", "arg2": 42}),),
        ),
        Case(
            "closing brace missing",
            '<|tool_call>call:broken_tool{arg1:<|"|>value1<|"|><tool_call|>',
            content='<|tool_call>call:broken_tool{arg1:<|"|>value1<|"|><tool_call|>',
        ),
        Case(
            "plain quotes at the top with commas inside",
            '<|tool_call>call:f{note:"a, b",n:1}<tool_call|>',
            calls=(("f", {"note": "a, b", "n": 1}),),
            tools=ZIP,
        ),
        Case(
            "plain quotes in a list",
            "<|tool_call>call:f{tags:[\"x, y\", 'it\\'s', z],n:[1,2]}<tool_call|>",
            calls=(("f", {"tags": ["x, y", "it's", "z"], "n": [1, 2]}),),
            tools=ZIP,
        ),
        Case(
            "plain quotes round keys",
            '<|tool_call>call:f{"key one":"a","b":{\'c\':"d, e"}}<tool_call|>',
            calls=(("f", {"key one": "a", "b": {"c": "d, e"}}),),
            tools=ZIP,
        ),
        Case(
            "plain quotes inside plain quotes",
            '<|tool_call>call:f{a:"say "hi" now",b:\'tis}<tool_call|>',
            calls=(("f", {"a": 'say "hi" now', "b": "'tis"}),),
            tools=ZIP,
        ),
        Case(
            "a plain string that would swallow the next one",
            '<|tool_call>call:f{a:"x" y, b:"z"}<tool_call|>',
            content='<|tool_call>call:f{a:"x" y, b:"z"}<tool_call|>',
            tools=ZIP,
        ),
        Case(
            "a backslash in plain quotes",
            '<|tool_call>call:f{path:"C:\\Users, D:"}<tool_call|>',
            calls=(("f", {"path": "C:\\Users, D:"}),),
            tools=ZIP,
        ),
        Case(
            "a bare value of a string's type",
            "<|tool_call>call:f{zip:90210,more:[007,1]}<tool_call|>",
            calls=(("f", {"zip": "90210", "more": ["007", "1"]}),),
            tools=ZIP,
        ),
        Case(
            "an end marker in a string",
            '<|tool_call>call:f{x:<|"|>a <tool_call|> b<|"|>}<tool_call|>',
            calls=(("f", {"x": "a <tool_call|> b"}),),
            tools=ZIP,
        ),
        Case(
            "a call in thoughts that never close",
            "<|channel>thought\nSo <|tool_call>call:f{x:1}<tool_call|>",
            thoughts="So ",
            calls=(("f", {"x": 1}),),
        ),
        Case(
            "an empty pair of plain quotes inside",
            '<|tool_call>call:f{x:"a""b",n:1}<tool_call|>',
            calls=(("f", {"x": 'a""b', "n": 1}),),
        ),
        Case(
            "items with a schema each",
            "<|tool_call>call:f{pair:[90210,90210]}<tool_call|>",
            calls=(("f", {"pair": ["90210", 90210]}),),
            tools=ZIP,
        ),
        Case(
            "each tag twice",
            "<|tool_call><|tool_call>call:f{x:1}<tool_call|><tool_call|>ok",
            calls=(("f", {"x": 1}),),
            content="ok",
        ),
    ),
)
