"""What a guide makes a model write is what the parser of its format reads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ovpipe.calculators.llm.output_parsers import TOOL_FORMATS, make_guide, make_parser
from ovpipe.calculators.llm.packets import CalledTool, Tool
from tests.calculators.llm.output_parsers.reading import calls, content, read, thoughts

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city", "days"],
}
WEATHER = Tool(name="get_weather", parameters=SCHEMA, strict=True)
TIME = Tool(name="get_time")
ARGUMENTS = {"city": "Bad {Ems}, \u00d8ya", "days": 3}
GUIDED = ["hermes", "llama3_json", "mistral", "phi4", "qwen3_coder", "deepseek_v3", "gpt_oss", "granite", "devstral", "json_calls"]  # fmt: skip


def value(schema: dict[str, Any]) -> Any:
    """A value of a schema as the guides have them."""
    if "anyOf" in schema:
        return value(schema["anyOf"][0])
    if "const" in schema:
        return schema["const"]
    if schema.get("type") == "array":
        return [value(schema["items"])]
    if "parameters" in schema.get("properties", {}):
        return {name: value(inner) for name, inner in schema["properties"].items()}
    return ARGUMENTS if schema == SCHEMA else {}


def written(guide: dict[str, Any], thought: str = "hm") -> Iterator[str]:
    """Texts that a structural tag allows: each alternative once, with several tags where it allows several."""
    match guide["type"]:
        case "structural_tag":
            yield from written(guide["format"], thought)
        case "json_schema":
            yield json.dumps(value(guide["json_schema"]), ensure_ascii=False)
        case "qwen_xml_parameter":
            arguments = value(guide["json_schema"])
            yield "".join(f"<parameter={name}>{part}</parameter>" for name, part in arguments.items())
        case "const_string":
            yield guide["value"]
        case "any_text":
            yield thought
        case "regex":
            yield ""
            yield "\n\n"
        case "tag":
            for inner in written(guide["content"], thought):
                yield guide["begin"] + inner + guide["end"]
        case "or":
            for element in guide["elements"]:
                yield from written(element, thought)
        case "sequence":
            texts = [""]
            for element in guide["elements"]:
                texts = [text + more for text in texts for more in written(element, thought)]
            yield from texts
        case "tags_with_separator":
            assert guide["at_least_one"]
            each = [text for tag in guide["tags"] for text in written(tag, thought)]
            yield from each
            if not guide["stop_after_first"]:
                yield guide["separator"].join(each)
        case "triggered_tags":
            for tag in guide["tags"]:
                assert sum(tag["begin"].startswith(trigger) for trigger in guide["triggers"]) == 1
                yield from (f"Let me see. {text}" for text in written(tag, thought))
        case other:
            raise AssertionError(other)


@pytest.mark.parametrize("at_least_one", [True, False])
@pytest.mark.parametrize("several", [True, False])
@pytest.mark.parametrize("name", GUIDED)
def test_a_guided_text_is_read_as_calls(name: str, several: bool, at_least_one: bool) -> None:
    tools = [WEATHER, TIME]
    guide = make_guide(name, None, tools, at_least_one=at_least_one, several=several)
    if guide is None:
        assert name in ("llama3_json", "json_calls")
        assert not at_least_one
        return
    assert guide["type"] == "structural_tag"
    for text in written(guide):
        found = read(
            make_parser(name, "gpt_oss" if name == "gpt_oss" else None, tools=tools), text, end="</s>"
        )
        names = [call.name for call in calls(found)]
        assert set(names) <= {"get_weather", "get_time"}
        assert len(names) == 1 or (several and len(names) > 1), text
        assert content(found) == ("" if at_least_one else "Let me see. "), text
        for call in calls(found):
            assert json.loads(call.arguments) == (ARGUMENTS if call.name == "get_weather" else {}), text


@pytest.mark.parametrize("name", sorted(set(TOOL_FORMATS) - set(GUIDED)))
def test_the_other_formats_have_no_guide(name: str) -> None:
    assert make_guide(name, None, [WEATHER], at_least_one=True, several=True) is None


def test_no_format_and_no_tools_have_no_guide() -> None:
    assert make_guide(None, "think", [WEATHER], at_least_one=True, several=True) is None
    assert make_guide("hermes", "think", [], at_least_one=True, several=True) is None


@pytest.mark.parametrize("opened", [True, False])
@pytest.mark.parametrize("reasoning", ["think", "granite", "mistral"])
@pytest.mark.parametrize("name", sorted(set(GUIDED) - {"gpt_oss"}))
def test_a_model_that_must_call_may_think_first(name: str, reasoning: str, opened: bool) -> None:
    guide = make_guide(
        name, reasoning, [WEATHER], at_least_one=True, several=False, prompt_opens_thinking=opened
    )
    assert guide is not None
    texts = list(written(guide))
    found = [
        read(make_parser(name, reasoning, tools=[WEATHER], prompt_opens_thinking=opened), text, end="</s>")
        for text in texts
    ]
    assert all(len(calls(parts)) == 1 and content(parts) == "" for parts in found)
    assert {thoughts(parts) for parts in found} == ({"hm"} if opened else {"hm", ""})


def test_gpt_oss_thinks_in_its_own_channel() -> None:
    guide = make_guide("gpt_oss", "gpt_oss", [TIME], at_least_one=True, several=False)
    assert guide is not None
    texts = list(written(guide))
    assert texts == [
        "<|channel|>analysis<|message|>hm<|end|><|start|>assistant"
        "<|channel|>commentary to=functions.get_time <|constrain|>json<|message|>{}",
        "<|channel|>commentary to=functions.get_time <|constrain|>json<|message|>{}",
    ]


@pytest.mark.parametrize("name", sorted(set(GUIDED) - {"json_calls"}))
def test_calls_of_one_schema_are_guided_together(name: str) -> None:
    tools = [Tool(name=each, parameters=SCHEMA) for each in ("f", "g", "h")] + [TIME]
    guide = make_guide(name, None, tools, at_least_one=True, several=False)
    assert guide is not None
    found = [read(make_parser(name, None, tools=tools), text, end="</s>") for text in written(guide)]
    assert {call.name for parts in found for call in calls(parts)} == {"f", "g", "h", "get_time"}
    alone = make_guide(name, None, [tools[0], TIME], at_least_one=True, several=False)
    assert str(guide).count("'required'") == str(alone).count("'required'")


def test_the_schema_of_a_tool_that_is_not_strict_binds_only_where_a_call_is_required() -> None:
    loose = Tool(name="f", parameters=SCHEMA)
    assert "city" in json.dumps(make_guide("hermes", None, [loose], at_least_one=True, several=False))
    assert "city" not in json.dumps(make_guide("hermes", None, [loose], at_least_one=False, several=False))
    assert "city" in json.dumps(make_guide("hermes", None, [WEATHER], at_least_one=False, several=False))


def test_calls_of_the_fallback_are_read_by_it() -> None:
    parser = make_parser("json_calls", None, tools=[WEATHER])
    assert parser.feed('[{"name": "get_weather", "parameters": {"city": "Ems",  "days": 1}}]') == []
    assert parser.finish() == [CalledTool("get_weather", '{"city": "Ems",  "days": 1}')]
