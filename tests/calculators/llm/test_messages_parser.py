"""MessagesParserCalculator: what it makes of a request of Anthropic's API."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
import pytest

from ovpipe.calculators.llm.anthropic_messages.errors import ANTHROPIC_ERRORS
from ovpipe.calculators.llm.messages_parser import MessagesParserCalculator, parse_messages
from ovpipe.calculators.llm.packets import ChatRequest, Message, TextPart, Tool, ToolCall, ToolChoice
from ovpipe.engines.protocol import Grammar
from ovpipe.errors import RequestError
from ovpipe.http import Client, HttpRequest
from ovpipe.testing import CalculatorRunner
from ovpipe.testing.fakes import FAKE_ENGINE_INFO
from tests.calculators.llm.asked import with_capabilities

HI = [{"role": "user", "content": "hi"}]
LOOK = {"name": "look", "input_schema": {"type": "object", "properties": {"at": {"type": "string"}}}}


def asked(path: str = "/messages", **body: Any) -> HttpRequest:
    basis: dict[str, Any] = {"model": "m", "messages": HI}
    if path == "/messages":
        basis["max_tokens"] = 9
    return HttpRequest("POST", path, json=basis | body)


def read(**body: Any) -> ChatRequest:
    return parse_messages(asked(**body))


def refusal(**body: Any) -> tuple[str | None, str]:
    with pytest.raises(RequestError) as caught:
        read(**body)
    assert caught.value.status == 400
    return caught.value.param, caught.value.message


def user(*blocks: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(blocks)}


def assistant(*blocks: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": list(blocks)}


def text(words: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": words, **more}


def test_a_request_becomes_the_one_that_a_chat_makes() -> None:
    out = CalculatorRunner(MessagesParserCalculator()).run(http_request=[asked(stream=True)])
    (request,) = out[MessagesParserCalculator.request]
    assert out[MessagesParserCalculator.count] == []
    assert request.messages == (Message(role="user", content="hi"),)
    assert (request.model, request.stream, request.default_max_tokens) == ("m", True, 9)
    assert request.explicit_limit is None
    assert request.id.startswith("msg_")


def test_a_request_that_wants_its_tokens_counted_goes_another_way() -> None:
    out = CalculatorRunner(MessagesParserCalculator()).run(http_request=[asked("/messages/count_tokens")])
    (request,) = out[MessagesParserCalculator.count]
    assert out[MessagesParserCalculator.request] == []
    assert request.messages == (Message(role="user", content="hi"),)


def test_another_path_is_none_of_this_models() -> None:
    with pytest.raises(RequestError, match=r"serves /messages and /messages/count_tokens") as caught:
        parse_messages(HttpRequest("POST", "/chat/completions", json={}))
    assert caught.value.status == 404


def test_its_routes_have_anthropics_errors() -> None:
    routes = MessagesParserCalculator().routes()
    assert [route.pattern for route in routes] == ["/v1/messages", "/v1/messages/count_tokens"]
    assert {route.errors for route in routes} == {ANTHROPIC_ERRORS}


# --- limits


@pytest.mark.parametrize(
    ("body", "param"), [({"max_tokens": None}, "max_tokens"), ({"messages": None}, "messages")]
)
def test_what_is_required_is_missed(body: dict[str, Any], param: str) -> None:
    assert refusal(**body)[0] == param


def test_the_limit_is_what_there_is_room_for() -> None:
    request = parse_messages(asked(max_tokens=64_000), FAKE_ENGINE_INFO, max_tokens_limit=3000)
    assert (request.default_max_tokens, request.explicit_limit) == (3000, None)
    assert read(max_tokens=64_000).default_max_tokens == 64_000


def test_a_limit_of_nothing_reads_the_prompt_alone() -> None:
    assert read(max_tokens=0).explicit_limit == 0
    assert refusal(max_tokens=-1)[0] == "max_tokens"


def test_the_request_comes_before_the_models_own_configuration() -> None:
    engine = msgspec.structs.replace(
        FAKE_ENGINE_INFO, generation_config={"max_new_tokens": 5, "temperature": 0.5, "top_k": 20}
    )
    request = parse_messages(asked(temperature=0.25), engine)
    assert (request.default_max_tokens, request.temperature, request.top_k) == (9, 0.25, 20)


def test_a_clients_priorities_hold() -> None:
    request = HttpRequest(
        "POST",
        "/messages",
        json={"max_tokens": 9, "messages": HI, "priority": -1},
        client=Client("key:a", priorities=(0, 5)),
    )
    with pytest.raises(RequestError, match="from 0 to 5"):
        parse_messages(request)


# --- the conversation


def test_the_systems_words_come_first() -> None:
    assert read(system="Be brief.").messages[0] == Message(role="system", content="Be brief.")
    blocks = [text("Be brief.", cache_control={"type": "ephemeral"}), text("Be kind.")]
    system = read(system=blocks).messages[0]
    assert system.content == (TextPart("Be brief."), TextPart("Be kind."))
    assert len(read(system="").messages) == 1
    assert len(read(system=[]).messages) == 1
    assert refusal(system=[{"type": "image"}])[0] == "system[0].type"


def test_a_block_of_billing_is_not_for_the_model() -> None:
    billing = text("x-anthropic-billing-header: cc_version=2.1.0; cch=0a1b2;")
    request = read(system=[billing, text("Be brief.")])
    assert request.messages[0].content == "Be brief."
    assert request.ignored == ("system.x-anthropic-billing-header",)


def test_messages_of_one_role_in_a_row_are_one_turn() -> None:
    request = read(
        messages=[
            {"role": "user", "content": "one"},
            user(text("two"), text("three")),
            {"role": "assistant", "content": "four"},
            assistant(text("five")),
            {"role": "user", "content": "six"},
        ]
    )
    assert request.messages == (
        Message(role="user", content=(TextPart("one"), TextPart("two"), TextPart("three"))),
        Message(role="assistant", content="four\nfive"),
        Message(role="user", content="six"),
    )


def test_a_system_message_may_stand_amid_the_others() -> None:
    request = read(messages=[*HI, {"role": "system", "content": "Be brief."}, *HI])
    assert [message.role for message in request.messages] == ["user", "system", "user"]


def test_calls_and_their_results_are_told_apart_from_words() -> None:
    request = read(
        messages=[
            *HI,
            assistant(
                {"type": "thinking", "thinking": "Let me see.", "signature": "abc"},
                {"type": "redacted_thinking", "data": "xyz"},
                text("I look."),
                {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"at": "ü"}},
                {"type": "tool_use", "id": "toolu_2", "name": "look", "input": {}},
            ),
            user(
                text("Here."),
                {"type": "tool_result", "tool_use_id": "toolu_1", "content": "red"},
                {
                    "type": "tool_result",
                    "tool_use_id": "toolu_2",
                    "content": [text("no"), text("way")],
                    "is_error": True,
                },
            ),
            user(text("Go on.")),
        ]
    )
    assert request.messages[1:] == (
        Message(
            role="assistant",
            content="I look.",
            tool_calls=(
                ToolCall(id="toolu_1", name="look", arguments='{"at": "ü"}'),
                ToolCall(id="toolu_2", name="look", arguments="{}"),
            ),
            reasoning_content="Let me see.",
        ),
        Message(role="tool", content="red", tool_call_id="toolu_1"),
        Message(role="tool", content="Error: no\nway", tool_call_id="toolu_2"),
        Message(role="user", content=(TextPart("Here."), TextPart("Go on."))),
    )


def test_errors_of_later_nodes_know_where_the_client_finds_a_message() -> None:
    request = read(
        system="Be brief.",
        messages=[
            {"role": "user", "content": "a"},
            {"role": "user", "content": "b"},
            assistant({"type": "tool_use", "id": "1", "name": "f", "input": {}}),
            user(text("c"), {"type": "tool_result", "tool_use_id": "1"}),
        ],
    )
    assert request.places == ("system", "messages[0]", "messages[2]", "messages[3].content[1]", "messages[3]")
    assert request.place_of("messages[3]") == "messages[3].content[1]"
    assert request.named("stop") == "stop_sequences"


def test_a_tool_that_a_search_has_found_is_named_to_the_model() -> None:
    call = {"type": "tool_use", "id": "1", "name": "ToolSearch", "input": {"query": "look"}}
    found = {"type": "tool_reference", "tool_name": "look"}
    result = {"type": "tool_result", "tool_use_id": "1", "content": [found]}
    request = read(messages=[*HI, assistant(call), user(result)], tools=[LOOK | {"defer_loading": True}])
    assert request.messages[2].content == "The tool look can be called."
    assert [tool.name for tool in request.tools] == ["look"]
    assert request.ignored == ("tools.defer_loading",)


def test_a_call_without_words_has_no_content() -> None:
    call = {"type": "tool_use", "id": "1", "name": "look", "input": {}}
    request = read(messages=[*HI, assistant(call), user({"type": "tool_result", "tool_use_id": "1"})])
    assert request.messages[1].content is None
    assert request.messages[2] == Message(role="tool", content="", tool_call_id="1")


def test_a_result_of_no_call_is_refused() -> None:
    param, _ = refusal(messages=[user(text("x"), {"type": "tool_result", "tool_use_id": "1"})])
    assert param == "messages[0].content[1].tool_use_id"


def test_the_last_words_of_the_assistant_are_continued() -> None:
    request = read(messages=[*HI, {"role": "assistant", "content": "The answer is ("}])
    assert request.messages[-1] == Message(role="assistant", content="The answer is (")
    assert request.continue_final_message is True
    assert read().continue_final_message is False
    nothing = read(messages=[*HI, {"role": "assistant", "content": ""}])
    assert (len(nothing.messages), nothing.continue_final_message) == (1, False)


@pytest.mark.parametrize(
    ("last", "param"),
    [
        (assistant({"type": "tool_use", "id": "1", "name": "f", "input": {}}), "messages[1]"),
        (assistant({"type": "thinking", "thinking": "hm"}), "messages[1].content"),
        (user(), "messages[1].content"),
        ({"role": "user", "content": ""}, "messages[1].content"),
        ({"role": "tool", "content": "x"}, "messages[1].role"),
        (user({"type": "tool_use", "id": "1", "name": "f", "input": {}}), "messages[1].content[0].type"),
        (
            assistant({"type": "tool_use", "id": "1", "name": "f", "input": "{}"}),
            "messages[1].content[0].input",
        ),
        (user({"type": "text"}), "messages[1].content[0].text"),
        ({"role": "user"}, "messages[1].content"),
    ],
)
def test_a_message_that_is_none_is_refused_with_its_place(last: Any, param: str) -> None:
    assert refusal(messages=[*HI, last])[0] == param


@pytest.mark.parametrize(
    ("block", "says"),
    [
        (
            {"type": "image", "source": {"type": "base64"}},
            "'messages[0].content[0]' is an image, and this model",
        ),
        (
            {"type": "server_tool_use", "id": "1"},
            "'messages[0].content[0]' is a block of type 'server_tool_use'",
        ),
        (
            {"type": "document", "source": {"type": "base64", "data": "x"}},
            "'messages[0].content[0].source' is a file, and this model reads text only",
        ),
        (
            {"type": "tool_result", "tool_use_id": "1", "content": [{"type": "image"}]},
            "'messages[0].content[0].content[0]' is an image",
        ),
    ],
)
def test_what_is_no_text_is_refused_by_name_and_place(block: Any, says: str) -> None:
    assert refusal(messages=[user(block)])[1].startswith(says)


def test_documents_and_search_results_of_text_are_read() -> None:
    plain = {"type": "text", "media_type": "text/plain", "data": "Packets flow."}
    request = read(
        messages=[
            user(
                {"type": "document", "source": plain, "title": "Graphs", "context": "A draft."},
                {"type": "document", "source": {"type": "content", "content": [text("a"), text("b")]}},
                {"type": "search_result", "source": "here", "title": "T", "content": [text("found")]},
            )
        ]
    )
    assert isinstance(request.messages[0].content, tuple)
    assert [part.text for part in request.messages[0].content] == [
        "<document>\n<title>Graphs</title>\n<context>A draft.</context>\n"
        "<document_content>\nPackets flow.\n</document_content>\n</document>",
        "<document>\n<document_content>\na\nb\n</document_content>\n</document>",
        "<search_result>\n<source>here</source>\n<title>T</title>\n"
        "<search_result_content>\nfound\n</search_result_content>\n</search_result>",
    ]


# --- tools


def test_tools_are_functions_with_their_schemas() -> None:
    request = read(
        tools=[
            LOOK
            | {
                "description": "Looks.",
                "strict": True,
                "type": "custom",
                "cache_control": {"type": "ephemeral"},
            }
        ]
    )
    assert request.tools == (
        Tool(name="look", description="Looks.", parameters=LOOK["input_schema"], strict=True),  # type: ignore[arg-type]  # of a dict of objects
    )
    assert (request.tool_choice, request.parallel_tool_calls) == (ToolChoice("auto"), True)
    assert request.ignored == ()


def test_tools_that_clients_of_anthropic_run_are_known_by_their_types() -> None:
    request = read(
        tools=[
            {"type": "bash_20250124", "name": "bash"},
            {"type": "text_editor_20250728", "name": "str_replace_based_edit_tool", "max_characters": 100},
            {"type": "memory_20250818", "name": "memory"},
        ]
    )
    assert [tool.name for tool in request.tools] == ["bash", "str_replace_based_edit_tool", "memory"]
    assert request.tools[0].parameters is not None
    assert list(request.tools[0].parameters["properties"]) == ["command", "restart"]
    assert request.ignored == ()


def test_tools_that_anthropic_runs_have_no_effect_and_are_named() -> None:
    search = {"type": "web_search_20250305", "name": "web_search", "max_uses": 5}
    request = read(tools=[search, LOOK])
    assert [tool.name for tool in request.tools] == ["look"]
    assert request.ignored == ("tools.web_search_20250305",)


@pytest.mark.parametrize(
    ("tools", "param"),
    [
        ([{"name": "f"}], "tools[0].input_schema"),
        ([{"input_schema": {}}], "tools[0].name"),
        ([LOOK, LOOK], "tools"),
        ([LOOK | {"name": "a b"}], "tools[0].name"),
        ([LOOK | {"name": "a" * 129}], "tools[0].name"),
    ],
)
def test_half_a_tool_is_refused(tools: Any, param: str) -> None:
    assert refusal(tools=tools)[0] == param


@pytest.mark.parametrize(
    ("choice", "mode", "several"),
    [
        ({"type": "auto"}, ToolChoice("auto"), True),
        ({"type": "auto", "disable_parallel_tool_use": True}, ToolChoice("auto"), False),
        ({"type": "any"}, ToolChoice("required"), True),
        ({"type": "tool", "name": "look"}, ToolChoice("named", "look"), True),
        ({"type": "none"}, ToolChoice("none"), True),
    ],
)
def test_a_choice_of_tools(choice: Any, mode: ToolChoice, several: bool) -> None:
    request = read(tools=[LOOK], tool_choice=choice)
    assert (request.tool_choice, request.parallel_tool_calls) == (mode, several)


def test_a_choice_of_a_tool_there_is_not_is_refused() -> None:
    assert refusal(tools=[LOOK], tool_choice={"type": "tool", "name": "other"})[0] == "tool_choice"
    assert refusal(tools=[LOOK], tool_choice={"type": "required"})[0] == "tool_choice.type"
    assert refusal(tool_choice={"type": "any"})[0] == "tool_choice"


def test_a_forced_call_needs_an_engine_with_grammars() -> None:
    with pytest.raises(RequestError) as caught:
        parse_messages(asked(tools=[LOOK], tool_choice={"type": "any"}), with_capabilities("max_tokens"))
    assert (caught.value.param, caught.value.code) == ("tool_choice", "unsupported_parameter")


# --- thinking and the form of the answer


@pytest.mark.parametrize(
    ("thinking", "thinks"),
    [
        ({"type": "enabled", "budget_tokens": 1024}, True),
        ({"type": "adaptive"}, True),
        ({"type": "between_tools"}, True),
        ({"type": "disabled"}, False),
    ],
)
def test_thinking_turns_the_templates_switches(thinking: Any, thinks: bool) -> None:
    request = read(thinking=thinking, chat_template_kwargs={"date": "today"})
    assert request.chat_template_kwargs == {"enable_thinking": thinks, "thinking": thinks, "date": "today"}
    assert request.include_reasoning is True
    named = ("thinking.budget_tokens",) if "budget_tokens" in thinking else ()
    assert request.ignored == named
    assert read().chat_template_kwargs == {}


def test_thoughts_may_be_left_out_of_the_answer() -> None:
    assert read(thinking={"type": "adaptive", "display": "omitted"}).include_reasoning is False


def test_a_budget_has_anthropics_least() -> None:
    assert refusal(thinking={"type": "enabled", "budget_tokens": 1000})[0] == "thinking.budget_tokens"
    assert refusal(thinking={"type": "enabled"})[0] == "thinking.budget_tokens"


def test_effort_goes_to_the_template_and_a_schema_to_the_engine() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    form = {"type": "json_schema", "schema": schema}
    request = read(output_config={"effort": "xhigh", "format": form})
    assert request.reasoning_effort == "xhigh"
    assert isinstance(request.grammar, Grammar)
    assert (request.grammar.kind, request.grammar_param) == ("json_schema", "output_config.format")
    assert read(output_format=form).grammar == request.grammar
    with pytest.raises(RequestError) as caught:
        parse_messages(asked(output_format=form), with_capabilities("max_tokens"))
    assert caught.value.param == "output_format"
    wrong = {"type": "json_schema", "schema": {"type": "nothing"}}
    assert (refusal(output_config={"format": wrong})[0] or "").startswith("output_config.format.schema")


# --- what has no effect


def test_what_changes_nothing_is_taken() -> None:
    request = read(
        cache_control={"type": "ephemeral"},
        metadata={"user_id": "alice"},
        service_tier="auto",
        context_management={"edits": []},
    )
    assert (request.user, request.service_tier) == ("alice", "auto")
    assert request.ignored == ("context_management",)


@pytest.mark.parametrize("unknown", ["error", "ignore"])
def test_an_operator_may_refuse_what_has_no_effect(unknown: Literal["error", "ignore"]) -> None:
    def parse(**body: Any) -> ChatRequest:
        return parse_messages(asked(**body), unknown_parameters=unknown)

    assert parse(cache_control={"type": "ephemeral"}).ignored == ()
    assert parse(thinking={"type": "enabled", "budget_tokens": 2000}).ignored == ()
    if unknown == "ignore":
        assert parse(top_a=1).ignored == ()
        return
    with pytest.raises(RequestError, match="did you mean 'top_k'") as caught:
        parse(top_kk=1)
    assert (caught.value.code, caught.value.param) == ("unknown_parameter", "top_kk")
