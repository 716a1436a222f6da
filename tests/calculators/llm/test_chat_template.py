"""ChatTemplateCalculator: requests to tokens."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from ovpipe.calculators.llm.chat_template import ChatTemplateCalculator
from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest, Message, Prompt
from ovpipe.calculators.llm.template import ChatTemplate
from ovpipe.errors import RequestError, RunError
from ovpipe.testing import CalculatorRunner
from ovpipe.testing.fakes import FakeTokenizer

TEMPLATE = ChatTemplate("{{ bos_token }}{% for m in messages %}{{ m.role }}:{{ m.content }};{% endfor %}")


def chat(content: str = "hi") -> ChatRequest:
    return ChatRequest(id="1", created=1, model="m", messages=(Message(role="user", content=content),))


def completion(prompt: str) -> CompletionRequest:
    return CompletionRequest(id="1", created=1, model="m", prompt=prompt)


def run(
    request: ChatRequest | CompletionRequest,
    template: ChatTemplate | None = TEMPLATE,
    tokenizer: FakeTokenizer | None = None,
    **options: Any,
) -> Prompt:
    out = CalculatorRunner(ChatTemplateCalculator(**options)).run(
        request=[request], tokenizer=tokenizer or FakeTokenizer(), chat_template=template
    )
    (prompt,) = out[ChatTemplateCalculator.prompt]
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
    assert run(chat()) == Prompt(tuple(b"user:hi;"))


def test_a_completion_is_taken_as_it_is_with_special_tokens() -> None:
    assert run(completion("hi")) == Prompt((FakeTokenizer.BOS, *b"hi"))


def test_a_completion_needs_no_template() -> None:
    assert run(completion("hi"), template=None) == Prompt((FakeTokenizer.BOS, *b"hi"))


def test_a_chat_without_a_template_is_told_to_use_completions() -> None:
    error = refusal(chat(), template=None)
    assert (error.status, error.code) == (400, "no_chat_template")
    assert "use completions" in error.message


def test_a_template_that_raises_is_the_clients_error_in_its_words() -> None:
    error = refusal(chat(), ChatTemplate("{{ raise_exception('no user may speak') }}"))
    assert (error.status, error.param) == (400, "messages")
    assert error.message == "The model's chat template refuses these messages: no user may speak"


def test_an_empty_prompt_is_refused() -> None:
    error = refusal(chat(), ChatTemplate(""))
    assert (error.status, error.param) == (400, "messages")


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
    run(request_of("x" * 100), tokenizer=tokenizer, inline_characters=300)
    run(request_of("x" * 301), tokenizer=tokenizer, inline_characters=300)
    assert [thread is threading.main_thread() for thread in tokenizer.threads] == [True, False]


def test_many_short_messages_are_long_work() -> None:
    tokenizer = WhereItRuns()
    messages = (Message(role="user", content=""),) * 100
    run(ChatRequest(id="1", created=1, model="m", messages=messages), tokenizer=tokenizer)
    assert tokenizer.threads != [threading.main_thread()]


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
