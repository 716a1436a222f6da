"""Devstral: outputs and what they mean.

The form is described by Mistral's tokenizer (mistral-common, instruct v13) and Devstral's chat template.
"""

from __future__ import annotations

from tests.calculators.llm.output_parsers.cases.case import Case, Cases

CASES = Cases(
    "devstral",
    None,
    specials=("[TOOL_CALLS]", "[ARGS]", "</s>"),
    cases=(
        Case(
            "plain text",
            "This is a regular model response without tool calls.",
            content="This is a regular model response without tool calls.",
        ),
        Case(
            "one call unescaped quotes",
            '[TOOL_CALLS]example_tool[ARGS]{"arg1":"value1 with new line \\n and "quote" and slash \\ ","arg2":42}',
            calls=(
                ("example_tool", '{"arg1":"value1 with new line \\n and "quote" and slash \\ ","arg2":42}'),
            ),
            end="</s>",
        ),
        Case(
            "no arguments object",
            "Reasoning before tool call [TOOL_CALLS]example_tool[ARGS]",
            content="Reasoning before tool call ",
            calls=(("example_tool", {}),),
            end="</s>",
        ),
        Case(
            "text before call",
            'Reasoning before tool call [TOOL_CALLS]example_tool[ARGS]{"arg1":"value1","arg2":42}',
            content="Reasoning before tool call ",
            calls=(("example_tool", {"arg1": "value1", "arg2": 42}),),
            end="</s>",
        ),
        Case(
            "markers swapped",
            'Reasoning before tool call [ARGS]example_tool[TOOL_CALLS]{"arg1":"value1","arg2":42}',
            content='Reasoning before tool call example_tool{"arg1":"value1","arg2":42}',
            end="</s>",
        ),
        Case(
            "array argument",
            '[TOOL_CALLS]example_tool[ARGS]{"filepath":"logs/db.log","status":["completed","failed"],"encoding":"utf-8","processFunction":"processFunction"}',
            calls=(
                (
                    "example_tool",
                    {
                        "filepath": "logs/db.log",
                        "status": ["completed", "failed"],
                        "encoding": "utf-8",
                        "processFunction": "processFunction",
                    },
                ),
            ),
            end="</s>",
        ),
        Case(
            "truncated arguments",
            '[TOOL_CALLS]example_tool[ARGS]{ "filepath": "logs/db.log", "status": ',
            calls=(("example_tool", '{ "filepath": "logs/db.log", "status": '),),
            end="</s>",
        ),
        Case(
            "request offers no tools",
            '[TOOL_CALLS]get_weather[ARGS]{"city":"Paris"}',
            content='[TOOL_CALLS]get_weather[ARGS]{"city":"Paris"}',
            tools=(),
            keep_specials=True,
        ),
        Case(
            "blanks and an id",
            '[TOOL_CALLS] f [CALL_ID]9aBcDeF12[ARGS]\n{"a": 1}\n[TOOL_CALLS]g[CALL_ID]x[ARGS]{}',
            calls=(("f", '{"a": 1}'), ("g", "{}")),
        ),
        Case(
            "text after the arguments",
            '[TOOL_CALLS]f[ARGS]{"a": 1}\n\nDone.',
            calls=(("f", '{"a": 1}'),),
            content="\n\nDone.",
        ),
        Case(
            "markers in the arguments",
            '[TOOL_CALLS]f[ARGS]{"a": "[TOOL_CALLS]g[ARGS]"}[TOOL_CALLS]g[ARGS]{"b": "x[TOOL_CALLS]h[ARGS]{}',
            calls=(("f", '{"a": "[TOOL_CALLS]g[ARGS]"}'), ("g", '{"b": "x'), ("h", "{}")),
        ),
        Case(
            "the older list",
            '[TOOL_CALLS][{"name": "f", "arguments": {"a": 1}}]',
            calls=(("f", {"a": 1}),),
        ),
    ),
)
