"""How the prompts of a request are made: rendered, tokenised, checked and cut."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from msgspec.structs import replace

from ovpipe.calculators.llm.packets import (
    ChatRequest,
    CompletionRequest,
    GenerationRequest,
    Prompt,
    Prompts,
)
from ovpipe.calculators.llm.parameters.context_room import ContextRoom
from ovpipe.calculators.llm.parameters.errors import unsupported, wrong_value
from ovpipe.calculators.llm.parameters.wire.prompts import MOST_TOKENS
from ovpipe.calculators.llm.templates.control_tokens import (
    UNTRUSTED,
    Marks,
    encode_pieces,
    has_any,
    has_any_beside,
)
from ovpipe.calculators.llm.templates.fill_in_the_middle import FimTokens, markers_of
from ovpipe.calculators.llm.templates.template import ChatTemplate, ChatTemplateError
from ovpipe.errors import RequestError
from ovpipe.tokenizers.tokenizer import Tokenizer


def make_prompts(
    request: ChatRequest | CompletionRequest,
    tokenizer: Tokenizer,
    template: ChatTemplate | None,
    *,
    control_tokens_as_text: bool = True,
    turns: int | None = None,
    room: ContextRoom | None = None,
) -> Prompts:
    """The request's prompts; raises RequestError 400, and OverBudget where the template takes more `turns`.

    A text that cannot fit into the `room` is refused before it is tokenised.

    With `control_tokens_as_text` what users and tools say makes no special token, where the template writes
    it letter by letter.
    """
    if isinstance(request, ChatRequest):
        return chat_prompts(request, tokenizer, template, control_tokens_as_text, turns, room)
    return Prompts(tuple(completion_prompts(request, tokenizer, room)))


def chat_prompts(
    request: ChatRequest,
    tokenizer: Tokenizer,
    template: ChatTemplate | None,
    control_tokens_as_text: bool,
    turns: int | None = None,
    room: ContextRoom | None = None,
) -> Prompts:
    """A conversation, rendered and tokenised."""
    # A model that sees tools calls them, whatever it is told; so it sees none when it may call none.
    tools = () if request.tool_choice.mode == "none" else request.tools
    missing = "This model has no chat template" if template is None else template.why_none(tools=bool(tools))
    if template is None or missing is not None:
        raise RequestError(
            400,
            f"{missing}, so it cannot serve {'this request' if template else 'chat/completions'}; "
            "use completions, with the whole text as 'prompt'.",
            code="no_chat_template",
        )
    seen = replace(request, tools=tuple(tools))
    pattern = tokenizer.control_tokens if control_tokens_as_text else None
    rendering = partial(rendered, template=template, turns=turns)
    pieces = [rendering(seen)] if pattern is None else pieces_of(seen, template, pattern, rendering)
    # The template has put every special token where it belongs, unless the request says otherwise.
    prompt = tokenised(pieces, request, tokenizer, request.named("messages"), room, add_special_tokens=False)
    unseen = ("functions" if request.functions else "tools",) if tools and not template.shows_tools else ()
    return Prompts((prompt,), ignored=unseen)


def pieces_of(
    request: ChatRequest,
    template: ChatTemplate,
    pattern: re.Pattern[str],
    rendering: Callable[..., str],
) -> list[str]:
    """The conversation as a text, split within the control tokens that are to be none.

    What a template makes of documents, tools and names is not known beforehand, as it is of contents. So
    where these have control tokens, the text without marks must be what comes of a request without marks.
    """
    roles = template.verbatim(tools=bool(request.tools)).intersection(UNTRUSTED)
    marks = Marks(pattern)
    marked = request
    if has_any(request.messages, pattern, roles):
        marked = replace(request, messages=tuple(marks.put(request.messages, roles)))
    if has_any_beside(request, pattern):
        text = rendering(marks.put_beside(marked), marks=marks)
        if marks.without(text) == rendering(request):
            return marks.split(text)
    return marks.split(rendering(marked, marks=marks))


def rendered(
    request: ChatRequest,
    *,
    template: ChatTemplate,
    marks: Marks | None = None,
    turns: int | None = None,
) -> str:
    """The conversation as a text, with the marks that are in it; raises RequestError 400."""
    variables = dict(request.chat_template_kwargs)
    if request.reasoning_effort is not None:
        variables["reasoning_effort"] = request.reasoning_effort
    try:
        return template.render(
            request.messages,
            tools=request.tools,
            documents=request.documents,
            add_generation_prompt=request.add_generation_prompt,
            continue_final_message=request.continue_final_message,
            variables=variables,
            turns=turns,
        )
    except ChatTemplateError as error:
        reason = str(error) if marks is None else marks.without(str(error))
        param = request.place_of(error.param)
        place = f" at {param}" if error.param.startswith("messages[") else ""
        raise RequestError(
            400,
            f"The model's chat template refuses these messages{place}: {reason}",
            code="chat_template_refused",
            param=param,
        ) from error


def completion_prompts(
    request: CompletionRequest, tokenizer: Tokenizer, room: ContextRoom | None
) -> Iterator[Prompt]:
    """Each prompt as it is, or, with a suffix, what stands between the two asked for."""
    markers = suffix_markers(request, tokenizer) if request.suffix else None
    for at, prompt in enumerate(request.prompts):
        path = "prompt" if len(request.prompts) == 1 else f"prompt[{at}]"
        if isinstance(prompt, str):
            text = prompt if markers is None else markers.prompt(prompt, request.suffix or "")
            yield tokenised([text], request, tokenizer, path, room, add_special_tokens=True)
        else:
            check_tokens(prompt, path, tokenizer.vocab_size)
            text = ""
            if request.echo:
                text = tokenizer.decode(prompt, skip_special_tokens=request.skip_special_tokens)
            yield Prompt(last_tokens(prompt, request, path), text)


def suffix_markers(request: CompletionRequest, tokenizer: Tokenizer) -> FimTokens:
    """The model's own for a text with a hole; raises RequestError 400 when there are none to use."""
    if not all(isinstance(prompt, str) for prompt in request.prompts):
        raise wrong_value("suffix", "absent unless every prompt is a string")
    markers = markers_of(tokenizer)
    if markers is None:
        raise unsupported(
            "suffix", "needs a model whose tokenizer has fill-in-the-middle tokens, and this one has none"
        )
    return markers


def tokenised(
    pieces: Sequence[str],
    request: GenerationRequest,
    tokenizer: Tokenizer,
    path: str,
    room: ContextRoom | None = None,
    *,
    add_special_tokens: bool,
) -> Prompt:
    """A text as a prompt, split within what is to be no special token.

    `add_special_tokens` holds unless the request says otherwise.
    """
    if room is not None and request.truncate_prompt_tokens is None:
        room.check(tokenizer.fewest_tokens(pieces), path.partition("[")[0], at_least=True)
    if request.add_special_tokens is not None:
        add_special_tokens = request.add_special_tokens
    try:
        tokens = encode_pieces(tokenizer, pieces, add_special_tokens=add_special_tokens)
    except ValueError:
        # Contents were checked; documents, tools and variables are the client's own objects.
        raise RequestError(
            400, "The prompt comes to a text with lone surrogates.", code="invalid_value", param=path
        ) from None
    if len(tokens) > MOST_TOKENS:
        raise RequestError(
            400,
            f"'{path}' comes to more than {MOST_TOKENS} tokens, which no model takes.",
            code="context_length_exceeded",
            param=path,
        )
    return Prompt(last_tokens(tokens, request, path), "".join(pieces))


def last_tokens(tokens: Sequence[int], request: GenerationRequest, path: str) -> tuple[int, ...]:
    """The tokens that truncate_prompt_tokens leaves; RequestError 400 where a model gets none."""
    if not tokens and request.generates:
        raise RequestError(400, f"'{path}' comes to an empty prompt.", code="invalid_value", param=path)
    most = request.truncate_prompt_tokens
    return tuple(tokens if most is None else tokens[-most:])


def check_tokens(tokens: Sequence[int], path: str, vocab_size: int) -> None:
    """Raises RequestError 400 at the first id that is no token of the model's."""
    for index, token in enumerate(tokens):
        if not 0 <= token < vocab_size:
            raise wrong_value(f"{path}[{index}]", f"a token id of this model, from 0 to {vocab_size - 1}")
