"""ChatTemplateCalculator: a request becomes the tokens that the model continues."""

from __future__ import annotations

import asyncio

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest, Prompt
from ovpipe.calculators.llm.template import ChatTemplate, ChatTemplateError
from ovpipe.engines.tokenizer import Tokenizer
from ovpipe.errors import RequestError
from ovpipe.ports import Input, Output, SideInput
from ovpipe.registry import register

CHARACTERS_OF_A_MESSAGE = 100
"""What a message costs besides its content, in characters' worth of work."""


@register
class ChatTemplateCalculator(Calculator):
    """Renders a ChatRequest with the model's chat template and tokenises it; a CompletionRequest's
    prompt is tokenised as it is.

    Input `request`, output `prompt`; side inputs `tokenizer` and `chat_template`, a value of which is None
    when the model has no template. (Calculators live for one request, so what is compiled once for all of
    them is a side packet: LanguageModelCalculator makes it, and a node of yours can make another.)
    Raises RequestError 400 when the model has no template, when the template refuses these messages, and
    when nothing is left to continue.

    Up to `inline_characters` the work is done on the spot, where it takes under a millisecond; beyond, in
    asyncio's pool of threads, which is bounded. After `time_limit` seconds the request fails with 503; its
    thread cannot be ended, and ends by itself.

        chat_template:
          calculator: ChatTemplateCalculator
          side_inputs: {tokenizer: tokenizer, chat_template: chat_template}
          inputs: {request: chat_request}
          outputs: {prompt: prompt}
    """

    request = Input[ChatRequest | CompletionRequest]()
    prompt = Output[Prompt]()
    tokenizer = SideInput[Tokenizer]()
    chat_template = SideInput[ChatTemplate | None](optional=True)

    def __init__(self, *, inline_characters: int = 8_000, time_limit: float = 30.0) -> None:
        self.inline_characters = inline_characters
        self.time_limit = time_limit

    async def process(self, cx: Context) -> None:
        """Sends the one prompt."""
        request = cx[self.request]
        tokenizer, template = cx[self.tokenizer], cx.get(self.chat_template)
        if size_of(request) <= self.inline_characters:
            prompt = make_prompt(request, tokenizer, template)
        else:
            try:
                async with asyncio.timeout(self.time_limit):
                    prompt = await asyncio.to_thread(make_prompt, request, tokenizer, template)
            except TimeoutError:
                raise RequestError(
                    503,
                    f"The prompt was not tokenised within {self.time_limit:g} s; send a shorter one.",
                    code="prompt_timeout",
                ) from None
        cx.send(self.prompt, prompt)


def size_of(request: ChatRequest | CompletionRequest) -> int:
    """How much work the prompt is, in characters."""
    if isinstance(request, CompletionRequest):
        return len(request.prompt)
    size = CHARACTERS_OF_A_MESSAGE * len(request.messages)
    for message in request.messages:
        content = message.content
        size += len(content) if isinstance(content, str) else sum(len(part.text) for part in content)
    return size


def make_prompt(
    request: ChatRequest | CompletionRequest, tokenizer: Tokenizer, template: ChatTemplate | None
) -> Prompt:
    """The request's tokens; raises RequestError 400."""
    if isinstance(request, CompletionRequest):
        param = "prompt"
        tokens = tokenizer.encode(request.prompt, add_special_tokens=True)
    else:
        param = "messages"
        if template is None:
            raise RequestError(
                400,
                "This model has no chat template, so it cannot serve chat/completions; "
                "use completions, with the whole text as 'prompt'.",
                code="no_chat_template",
            )
        try:
            text = template.render(request.messages)
        except ChatTemplateError as error:
            raise RequestError(
                400,
                f"The model's chat template refuses these messages: {error}",
                code="chat_template_refused",
                param=param,
            ) from error
        # The template has put every special token where it belongs.
        tokens = tokenizer.encode(text, add_special_tokens=False)
    if not tokens:
        raise RequestError(400, f"'{param}' comes to an empty prompt.", code="invalid_value", param=param)
    return Prompt(tuple(tokens))
