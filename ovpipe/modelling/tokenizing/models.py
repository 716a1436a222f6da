"""Tokenizer and detokenizer as OpenVINO models, of the content of a tokenizer.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import openvino as ov
import openvino_tokenizers
from openvino import opset13
from openvino_tokenizers.constants import DETOKENIZER_NAME, STRING_OUTPUT_NAME, TOKENIZER_NAME
from openvino_tokenizers.tokenizer_pipeline import (
    CombineSegmentsStep,
    FuseStep,
    PaddingStep,
    TruncationStep,
    VocabDecoderStep,
)
from openvino_tokenizers.utils import change_inputs_type, change_outputs_type

from ovpipe.modelling.naming import number_nodes
from ovpipe.modelling.tokenizing.added_tokens import (
    apart_and_normalized,
    with_normal_names,
    with_signed_begin,
)
from ovpipe.modelling.tokenizing.bpe_model import BytePairModel
from ovpipe.modelling.tokenizing.content import TokenizerContent, refuse
from ovpipe.modelling.tokenizing.decoders import Decoding, decoding
from ovpipe.modelling.tokenizing.ops import Ops, Output, text_constant
from ovpipe.modelling.tokenizing.pieces import Pieces
from ovpipe.modelling.tokenizing.post_processors import Surroundings, declared_surroundings, surroundings
from ovpipe.modelling.tokenizing.pre_tokenizers import begins_are_signed, pre_tokenize
from ovpipe.modelling.tokenizing.unigram_model import encode_unigram
from ovpipe.modelling.tokenizing.word_piece_model import encode_word_pieces


@dataclass(frozen=True)
class TokenizerModels:
    """A tokenizer (text to input_ids and attention_mask) and a detokenizer (ids to text), of i64.

    `bos`, `eos` and `pad` are the ids of the tokens of these names, where there are any.
    """

    tokenizer: ov.Model
    detokenizer: ov.Model
    bos: int | None = None
    eos: int | None = None
    pad: int | None = None


def build_tokenizer_models(
    tokenizer: Mapping[str, Any], tokenizer_config: Mapping[str, Any]
) -> TokenizerModels:
    """The models of a tokenizer.json and a tokenizer_config.json, given as their contents.

    No length limit. The special tokens around a text are those of the post-processor, or what
    tokenizer_config says of `add_bos_token` and `add_eos_token`; they are skipped in decoding unless asked
    for. Bytes that are no UTF-8 are replaced by U+FFFD. Raises UnsupportedModel where OpenVINO would
    not give the tokens that `tokenizers` gives.
    """
    content = with_normal_names(TokenizerContent.of(tokenizer))
    ids = {name: _id_of(content, tokenizer_config.get(f"{name}_token")) for name in ("bos", "eos", "pad")}
    around = declared_surroundings(tokenizer_config, ids["bos"], ids["eos"])
    around = surroundings(content.post_processors) if around is None else around
    models = TokenizerModels(_tokenizer(content, around, ids["pad"]), _detokenizer(content), **ids)
    chat_template = tokenizer_config.get("chat_template")
    for model in (models.tokenizer, models.detokenizer):
        # Without a version here, genai takes skip_special_tokens=False for True.
        model.set_rt_info(openvino_tokenizers.__version__, "openvino_tokenizers_version")
        for name, token in ids.items():
            if token is not None:
                model.set_rt_info(token, f"{name}_token_id")
        if isinstance(chat_template, str):
            model.set_rt_info(chat_template, "chat_template")
        number_nodes(model)
    return models


def _id_of(content: TokenizerContent, token: Any) -> int | None:
    """The id of a token that tokenizer_config.json names, as a string or as {"content": string}."""
    text = token.get("content") if isinstance(token, Mapping) else token
    return content.id_of(text) if isinstance(text, str) else None


def _tokenizer(content: TokenizerContent, around: Surroundings, pad: int | None) -> ov.Model:
    ops = Ops()
    texts = opset13.parameter([-1], ov.Type.string)
    tokens = _tokens(content, Pieces.of(ops, texts.output(0)))
    ops.check_patterns()
    truncation = TruncationStep(max_length=TruncationStep.DISABLE_TRUNCATE_MAX_LENGTH)
    tokens = truncation.get_ov_subgraph(tokens)
    # Even where it adds nothing: genai pads and truncates only where one stands.
    tokens = CombineSegmentsStep(around.segments()).get_ov_subgraph(tokens)
    input_ids, *_, attention_mask = PaddingStep(_token_id=pad or 0, pad_right=False).get_ov_subgraph(tokens)
    model = ov.Model([input_ids, attention_mask], [texts], TOKENIZER_NAME)
    model.add_sinks(truncation.get_stateful_sinks())
    return change_outputs_type(model, ov.Type.i64)


def _tokens(content: TokenizerContent, pieces: Pieces) -> list[Output]:
    """The ids of the tokens of each text, ragged."""
    if begins_are_signed(content.pre_tokenizers):
        pieces = with_signed_begin(content, pieces)
    pieces = apart_and_normalized(content, pieces)
    pieces = pre_tokenize(pieces, content.pre_tokenizers)
    if content.kind == "BPE":
        return BytePairModel(content).encode(pieces)
    if content.kind == "Unigram":
        return encode_unigram(content, pieces)
    if content.kind == "WordPiece":
        return encode_word_pieces(content, pieces)
    raise refuse("model", {"type": content.kind})


def _detokenizer(content: TokenizerContent) -> ov.Model:
    ids = opset13.parameter([-1, -1], ov.Type.i32)
    decoded = decoding(content)
    special = [token.id for token in content.added_tokens if token.special]
    outputs = VocabDecoderStep(vocab=decoded.token_bytes, skip_tokens=special).get_ov_subgraph(
        [ids.output(0)]
    )
    outputs = FuseStep().get_ov_subgraph(outputs)
    model = ov.Model(_text(Ops(), outputs, decoded), [ids], DETOKENIZER_NAME)
    model.output().tensor.add_names({STRING_OUTPUT_NAME})
    return change_inputs_type(model, ov.Type.i64)


def _text(ops: Ops, strings: Sequence[Output], decoded: Decoding) -> list[Output]:
    # What is substituted is text: the operation that does it does not check its bytes.
    outputs = ops.create("UTF8Validate", strings, replace_mode=True)
    for pattern, replacement in decoded.substitutions:
        parts = [*outputs, *text_constant(pattern), *text_constant(replacement)]
        outputs = ops.create("RegexNormalization", parts, global_replace=True)
    return ops.pack(outputs)
