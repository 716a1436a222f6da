"""A model that wants to write certain texts, byte by byte. Where a grammar lets it, the grammar takes them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from openvino import opset13 as ops

from ovpipe.engine_graph.loading import load_graph_core
from ovpipe.engines.backend import EngineCore
from ovpipe.engines.genai.loading import load_genai_core
from ovpipe.engines.process.poison import PoisonedByGrammar
from ovpipe.engines.protocol import Delta, GenerateRequest, Grammar, SamplingParams
from ovpipe.modelling.bpe import BytePairs
from ovpipe.modelling.config import DecoderConfig
from ovpipe.modelling.decoder import build_decoder
from ovpipe.modelling.folder import write_model_folder
from ovpipe.modelling.tokenizer import build_tokenizer
from ovpipe.modelling.weights import Array

PAD, EOS = "<pad>", "<eos>"
EOS_ID = 1
FIRST_BYTE = 2
VOCABULARY = 258
STRIDE = 64
"""Positions from one text to the next. The length of the prompt chooses the text."""


class Follower:
    """A core with that model, genai or graph. Its texts are shorter than a stride."""

    def __init__(self, texts: Iterable[str], folder: Path, core: str = "genai") -> None:
        self._texts = list(dict.fromkeys(texts))
        self._ids = 0
        _write(self._texts, folder)
        options = {
            "models_path": str(folder),
            "num_kv_blocks": (len(self._texts) + 2) * STRIDE // 32,
            "max_num_batched_tokens": (len(self._texts) + 2) * STRIDE,
            "plugin_config": {"INFERENCE_PRECISION_HINT": "f32"},
        }
        self._core: EngineCore
        if core == "graph":
            self._core = load_graph_core(options, lambda progress: None)
        else:
            self._core = load_genai_core(options, lambda progress: None)

    def takes(self, grammar: Grammar, text: str) -> bool:
        """Whether the grammar lets the model write the text and end after it; raises PoisonedByGrammar."""
        wanted = _tokens(text)
        prompt = [0] * ((self._texts.index(text) + 1) * STRIDE)
        self._ids += 1
        sampling = SamplingParams(max_tokens=len(wanted), temperature=0, grammar=grammar)
        self._core.add(GenerateRequest(self._ids, prompt, sampling))
        written: list[int] = []
        while written == wanted[: len(written)]:
            try:
                outcomes = self._core.step()
            except PoisonedByGrammar:
                self._give_up()
                raise
            for outcome in outcomes:
                assert isinstance(outcome, Delta), outcome
                written += [token.id for token in outcome.tokens]
                if outcome.finish is not None:
                    return written == wanted
        self._give_up()
        return False

    def _give_up(self) -> None:
        """Cancels the request; the step after that is a sound one again, whatever the grammar was."""
        self._core.cancel(self._ids)
        self._core.step()


def _tokens(text: str) -> list[int]:
    return [*(FIRST_BYTE + byte for byte in text.encode()), EOS_ID]


def _write(texts: list[str], folder: Path) -> None:
    positions = (len(texts) + 1) * STRIDE
    script = np.zeros((positions, VOCABULARY), np.float32)
    for place, text in enumerate(texts, start=1):
        tokens = _tokens(text)
        assert len(tokens) < STRIDE, f"{text!r} is too long"
        # The last token of the prompt asks for the first of the text.
        script[np.arange(len(tokens)) + place * STRIDE - 1, tokens] = 1
    config = DecoderConfig(
        vocab_size=VOCABULARY,
        hidden_size=VOCABULARY,
        num_layers=1,
        num_heads=1,
        num_kv_heads=1,
        head_dim=32,
        intermediate_size=2,
        max_position_embeddings=positions,
        eos_token_id=EOS_ID,
        pad_token_id=0,
    )
    shapes = config.shapes()

    def weight(name: str) -> Array:
        """The layer adds nothing, and the head hands on what stands for the position."""
        if name == "lm_head.weight":
            return np.eye(VOCABULARY, dtype=np.float32)
        fill = 1 if name.endswith("norm.weight") else 0
        return np.full(shapes[name], fill, np.float32)

    model = build_decoder(config, weight)
    (embedding,) = (
        node
        for node in model.get_ops()
        if node.get_type_name() == "Gather"
        and node.input_value(0).get_node().get_friendly_name() == "model.embed_tokens.weight"
    )
    (position,) = (node for node in model.get_parameters() if node.get_friendly_name() == "position_ids")
    by_position = ops.gather(ops.constant(script), ops.convert(position, "i32"), ops.constant(np.int32(0)))
    embedding.output(0).replace(by_position.output(0))
    model.validate_nodes_and_infer_types()
    tokenizer, detokenizer = build_tokenizer(BytePairs((PAD, EOS), ()), eos=EOS, pad=PAD)
    write_model_folder(
        folder,
        model=model,
        tokenizer=tokenizer,
        detokenizer=detokenizer,
        config=config,
        eos_token=EOS,
        pad_token=PAD,
    )
