"""What the routes of a tokenizer answer, as types, of which OpenAPI is made, too."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from ovpipe.calculators.llm.responses.types import ChatMessage, FinishReason
from ovpipe.engines.protocol import SamplingParams


class TokenizeResponse(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The tokens of a text or a conversation."""

    count: int
    max_model_len: Annotated[
        int | None,
        Meta(description="Tokens of prompt and completion together; null: nobody says how many."),
    ]
    tokens: tuple[int, ...]
    token_strs: (
        Annotated[
            tuple[str, ...], Meta(description="With return_token_strs: the tokens' names in the vocabulary.")
        ]
        | UnsetType
    ) = UNSET


class DetokenizeResponse(Struct, frozen=True, forbid_unknown_fields=True):
    """The text of some tokens, special ones included."""

    prompt: str


class RenderedSamplingParams(SamplingParams, frozen=True, kw_only=True):
    """What the engine would be asked, and what of the request the nodes behind it would do."""

    n: int
    best_of: int
    stop: tuple[str, ...]
    include_stop_str_in_output: bool
    detokenize: bool
    skip_special_tokens: bool
    spaces_between_special_tokens: bool


class RenderedStreamOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """What a stream would say of token counts."""

    include_usage: bool
    continuous_usage_stats: bool


class RenderedRequest(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a chat or a completion comes to before a model reads it: vLLM's GenerateRequest, with its text."""

    request_id: str
    model: str
    prompt_text: Annotated[str, Meta(description="The text of the tokens, special ones included.")]
    token_ids: tuple[int, ...]
    sampling_params: Annotated[
        RenderedSamplingParams,
        Meta(description="As the engine would get them: by the request, generation_config.json, the limits."),
    ]
    stream: bool
    stream_options: RenderedStreamOptions | None
    priority: int
    ignored_parameters: Annotated[
        tuple[str, ...], Meta(description="What had no effect, as the header names it.")
    ]


class ParseResponse(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a model's raw answer means: the message of a chat's choice, and what ended it."""

    message: ChatMessage
    finish_reason: FinishReason
