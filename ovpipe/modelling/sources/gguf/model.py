"""A GGUF file as the source of a model."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ovpipe.modelling.sources.gguf.blocks import StoredBlocks, blocks_of
from ovpipe.modelling.sources.gguf.config_json import config_json, family_of
from ovpipe.modelling.sources.gguf.file import GgufFile, Rows
from ovpipe.modelling.sources.gguf.names import hugging_face_names
from ovpipe.modelling.sources.gguf.token_ids import token_ids
from ovpipe.modelling.sources.model_source import BrokenModel
from ovpipe.modelling.tokenizing.gguf import tokenizer_config_of_gguf, tokenizer_of_gguf
from ovpipe.modelling.weights import Array

_ALL = slice(None)


@dataclass(frozen=True)
class _Part:
    """Rows of a tensor, which are a parameter."""

    tensor: str
    rows: Rows


class GgufModel:
    """Opening it reads the header; the weights when one asks for them.

    Parameters are those of Hugging Face's checkpoint: the converter's changes are undone.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = GgufFile(path)
        self._family = family_of(self.file)
        self.config: Mapping[str, Any] = config_json(self.file)

    @property
    def tokenizer(self) -> Mapping[str, Any]:
        """The content of tokenizer.json."""
        return tokenizer_of_gguf(self.file.metadata)

    @property
    def tokenizer_config(self) -> Mapping[str, Any]:
        """What of tokenizer_config.json the metadata say: special tokens and chat templates."""
        return tokenizer_config_of_gguf(self.file.metadata)

    @property
    def generation_config(self) -> Mapping[str, Any]:
        """The ids of the tokens that begin and end an answer."""
        return token_ids(self.file.metadata)

    @property
    def names(self) -> Collection[str]:
        """The parameters there are."""
        return self._parts.keys()

    def kind(self, name: str) -> str:
        """The type that a parameter has in the file, as ggml names it."""
        return self.file.tensors[self._parts[name].tensor].kind

    def blocks(self, name: str) -> StoredBlocks:
        """A parameter of one of the types whose numbers are kept, as it stands in the file."""
        part = self._parts[name]
        return blocks_of(self.kind(name), self.file.blocks(part.tensor, part.rows))

    def tensor(self, name: str) -> Array:
        """A parameter as f32."""
        part = self._parts[name]
        values = self.file.values(part.tensor, part.rows)
        if self._family.norms_plus_one and name.endswith("norm.weight"):
            values -= np.float32(1)
        return values

    @cached_property
    def _parts(self) -> dict[str, _Part]:
        """Where each parameter is."""
        parts: dict[str, _Part] = {}
        for tensor, name in hugging_face_names(self.file.tensors, self._family.names).items():
            for piece, rows in self._pieces(tensor, name):
                if piece in parts:
                    raise BrokenModel(self.path, f"has {piece} in {parts[piece].tensor} and in {tensor}")
                parts[piece] = _Part(tensor, rows)
        return parts

    def _pieces(self, tensor: str, name: str) -> Iterator[tuple[str, Rows]]:
        """The parameters that a tensor holds, and their rows in their order."""
        module, _, kind = name.rpartition(".")
        layer, _, projection = module.rpartition(".")
        heads = {
            "q_proj": self.config["num_attention_heads"],
            "k_proj": self.config["num_key_value_heads"],
            "v_proj": self.config["num_key_value_heads"],
        }
        if projection in heads:
            joined = {projection: heads[projection]}
        elif projection == "qkv_proj" and self.config["model_type"] != "phi3":
            joined = heads
        else:
            yield name, _ALL
            return
        shape, width = self.file.tensors[tensor].shape, self.config["head_dim"]
        if shape[0] != sum(joined.values()) * width:
            raise BrokenModel(
                self.path,
                f"has {tensor} of shape {shape}, which is not {sum(joined.values())} heads of {width}",
            )
        start = 0
        for one, count in joined.items():
            yield f"{layer}.{one}.{kind}", self._rows(one, start, count)
            start += count * width

    def _rows(self, projection: str, start: int, heads: int) -> Rows:
        """The rows of a projection's heads, from the tensor's row `start` on."""
        width = self.config["head_dim"]
        if projection == "v_proj" or not self._family.pairs_in_turn:
            return slice(start, start + heads * width)
        order = np.arange(start, start + heads * width).reshape(heads, width // 2, 2)
        return order.swapaxes(1, 2).reshape(-1)
