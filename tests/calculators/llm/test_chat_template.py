"""ChatTemplateCalculator: requests to tokens."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from msgspec.structs import replace

from ovpipe.calculators.llm.chat_template import ChatTemplateCalculator
from ovpipe.calculators.llm.packets import (
    ChatRequest,
    CompletionRequest,
    Message,
    Prompt,
    Prompts,
    TextPart,
    Tool,
    ToolCall,
    ToolChoice,
)
from ovpipe.calculators.llm.seen_names import SeenNames
from ovpipe.calculators.llm.templates.template import ChatTemplate
from ovpipe.calculators.llm.workers import Workers
from ovpipe.errors import RequestError, RunError
from ovpipe.testing import CalculatorRunner
from ovpipe.testing.fakes import FAKE_ENGINE_INFO, FakeEngine, FakeTokenizer

TEMPLATE = ChatTemplate("{{ bos_token }}{% for m in messages %}{{ m.role }}:{{ m.content }};{% endfor %}")


Completed = str | tuple[int, ...]


def chat(content: str = "hi", **parameters: Any) -> ChatRequest:
    messages = (Message(role="user", content=content),)
    return ChatRequest(id="1", created=1, model="m", **{"messages": messages, **parameters})


def completion(*prompts: Completed, **parameters: Any) -> CompletionRequest:
    return CompletionRequest(id="1", created=1, model="m", prompts=prompts, **parameters)


def run_all(
    request: ChatRequest | CompletionRequest,
    template: ChatTemplate | None = TEMPLATE,
    tokenizer: FakeTokenizer | None = None,
    engine: FakeEngine | None = None,
    **options: Any,
) -> Prompts:
    side = {} if engine is None else {"engine": engine}
    out = CalculatorRunner(ChatTemplateCalculator(**options)).run(
        request=[request], tokenizer=tokenizer or FakeTokenizer(), chat_template=template, **side
    )
    (prompts,) = out[ChatTemplateCalculator.prompts]
    return prompts


def run(
    request: ChatRequest | CompletionRequest,
    template: ChatTemplate | None = TEMPLATE,
    tokenizer: FakeTokenizer | None = None,
    **options: Any,
) -> Prompt:
    (prompt,) = run_all(request, template, tokenizer, **options).prompts
    return prompt


def refusal(
    request: ChatRequest | CompletionRequest,
    template: ChatTemplate | None = TEMPLATE,
    tokenizer: FakeTokenizer | None = None,
    **options: Any,
) -> RequestError:
    with pytest.raises(RunError) as caught:
        run(request, template, tokenizer, **options)
    error = caught.value.__cause__
    assert isinstance(error, RequestError)
    return error


def test_a_chat_is_rendered_and_gets_no_special_tokens_besides() -> None:
    assert run(chat()) == Prompt(tuple(b"user:hi;"), "user:hi;")


def test_a_completion_is_taken_as_it_is_with_special_tokens() -> None:
    assert run(completion("hi")) == Prompt((FakeTokenizer.BOS, *b"hi"), "hi")


def test_a_completion_needs_no_template() -> None:
    assert run(completion("hi"), template=None).text == "hi"


def test_special_tokens_are_added_where_the_request_says_so() -> None:
    assert run(chat(add_special_tokens=True)).tokens == (FakeTokenizer.BOS, *b"user:hi;")
    assert run(completion("hi", add_special_tokens=False)).tokens == tuple(b"hi")


def test_each_prompt_of_a_completion_is_one() -> None:
    assert run_all(completion("a", "bc", add_special_tokens=False)) == Prompts(
        (Prompt((97,), "a"), Prompt((98, 99), "bc"))
    )


def test_token_ids_are_taken_as_they_are() -> None:
    assert run_all(completion((104, 105), (FakeTokenizer.BOS, 97))) == Prompts(
        (Prompt((104, 105)), Prompt((FakeTokenizer.BOS, 97)))
    )


@pytest.mark.parametrize(
    ("prompts", "param"),
    [
        (((104, 258),), "prompt[1]"),
        (((-1,),), "prompt[0]"),
        (((2**40,),), "prompt[0]"),
        (((104,), (105, 106, 258)), "prompt[1][2]"),
    ],
)
def test_token_ids_beyond_the_vocabulary_are_refused_by_their_place(
    prompts: tuple[Completed, ...], param: str
) -> None:
    error = refusal(completion(*prompts))
    assert (error.status, error.param) == (400, param)
    assert error.message == f"'{param}' must be a token id of this model, from 0 to 257."


def test_token_ids_have_their_text_where_the_answer_repeats_it() -> None:
    assert run(completion(tuple(b"abc"), echo=True)).text == "abc"
    assert run(completion(tuple(b"abc"))).text == ""


def test_the_last_tokens_of_a_prompt_are_kept() -> None:
    assert run(chat(truncate_prompt_tokens=3)).tokens == tuple(b"hi;")
    assert run(chat(truncate_prompt_tokens=8)).tokens == tuple(b"user:hi;")
    assert run(chat(truncate_prompt_tokens=9)).tokens == tuple(b"user:hi;")
    assert run(completion((1, 2, 3), truncate_prompt_tokens=1)).tokens == (3,)
    each = run_all(completion("abc", "d", truncate_prompt_tokens=2))
    assert [prompt.tokens for prompt in each.prompts] == [tuple(b"bc"), (FakeTokenizer.BOS, *b"d")]


def test_what_a_chat_says_besides_reaches_the_template() -> None:
    template = ChatTemplate(
        "{{ tools[0].function.name }} {{ documents[0].title }} {{ enable_thinking }} {{ reasoning_effort }} "
        "{{ add_generation_prompt }}"
    )
    request = chat(
        tools=(Tool(name="f"),),
        tool_choice=ToolChoice("auto"),
        documents=({"title": "A"},),
        chat_template_kwargs={"enable_thinking": False, "reasoning_effort": "low"},
        reasoning_effort="high",
        add_generation_prompt=False,
    )
    assert run(request, template).text == "f A False high False"


def test_the_effort_may_be_said_among_the_templates_variables() -> None:
    template = ChatTemplate("{{ reasoning_effort }}{{ nothing is defined }}")
    assert run(chat(chat_template_kwargs={"reasoning_effort": "low"}), template).text == "lowFalse"


def test_a_model_that_may_call_no_tool_sees_none() -> None:
    template = ChatTemplate("{{ tools is none }}")
    choices = (ToolChoice("none"), ToolChoice("auto"), ToolChoice("required"), ToolChoice("named", "f"))
    seen = [run(chat(tools=(Tool(name="f"),), tool_choice=choice), template).text for choice in choices]
    assert seen == ["True", "False", "False", "False"]


def test_the_final_message_is_continued() -> None:
    assert run(chat("Once upon", continue_final_message=True)).text == "user:Once upon"


def test_what_cannot_be_continued_blames_the_parameter() -> None:
    error = refusal(chat(continue_final_message=True), ChatTemplate("x"))
    assert (error.status, error.code, error.param) == (400, "chat_template_refused", "continue_final_message")


def test_variables_that_are_not_the_requests_blame_the_parameter() -> None:
    error = refusal(chat(chat_template_kwargs={"messages": []}))
    assert (error.status, error.param) == (400, "chat_template_kwargs.messages")


def test_a_lone_surrogate_in_what_is_handed_on_is_refused() -> None:
    request = chat(chat_template_kwargs={"x": "\ud800"})
    error = refusal(request, ChatTemplate("{{ x }}"))
    assert (error.status, error.message) == (400, "The prompt comes to a text with lone surrogates.")


class FillsIn(FakeTokenizer):
    """Knows the markers of a model of code."""

    MARKERS = ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>")

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
        if text in self.MARKERS:
            return [self.MARKERS.index(text)]
        return super().encode(text, add_special_tokens=add_special_tokens)


def test_a_suffix_makes_a_prompt_of_what_is_between() -> None:
    prompts = run_all(completion("a", "b", suffix="z"), tokenizer=FillsIn()).prompts
    assert [prompt.text for prompt in prompts] == [
        "<|fim_prefix|>a<|fim_suffix|>z<|fim_middle|>",
        "<|fim_prefix|>b<|fim_suffix|>z<|fim_middle|>",
    ]
    assert prompts[0].tokens == (FakeTokenizer.BOS, *prompts[0].text.encode())


@pytest.mark.parametrize("suffix", [None, ""])
def test_without_a_suffix_nothing_is_filled_in(suffix: str | None) -> None:
    assert run(completion("a", suffix=suffix)).text == "a"


def test_a_suffix_needs_a_model_that_fills_in() -> None:
    error = refusal(completion("a", suffix="z"))
    assert (error.status, error.code, error.param) == (400, "unsupported_parameter", "suffix")
    assert "fill-in-the-middle tokens, and this one has none" in error.message


def test_a_suffix_needs_prompts_that_are_texts() -> None:
    error = refusal(completion("a", (97,), suffix="z"), tokenizer=FillsIn())
    assert (error.status, error.param) == (400, "suffix")


def test_a_chat_without_a_template_is_told_to_use_completions() -> None:
    error = refusal(chat(), template=None)
    assert (error.status, error.code) == (400, "no_chat_template")
    assert "use completions" in error.message


def test_a_chat_without_a_template_for_it_is_told_which_there_are() -> None:
    tools = (Tool(name="f"),)
    for_tools = ChatTemplate(None, tool_use="{{ tools[0].function.name }}{{ messages[0].content }}")
    assert run(chat(tools=tools, tool_choice=ToolChoice("auto")), for_tools).text == "fhi"
    for request in (chat(), chat(tools=tools, tool_choice=ToolChoice("none"))):
        error = refusal(request, for_tools)
        assert (error.status, error.code) == (400, "no_chat_template")
        assert error.message.startswith(
            "This model's only chat template is for requests with tools ('tool_use')"
        )
    error = refusal(chat(), ChatTemplate(None, others=["rag", "summary"]))
    assert (error.status, error.code) == (400, "no_chat_template")
    assert error.message.startswith(
        "This model's chat templates are named 'rag', 'summary', and none 'default'"
    )


def test_of_several_messages_the_one_that_is_refused_is_named() -> None:
    source = "{% for m in messages %}{{ m.content if m.content != 'no' else raise_exception('not that') }}{% endfor %}"
    messages = tuple(Message(role="user", content=content) for content in ("a", "no", "b"))
    error = refusal(ChatRequest(id="1", created=1, model="m", messages=messages), ChatTemplate(source))
    assert (error.status, error.param) == (400, "messages[1]")
    assert error.message == "The model's chat template refuses these messages at messages[1]: not that"


def test_an_error_names_what_the_clients_own_api_calls_a_message() -> None:
    source = "{% for m in messages %}{{ m.content if m.content != 'no' else raise_exception('not that') }}{% endfor %}"
    messages = tuple(Message(role="user", content=content) for content in ("a", "no"))
    names = {"messages": "input"}
    request = chat(messages=messages, places=("instructions", "input[0]"), names=names)
    error = refusal(request, ChatTemplate(source))
    assert (error.status, error.param) == (400, "input[0]")
    assert error.message == "The model's chat template refuses these messages at input[0]: not that"
    assert refusal(chat(names=names), ChatTemplate("")).param == "input"


def test_a_template_that_raises_is_the_clients_error_in_its_words() -> None:
    error = refusal(chat(), ChatTemplate("{{ raise_exception('no user may speak') }}"))
    assert (error.status, error.param) == (400, "messages")
    assert error.message == "The model's chat template refuses these messages: no user may speak"


def test_an_empty_prompt_is_refused() -> None:
    error = refusal(chat(), ChatTemplate(""))
    assert (error.status, error.param) == (400, "messages")
    error = refusal(completion("a", "", add_special_tokens=False))
    assert (error.status, error.message) == (400, "'prompt[1]' comes to an empty prompt.")


class WhereItRuns(FakeTokenizer):
    """Notes the thread that encodes."""

    def __init__(self) -> None:
        super().__init__()
        self.threads: list[threading.Thread] = []

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
        self.threads.append(threading.current_thread())
        return super().encode(text, add_special_tokens=add_special_tokens)


@pytest.mark.parametrize("request_of", [chat, completion])
def test_short_work_is_done_on_the_spot_and_long_work_in_a_thread(request_of: Any) -> None:
    tokenizer = WhereItRuns()
    run(request_of("x" * 100), tokenizer=tokenizer, inline_characters=2300)
    run(request_of("x" * 2301), tokenizer=tokenizer, inline_characters=2300)
    assert [thread is threading.main_thread() for thread in tokenizer.threads] == [True, False]


def test_many_short_messages_are_long_work() -> None:
    tokenizer = WhereItRuns()
    messages = (Message(role="user", content=""),) * 100
    run(ChatRequest(id="1", created=1, model="m", messages=messages), tokenizer=tokenizer)
    assert tokenizer.threads != [threading.main_thread()]


def test_many_short_prompts_are_long_work() -> None:
    tokenizer = WhereItRuns()
    run_all(completion(*["x"] * 100), tokenizer=tokenizer)
    assert threading.main_thread() not in tokenizer.threads


@pytest.mark.parametrize(
    "parameters",
    [
        {"messages": (Message(role="user", content=(TextPart("x" * 200), TextPart("x" * 200))),)},
        {"messages": (Message(role="assistant", content="", reasoning_content="x" * 400),)},
        {
            "messages": (
                Message(
                    role="assistant",
                    content=None,
                    tool_calls=(ToolCall(id="a", name="f", arguments="x" * 400),),
                ),
                Message(role="user", content="x"),
            )
        },
        {"tools": (Tool(name="f", description="x" * 400),)},
        {"tools": (Tool(name="f", parameters={"properties": {"x": {"enum": ["x" * 200, "y" * 200]}}}),)},
        {"documents": ({"x" * 400: 1},)},
        {"chat_template_kwargs": {"x": [0] * 400}},
    ],
    ids=["parts", "thoughts", "calls", "tools", "schemas", "documents", "variables"],
)
def test_all_that_is_rendered_counts_as_work(parameters: dict[str, Any]) -> None:
    tokenizer = WhereItRuns()
    run(chat(**parameters), tokenizer=tokenizer, inline_characters=450)
    assert tokenizer.threads != [threading.main_thread()]


def test_a_short_request_whose_template_takes_many_turns_leaves_the_event_loop() -> None:
    looping = ChatTemplate("{% for a in range(messages|length * 600) %}{% endfor %}{{ messages[0].content }}")
    tokenizer = WhereItRuns()
    run(chat(messages=(Message(role="user", content="x"),)), looping, tokenizer)
    run(chat(messages=(Message(role="user", content="x"),) * 2), looping, tokenizer)
    first, second = tokenizer.threads
    assert first is threading.main_thread()
    assert second is not threading.main_thread()


def test_a_template_that_says_otherwise_after_many_turns_does_so_with_all_of_its_turns() -> None:
    refusing = ChatTemplate(
        "{% for a in range(3000) %}{% endfor %}{% for m in messages %}"
        "{% if m.reasoning_content and m.content %}{{ raise_exception('both') }}{% endif %}"
        "{{ m.role }}:{{ m.content }};{% endfor %}"
    )
    both = Message(role="assistant", content="b", reasoning_content="c")
    prompt = run(chat(messages=(Message(role="user", content="a"), both)), refusing)
    assert prompt.text == "user:a;assistant:b;"


def test_long_requests_are_the_workers_and_are_refused_when_too_many_wait() -> None:
    async def ask() -> RequestError:
        tokenizer, workers = NeverReady(), Workers(threads=1, most_waiting=0)
        runner = CalculatorRunner(ChatTemplateCalculator(inline_characters=0))
        packets = {"tokenizer": tokenizer, "chat_template": TEMPLATE, "workers": workers}
        first = asyncio.ensure_future(runner.arun(request=[chat()], **packets))
        try:
            while not workers.jobs:
                await asyncio.sleep(0)
            with pytest.raises(RunError) as raised:
                await runner.arun(request=[chat()], **packets)
        finally:
            tokenizer.may_end.set()
            await asyncio.gather(first, return_exceptions=True)
            workers.close()
        assert isinstance(raised.value.__cause__, RequestError)
        return raised.value.__cause__

    error = asyncio.run(ask())
    assert (error.status, error.code) == (503, "too_many_long_requests")


class NeverReady(FakeTokenizer):
    """Encodes when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.may_end = threading.Event()

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
        self.may_end.wait(10)
        return []


async def give_up(tokenizer: NeverReady) -> RequestError:
    runner = CalculatorRunner(ChatTemplateCalculator(inline_characters=0, time_limit=0.01))
    try:
        await runner.arun(request=[chat()], tokenizer=tokenizer, chat_template=TEMPLATE)
    except RunError as error:
        assert isinstance(error.__cause__, RequestError)
        return error.__cause__
    finally:
        tokenizer.may_end.set()
    raise AssertionError("it waited for ever")


def test_work_that_takes_too_long_is_given_up() -> None:
    error = asyncio.run(give_up(NeverReady()))
    assert (error.status, error.code) == (503, "prompt_timeout")


def test_tools_that_the_template_has_no_place_for_are_named_and_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with_tools = chat(tools=(Tool(name="f"),), tool_choice=ToolChoice("auto"))
    seen = SeenNames()
    for _ in range(2):
        out = CalculatorRunner(ChatTemplateCalculator()).run(
            request=[with_tools], tokenizer=FakeTokenizer(), chat_template=TEMPLATE, seen=seen
        )
        (prompts,) = out[ChatTemplateCalculator.prompts]
        assert prompts.ignored == ("tools",)
    assert [record.getMessage() for record in caplog.records] == [
        "the chat template has no place for 'tools', so the model does not see them"
    ]
    assert run_all(chat(functions=True, tools=(Tool(name="f"),), tool_choice=ToolChoice("auto"))).ignored == (
        "functions",
    )


def test_tools_that_are_shown_or_that_may_not_be_called_are_not_named() -> None:
    shows = ChatTemplate("{{ messages[0].content }}{{ tools }}")
    tools = (Tool(name="f"),)
    assert run_all(chat(tools=tools, tool_choice=ToolChoice("auto")), shows).ignored == ()
    assert run_all(chat(tools=tools, tool_choice=ToolChoice("none"))).ignored == ()
    assert run_all(chat()).ignored == ()


# --- length before work


class NeverTokenises(FakeTokenizer):
    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
        raise AssertionError("it was tokenised")


SMALL = FakeEngine([1], info=replace(FAKE_ENGINE_INFO, context_length=100))


@pytest.mark.parametrize(
    ("request_", "param", "tokens"),
    [
        (chat("x" * 100), "messages", 106),
        (completion("x" * 100), "prompt", 100),
        (completion("x", "x" * 200), "prompt", 200),
    ],
)
def test_a_text_that_cannot_fit_is_refused_before_it_is_tokenised(
    request_: ChatRequest | CompletionRequest, param: str, tokens: int
) -> None:
    class FirstAlone(NeverTokenises):
        def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
            return [1] if text == "x" else super().encode(text, add_special_tokens=add_special_tokens)

    error = refusal(request_, tokenizer=FirstAlone(), engine=SMALL)
    assert (error.status, error.code, error.param) == (400, "context_length_exceeded", param)
    assert error.message == (
        f"This model's maximum context length is 100 tokens. However, your {param} resulted in at least "
        f"{tokens} tokens. Please reduce the length of the {param}."
    )


def test_a_text_of_which_the_end_alone_counts_may_be_longer() -> None:
    prompt = run(completion("x" * 200, truncate_prompt_tokens=5), engine=SMALL)
    assert len(prompt.tokens) == 5


def test_a_text_that_may_fit_is_tokenised_and_judged_by_its_tokens() -> None:
    assert len(run(completion("x" * 99), engine=SMALL).tokens) == 100
