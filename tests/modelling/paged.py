"""A model behind OpenVINO's paged-attention transformation, run token batch by token batch."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino._offline_transformations import paged_attention_transformation

from tests.modelling.stateful import F32

BLOCK = 32
"""How many tokens a block of the CPU plugin's cache holds."""


@dataclass
class Sequence:
    """The tokens so far and where the cache keeps them."""

    blocks: list[int]
    past: int = 0
    fresh: list[int] = field(default_factory=list)


class PagedModel:
    """Runs several sequences in one call, as continuous batching does."""

    def __init__(self, model: ov.Model, blocks: int = 16) -> None:
        paged_attention_transformation(model)
        model.validate_nodes_and_infer_types()
        compiled = ov.Core().compile_model(model, "CPU", F32)
        self._request = compiled.create_infer_request()
        self._inputs = {port.get_any_name() for port in compiled.inputs}
        self._free = list(range(blocks))
        for port in compiled.inputs:
            name = port.get_any_name()
            if name.startswith(("key_cache.", "value_cache.")):
                shape = [blocks, *(size.get_length() for size in list(port.get_partial_shape())[1:])]
                self._request.set_tensor(name, ov.Tensor(port.get_element_type(), ov.Shape(shape)))

    def sequence(self, tokens: int) -> Sequence:
        """A new sequence with room for so many tokens."""
        return Sequence([self._free.pop() for _ in range(-(-tokens // BLOCK))])

    def logits(self, *batch: tuple[Sequence, list[int]]) -> list[NDArray[np.float32]]:
        """Logits [new tokens, vocab] after each new token of each sequence."""
        ids: list[int] = []
        positions: list[int] = []
        blocks: list[int] = []
        begins, block_begins = [0], [0]
        for sequence, new in batch:
            ids += new
            positions += range(sequence.past, sequence.past + len(new))
            begins.append(len(ids))
            blocks += sequence.blocks
            block_begins.append(len(blocks))
        whole = [sequence.past + len(new) for sequence, new in batch]
        feeds = {
            "input_ids": np.array(ids, np.int64),
            "position_ids": np.array(positions, np.int64),
            "past_lens": np.array([sequence.past for sequence, _ in batch], np.int32),
            "subsequence_begins": np.array(begins, np.int32),
            "block_indices": np.array(blocks, np.int32),
            "block_indices_begins": np.array(block_begins, np.int32),
            "max_context_len": np.array(max(whole), np.int32),
        }
        for name in self._inputs & feeds.keys():
            self._request.set_tensor(name, ov.Tensor(feeds[name]))
        self._request.infer()
        found = self._request.get_tensor("logits").data
        rows = found.reshape(-1, found.shape[-1]).copy()
        for (sequence, _), length in zip(batch, whole, strict=True):
            sequence.past = length
        return [rows[start:end] for start, end in pairwise(begins)]
