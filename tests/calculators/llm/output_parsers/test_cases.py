"""Every format's outputs, whole and in pieces."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ovpipe.calculators.llm.output_parsers import OutputParser, make_parser
from ovpipe.calculators.llm.packets import Part, Tool
from tests.calculators.llm.output_parsers.cases import (
    deepseek_v3,
    devstral,
    gemma,
    gpt_oss,
    gpt_oss_thoughts,
    granite,
    granite_thoughts,
    hermes,
    lfm2,
    llama3_json,
    llama_pythonic,
    mistral,
    phi4,
    qwen3_coder,
    think,
)
from tests.calculators.llm.output_parsers.cases.case import Case, Cases
from tests.calculators.llm.output_parsers.reading import calls, content, read, thoughts

ALL = [
    module.CASES
    for module in (
        deepseek_v3, devstral, gemma, gpt_oss, gpt_oss_thoughts, granite, granite_thoughts, hermes, lfm2,
        llama3_json, llama_pythonic, mistral, phi4, qwen3_coder, think,
    )
]  # fmt: skip
EACH = [
    pytest.param(
        cases,
        case,
        special,
        id=f"{cases.tool_format or cases.reasoning_format}: {case.name}{', special tokens' * special}",
    )
    for cases in ALL
    for case in cases.cases
    for special in (True, False)
    if (special and cases.specials) or (not special and case.plain)
]


def made(cases: Cases, case: Case) -> OutputParser:
    return make_parser(
        case.tool_format or cases.tool_format,
        cases.reasoning_format,
        tools=[Tool(name=name, parameters=schema) for name, schema in case.tools],
        prompt_opens_thinking=case.prompt_opens_thinking,
        keep_specials=case.keep_specials,
    )


def parts(cases: Cases, case: Case, special: bool, cuts: list[int]) -> list[Part]:
    specials = cases.specials if special else ()
    return read(made(cases, case), case.raw, specials=specials, end=case.end, cuts=cuts)


@pytest.mark.parametrize(("cases", "case", "special"), EACH)
def test_an_output_means_what_it_should(cases: Cases, case: Case, special: bool) -> None:
    found = parts(cases, case, special, [])
    assert content(found) == case.content
    assert thoughts(found) == case.thoughts
    assert [call.name for call in calls(found)] == [name for name, _ in case.calls]
    for call, (_, wanted) in zip(calls(found), case.calls, strict=True):
        assert (call.arguments if isinstance(wanted, str) else json.loads(call.arguments)) == wanted


@pytest.mark.parametrize(("cases", "case", "special"), EACH)
def test_an_output_means_the_same_in_two_pieces(cases: Cases, case: Case, special: bool) -> None:
    whole = parts(cases, case, special, [])
    for cut in range(0, len(case.raw) + 1, 4):
        assert parts(cases, case, special, [cut]) == whole


@pytest.mark.slow
@pytest.mark.parametrize("cases", ALL, ids=lambda cases: str(cases.tool_format or cases.reasoning_format))
def test_it_does_so_wherever_it_is_cut(cases: Cases) -> None:
    for case in cases.cases:
        for special in (True, False):
            whole = parts(cases, case, special, [])
            for cut in range(len(case.raw) + 1):
                assert parts(cases, case, special, [cut]) == whole, (case.name, special, cut)


@pytest.mark.parametrize(("cases", "case", "special"), EACH)
def test_an_output_means_the_same_character_by_character(cases: Cases, case: Case, special: bool) -> None:
    whole = parts(cases, case, special, [])
    assert parts(cases, case, special, list(range(1, len(case.raw)))) == whole


@pytest.mark.parametrize("cases", ALL, ids=lambda cases: str(cases.tool_format or cases.reasoning_format))
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_an_output_means_the_same_in_any_pieces(cases: Cases, data: st.DataObject) -> None:
    case = data.draw(st.sampled_from(cases.cases))
    special = data.draw(st.booleans())
    cuts = sorted(data.draw(st.lists(st.integers(0, len(case.raw)), max_size=12)))
    assert parts(cases, case, special, cuts) == parts(cases, case, special, [])
