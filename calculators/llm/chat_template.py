"""ChatTemplateCalculator: a request becomes the tokens that the model continues."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest, Prompts
from ovpipe.calculators.llm.parameters.context_room import ContextRoom
from ovpipe.calculators.llm.seen_names import SeenNames
from ovpipe.calculators.llm.templates.budget import OverBudget
from ovpipe.calculators.llm.templates.prompt_making import make_prompts
from ovpipe.calculators.llm.templates.prompt_size import is_longer
from ovpipe.calculators.llm.templates.template import ChatTemplate
from ovpipe.calculators.llm.workers import Workers, run_long
from ovpipe.engines.protocol import Engine
from ovpipe.errors import RequestError
from ovpipe.ports import Input, Output, SideInput
from ovpipe.registry import register
from ovpipe.tokenizers.tokenizer import Tokenizer

logger = logging.getLogger(__name__)

INLINE_TURNS: Final = 1_000
"""Turns of a template's loops on the event loop, some milliseconds. What takes more begins anew elsewhere."""


@register
class ChatTemplateCalculator(Calculator):
    """Renders a ChatRequest with the model's chat template and tokenises it; the prompts of a
    CompletionRequest are tokenised as they are, or taken as the tokens they are.

    Input `request`, output `prompts`; side inputs `tokenizer` and `chat_template`, a value of which is None
    when the model has no template. (Calculators live for one request, so what is compiled once for all of
    them is a side packet: ChatTemplateLoaderCalculator makes it, and a node of yours can make another.)
    With the side input `engine` (optional), a text that is too long for its context, whatever its tokens are,
    is refused before it is tokenised: no token stands for more than the longest in the vocabulary.
    Raises RequestError 400 when the model has no template, when the template refuses this conversation, when
    the tokenizer does not know a token id or has no tokens for a `suffix`, and when nothing is left to
    continue.

    Up to `inline_characters` the work is done on the spot, where it takes under a millisecond; beyond, and
    where the template's loops take more than a thousand turns, by the side input `workers` (optional; without
    it, in asyncio's pool of threads, which all graphs share). After `time_limit` seconds the request fails
    with 503; a thread that has begun with it cannot be ended, and ends by itself.

    With `control_tokens_as_text`, control tokens such as <|im_end|> in what users and tools say become the
    tokens of their letters, so that a message cannot end itself and begin another; without, they are control
    tokens. It has no effect on roles whose contents the template changes.

    Tools that the template has no place for are named in the response header x-ovpipe-ignored-parameters, and
    logged, once a graph with the side input `seen` (optional), else each time.

        chat_template:
          calculator: ChatTemplateCalculator
          side_inputs: {tokenizer: tokenizer, chat_template: chat_template, engine: engine, workers: workers}
          inputs: {request: chat_request}
          outputs: {prompts: prompts}
    """

    request = Input[ChatRequest | CompletionRequest]()
    prompts = Output[Prompts]()
    tokenizer = SideInput[Tokenizer]()
    chat_template = SideInput[ChatTemplate | None](optional=True)
    engine = SideInput[Engine](optional=True)
    workers = SideInput[Workers](optional=True)
    seen = SideInput[SeenNames](optional=True)

    def __init__(
        self,
        *,
        inline_characters: int = 8_000,
        time_limit: float = 30.0,
        control_tokens_as_text: bool = True,
    ) -> None:
        self.inline_characters = inline_characters
        self.time_limit = time_limit
        self.control_tokens_as_text = control_tokens_as_text

    async def process(self, cx: Context) -> None:
        """Sends the request's prompts."""
        request, engine = cx[self.request], cx.get(self.engine)
        make = partial(
            make_prompts,
            request,
            cx[self.tokenizer],
            cx.get(self.chat_template),
            control_tokens_as_text=self.control_tokens_as_text,
            room=None if engine is None else ContextRoom.of(engine.info),
        )
        prompts = None
        if not is_longer(request, self.inline_characters):
            with suppress(OverBudget):
                prompts = make(turns=INLINE_TURNS)
        if prompts is None:
            prompts = await self.made_elsewhere(cx.get(self.workers), make)
        seen = cx.get(self.seen)
        for name in prompts.ignored:
            if seen is None or seen.is_new(f"chat template: {name}"):
                logger.warning("the chat template has no place for %r, so the model does not see them", name)
        cx.send(self.prompts, prompts)

    async def made_elsewhere(self, workers: Workers | None, make: Callable[[], Prompts]) -> Prompts:
        """The prompts, made while others have the event loop; raises RequestError 503."""
        try:
            async with asyncio.timeout(self.time_limit):
                return await run_long(workers, make)
        except TimeoutError:
            raise RequestError(
                503,
                f"The prompt was not tokenised within {self.time_limit:g} s; send a shorter one.",
                code="prompt_timeout",
            ) from None
