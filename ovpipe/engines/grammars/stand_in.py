"""A model's double: the same vocabulary, tokenizer and end of sequence, and next to no weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openvino as ov

from ovpipe.engines.model_folder import ModelFolder
from ovpipe.modelling.config import DecoderConfig
from ovpipe.modelling.decoder import build_decoder
from ovpipe.modelling.weights import Array

_HIDDEN = 2
_HEAD_DIM = 32
"""The CPU plugin's paged attention takes multiples of 16 here."""

_LINKED = ("openvino_tokenizer.*", "openvino_detokenizer.*", "*.json", "*.jinja")


def write_stand_in(models_path: Path, folder: Path) -> None:
    """Writes into `folder` a one-layer model that stands in for the one in `models_path`.

    Every token is as likely as every other. Its logits are as many as the model's, which is what grammars are
    compiled for. All but the model itself are links, so the folder is good for as long as the other.
    """
    models_path = models_path.resolve()  # a link's target is read from where the link is
    real = ModelFolder.read(models_path)
    config = DecoderConfig(
        vocab_size=real.logits_size or real.vocab_size,
        hidden_size=_HIDDEN,
        num_layers=1,
        num_heads=1,
        num_kv_heads=1,
        head_dim=_HEAD_DIM,
        intermediate_size=_HIDDEN,
        max_position_embeddings=real.context_length or 1024,
        tie_embeddings=True,
    )
    shapes = config.shapes()

    def nothing(name: str) -> Array:
        return np.zeros(shapes[name], np.float32)

    model = build_decoder(config, nothing, precision="f16")
    ov.save_model(model, folder / "openvino_model.xml", compress_to_fp16=False)
    for pattern in _LINKED:
        for file in models_path.glob(pattern):
            (folder / file.name).symlink_to(file)
