"""Writes the model folder: python -m examples.tiny_chat.export FOLDER [--to ovpipe/models/tiny-chat]

Reads FOLDER/vocabulary.json and FOLDER/checkpoint.pt; beside the model it records what the network says,
for the test that compares them. Needs PyTorch: pip install 'ovpipe[train]'.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer

from examples.tiny_chat.training.network import Network
from examples.tiny_chat.training.recording import Recording, recorded_ids
from examples.tiny_chat.training.rendering import END, PAD, Renderer
from examples.tiny_chat.training.shape import SHAPE
from examples.tiny_chat.training.vocabulary import Vocabulary
from ovpipe.modelling.decoder import build_decoder
from ovpipe.modelling.folder import write_model_folder
from ovpipe.modelling.levels import int8_levels
from ovpipe.modelling.tokenizer import build_tokenizer
from ovpipe.modelling.weights import Array

HERE = Path(__file__).parent
SHIPPED = HERE.parents[1] / "ovpipe" / "models" / "tiny-chat"
RECORDED = HERE / "tests" / "recorded_logits.npz"


def export(
    folder: Annotated[Path, typer.Argument(help="Where the checkpoint is.")],
    to: Annotated[Path, typer.Option(help="The model folder.")] = SHIPPED,
    recording: Annotated[Path, typer.Option(help="Where to record what the network says.")] = RECORDED,
) -> None:
    """Weights become 8-bit integers; a README.md in the model folder stays as it is."""
    content: dict[str, Any] = torch.load(folder / "checkpoint.pt", weights_only=True)
    weights = {name: values.float().numpy() for name, values in content["network"].items()}
    vocabulary, renderer = Vocabulary.load(folder / "vocabulary.json"), Renderer()
    tokenizer, detokenizer = build_tokenizer(
        vocabulary.pairs, eos=END, pad=PAD, chat_template=renderer.source, words=vocabulary.pattern
    )
    write_model_folder(
        to,
        model=build_decoder(SHAPE, weights.__getitem__, precision="int8", adapters=True),
        tokenizer=tokenizer,
        detokenizer=detokenizer,
        config=SHAPE,
        eos_token=END,
        pad_token=PAD,
        chat_template=renderer.source,
        generation_config={"temperature": 0},
    )
    record(weights, vocabulary, renderer).save(recording)


def record(weights: dict[str, Array], vocabulary: Vocabulary, renderer: Renderer) -> Recording:
    """What the network says, in f32, with its weights as they ship."""
    ids = [np.array(one, np.int64) for one in recorded_ids(vocabulary, renderer)]
    rounded = {name: as_shipped(values) for name, values in weights.items()}
    likeliest = [logits.argmax(-1) for logits in _logits(weights, ids)]
    return Recording(ids, _logits(rounded, ids), likeliest)


def as_shipped(values: Array) -> Array:
    """A parameter as it comes back from 8 bits; norms are not rounded."""
    if values.ndim == 1:
        return values
    levels = int8_levels(values)
    return levels.numbers.astype(np.float32) * levels.scales[..., 0].astype(np.float32)


@torch.no_grad()
def _logits(weights: dict[str, Array], ids: list[np.ndarray[Any, Any]]) -> list[Array]:
    network = Network(SHAPE).eval()
    network.load_state_dict({name: torch.from_numpy(values) for name, values in weights.items()})
    return [network(torch.from_numpy(one)[None])[0].numpy() for one in ids]


if __name__ == "__main__":
    typer.run(export)
