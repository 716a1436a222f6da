"""Python literals become JSON as Python itself reads them."""

from __future__ import annotations

import ast
import json
import warnings

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ovpipe.calculators.llm.output_parsers.readers.python_values import read_calls

PIECES = [
    "'", '"', "'''", '"""', "\\", "\\n", "\\'", '\\"', "r", "u", "a", " ", "\\x41", "\\x4", "\\N{BULLET}", "\\101",
    "\n", "[", "]", "{", "}", ":", ",", "(", ")", "1", "0x1F", "-", "True", "None", "1_0", ".5",
]  # fmt: skip
STRINGS = st.tuples(
    st.sampled_from(["'", '"', "'''", '"""', "r'", 'U"']), st.lists(st.sampled_from(PIECES))
).map(lambda parts: parts[0] + "".join(parts[1]) + parts[0][-1] * (3 if len(parts[0]) == 3 else 1))


@settings(max_examples=200, deadline=None)
@given(st.lists(STRINGS, min_size=1, max_size=3), st.sampled_from(["{}", "[{}]", "({},)", "{{'k': {}}}"]))
def test_what_is_valid_python_is_read_as_python_reads_it(strings: list[str], around: str) -> None:
    text = around.format(" ".join(strings))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of escapes that Python does not know
        try:
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            assume(False)
    calls = read_calls(f"[f(x={text}, y='z'), g()]")
    assert calls is not None
    assert [call.name for call in calls] == ["f", "g"]
    assert json.loads(calls[0].arguments) == {
        "x": list(value) if isinstance(value, tuple) else value,
        "y": "z",
    }
