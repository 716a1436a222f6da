"""Byte-level BPE tokenizers as OpenVINO models, built from steps of openvino_tokenizers."""

from __future__ import annotations

import openvino as ov
import openvino_tokenizers
from openvino_tokenizers.constants import UTF8ReplaceMode
from openvino_tokenizers.tokenizer_pipeline import (
    AddToken,
    BPETokenizationStep,
    CombineSegmentsStep,
    FuseStep,
    PaddingStep,
    RegexSplitStep,
    Sequence,
    SpecialTokensSplit,
    TokenizerPipeline,
    TruncationStep,
    UTF8ValidateStep,
    VocabDecoderStep,
)
from openvino_tokenizers.utils import change_inputs_type, change_outputs_type

from ovpipe.modelling.bpe import BytePairs
from ovpipe.modelling.naming import number_nodes


def build_tokenizer(
    pairs: BytePairs,
    *,
    eos: str,
    pad: str,
    bos: str | None = None,
    chat_template: str | None = None,
    words: str | None = None,
) -> tuple[ov.Model, ov.Model]:
    """The tokenizer (string -> input_ids, attention_mask i64) and detokenizer (ids i64 -> string).

    Text is split as GPT-2 splits it, or into what the regular expression `words` finds, which must mean
    the same to PCRE2 and leave no character over; special tokens are recognised in it. `bos`, if there
    is one, is put before it where special tokens are to be added; nothing else is added.
    The detokenizer skips special tokens unless asked not to, and replaces invalid UTF-8 by U+FFFD.
    `eos`, `pad` and `bos` are special tokens of `pairs`.
    """
    tokens = pairs.tokens
    special_ids = {special: index for index, special in enumerate(pairs.specials)}
    eos_id, pad_id = special_ids[eos], special_ids[pad]
    pipeline = TokenizerPipeline()
    pipeline.vocab = tokens
    pipeline.add_steps(
        [
            SpecialTokensSplit.from_string_iter(pairs.specials),
            RegexSplitStep.byte_level_splitter()
            if words is None
            else RegexSplitStep(words, behaviour="isolate"),
            BPETokenizationStep(vocab=tokens, merges=list(pairs.merges), added_tokens=special_ids),
            TruncationStep(max_length=TruncationStep.DISABLE_TRUNCATE_MAX_LENGTH),
            # Without a bos it combines one segment with nothing, but genai pads and truncates only where
            # one stands.
            CombineSegmentsStep(
                [Sequence()] if bos is None else [AddToken(token=bos, _token_id=special_ids[bos]), Sequence()]
            ),
            PaddingStep(token=pad, _token_id=pad_id, pad_right=False),
            VocabDecoderStep(vocab=tokens, skip_tokens=list(special_ids.values())),
            FuseStep(),
            UTF8ValidateStep(mode=UTF8ReplaceMode.REPLACE),
        ]
    )
    tokenizer = pipeline.get_tokenizer_ov_subgraph()
    for output in tokenizer.outputs:
        if "token_type_ids" in output.get_names():
            tokenizer.remove_result(output.get_node())
    tokenizer = change_outputs_type(tokenizer, ov.Type.i64)
    detokenizer = change_inputs_type(pipeline.get_detokenizer_ov_subgraph(), ov.Type.i64)
    for model in (tokenizer, detokenizer):
        # Without a version here, genai takes skip_special_tokens=False for True.
        model.set_rt_info(openvino_tokenizers.__version__, "openvino_tokenizers_version")
        model.set_rt_info(eos_id, "eos_token_id")
        model.set_rt_info(pad_id, "pad_token_id")
        if bos is not None:
            model.set_rt_info(special_ids[bos], "bos_token_id")
        if chat_template is not None:
            model.set_rt_info(chat_template, "chat_template")
        number_nodes(model)
    return tokenizer, detokenizer
