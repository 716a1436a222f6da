"""Granite 3.2, its thoughts: outputs and what they mean.

The sentences are described by the chat template of Granite 3.2.
"""

from __future__ import annotations

from tests.calculators.llm.output_parsers.cases.case import Case, Cases

CASES = Cases(
    None,
    "granite",
    specials=(),
    cases=(
        Case(
            "both sentences",
            "Here is my thought process:This is a reasoning sectionHere is my response:This is the rest",
            content="This is the rest",
            thoughts="This is a reasoning section",
        ),
        Case(
            "nothing after response sentence",
            "Here is my thought process:This is a reasoning sectionHere is my response:",
            thoughts="This is a reasoning section",
        ),
        Case(
            "several lines",
            "Here is my thought process:This\nThatHere is my response:This is the rest\nThat",
            content="This is the rest\nThat",
            thoughts="This\nThat",
        ),
        Case(
            "spaces between thoughts and answer",
            "Here is my thought process: foo Here is my response: bar",
            content="bar",
            thoughts=" foo ",
        ),
        Case("cut off in thought", "Here is my thought process: foo", thoughts=" foo"),
        Case(
            "response sentence not completed",
            "Here is my thought process: foo Here was",
            thoughts=" foo Here was",
        ),
        Case(
            "cut in the opening words",
            "Here is my thought pro",
        ),
        Case(
            "a sentence that begins like the opening words",
            "Here is my",
            content="Here is my",
        ),
        Case(
            "cut in the closing words",
            "Here is my thought process: foo Here is my respo",
            thoughts=" foo ",
        ),
    ),
)
