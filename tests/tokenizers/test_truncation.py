"""A tokenizer that cuts off long texts for good is loaded without that."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import openvino as ov
import openvino_genai
import pytest
from openvino import opset13
from openvino_tokenizers.constants import UTF8ReplaceMode
from openvino_tokenizers.tokenizer_pipeline import (
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

from ovpipe.calculators.llm.chat_template import ChatTemplateCalculator
from ovpipe.calculators.llm.packets import ChatRequest, Message
from ovpipe.calculators.llm.templates.template import ChatTemplate
from ovpipe.modelling.bpe import train_bpe
from ovpipe.testing import CalculatorRunner
from ovpipe.tokenizers.tokenizer import Tokenizer
from tests.models.folders import TINY_RANDOM

LIMIT = 64
SPECIALS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
LONG = " ".join(f"word{number}" for number in range(300))


class ConstantLimit(TruncationStep):  # type: ignore[misc]  # openvino_tokenizers has no types
    """`Truncate` to a constant."""

    def get_ov_subgraph(self, input_nodes: list[Any]) -> Any:
        truncate = super().get_ov_subgraph(input_nodes)[0].get_node()
        truncate.input(3).replace_source_output(opset13.constant(self.max_length, ov.Type.i32).output(0))
        return truncate.outputs()

    def get_stateful_sinks(self) -> list[Any]:
        return []


class OldLimit(TruncationStep):  # type: ignore[misc]  # openvino_tokenizers has no types
    """The form that openvino_tokenizers wrote until 2025."""

    def get_ov_subgraph(self, input_nodes: list[Any]) -> Any:
        begins, ends, elements = input_nodes
        length = opset13.minimum(
            opset13.subtract(ends, begins), opset13.constant(self.max_length, ov.Type.i32)
        )
        if self.truncate_right:
            return [begins, opset13.add(begins, length).output(0), elements]
        return [opset13.subtract(ends, length).output(0), ends, elements]

    def get_stateful_sinks(self) -> list[Any]:
        return []


LIMITS: dict[str, TruncationStep] = {
    "a constant, left": ConstantLimit(LIMIT, truncate_right=False),
    "a constant, right": ConstantLimit(LIMIT),
    "an old one, left": OldLimit(LIMIT, truncate_right=False),
    "an old one, right": OldLimit(LIMIT),
}
SWITCHED: dict[str, TruncationStep] = {
    "switched on": TruncationStep(LIMIT, truncation=True),
    "switched off": TruncationStep(LIMIT),
}


def folder_with(limit: TruncationStep, folder: Path, *, adds_special_tokens: bool = False) -> Path:
    """The test model with a tokenizer that has this limit."""
    shutil.copytree(TINY_RANDOM, folder)
    pairs = train_bpe(LONG, 400, SPECIALS)
    pipeline = TokenizerPipeline()
    pipeline.vocab = pairs.tokens
    pipeline.add_steps(
        [
            SpecialTokensSplit.from_string_iter(SPECIALS),
            RegexSplitStep.byte_level_splitter(),
            BPETokenizationStep(
                vocab=pairs.tokens,
                merges=list(pairs.merges),
                added_tokens={token: index for index, token in enumerate(SPECIALS)},
            ),
            limit,
            *([CombineSegmentsStep([Sequence()])] if adds_special_tokens else []),
            PaddingStep(token=SPECIALS[0], _token_id=0, pad_right=False),
            VocabDecoderStep(vocab=pairs.tokens, skip_tokens=[0, 1, 2]),
            FuseStep(),
            UTF8ValidateStep(mode=UTF8ReplaceMode.REPLACE),
        ]
    )
    tokenizer = change_outputs_type(pipeline.get_tokenizer_ov_subgraph(), ov.Type.i64)
    detokenizer = change_inputs_type(pipeline.get_detokenizer_ov_subgraph(), ov.Type.i64)
    for model, name in ((tokenizer, "openvino_tokenizer"), (detokenizer, "openvino_detokenizer")):
        model.set_rt_info("2026.4.0", "openvino_tokenizers_version")
        ov.save_model(model, folder / f"{name}.xml", compress_to_fp16=False)
    return folder


@pytest.mark.parametrize("limit", LIMITS)
def test_openvino_itself_cuts_such_a_text_without_a_word(limit: str, tmp_path: Path) -> None:
    folder = folder_with(LIMITS[limit], tmp_path / "model")
    cut = openvino_genai.Tokenizer(str(folder)).encode(LONG, max_length=10_000).input_ids
    assert cut.shape == [1, LIMIT]


@pytest.mark.parametrize("adds_special_tokens", [False, True])
@pytest.mark.parametrize("limit", [*LIMITS, *SWITCHED])
def test_a_long_text_is_tokenised_whole(limit: str, adds_special_tokens: bool, tmp_path: Path) -> None:
    step = (LIMITS | SWITCHED)[limit]
    tokenizer = Tokenizer.load(folder_with(step, tmp_path / "model", adds_special_tokens=adds_special_tokens))
    ids = tokenizer.encode(LONG, add_special_tokens=False)
    assert len(ids) > 300
    assert tokenizer.decode(ids) == LONG


def test_a_long_chat_keeps_its_system_prompt_and_has_its_true_length(tmp_path: Path) -> None:
    tokenizer = Tokenizer.load(folder_with(LIMITS["a constant, left"], tmp_path / "model"))
    messages = (Message(role="system", content="word1 word2"), Message(role="user", content=LONG))
    template = ChatTemplate("{% for m in messages %}<|im_start|>{{ m.content }}<|im_end|>{% endfor %}")
    request = ChatRequest(id="1", created=1, model="m", messages=messages)
    out = CalculatorRunner(ChatTemplateCalculator()).run(
        request=[request], tokenizer=tokenizer, chat_template=template
    )
    (prompts,) = out[ChatTemplateCalculator.prompts]
    (prompt,) = prompts.prompts
    assert tokenizer.decode(prompt.tokens, skip_special_tokens=False) == prompt.text
    assert prompt.text.startswith("<|im_start|>word1 word2<|im_end|>")


def test_the_models_folder_stays_as_it_is(tmp_path: Path) -> None:
    folder = folder_with(LIMITS["an old one, left"], tmp_path / "model")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    Tokenizer.load(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
