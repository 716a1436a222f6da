"""PagedModel: a language model that reads a batch of sequences, with their keys and values in blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ovpipe.calculators.engine.packets import BatchRow, BlockCopy

WANTED: Final = "rows_of_the_head"
"""The input that says after which of the batch's tokens logits are wanted."""


class PagedModel:
    """A model behind OpenVINO's paged-attention transformation, compiled for a device, with its cache."""

    def __init__(self, path: Path, *, device: str, properties: Mapping[str, Any], num_kv_blocks: int) -> None:
        """Compiles `path`, an openvino_model.xml, and allocates the cache."""
        # Whoever checks a graph imports this module, and does without OpenVINO.
        import openvino as ov
        from openvino._offline_transformations import paged_attention_transformation

        self._tensor: Any = ov.Tensor
        core = ov.Core()
        model = core.read_model(path)
        paged_attention_transformation(model)
        _gather_before_the_head(model)
        compiled = core.compile_model(model, device, dict(properties))
        self._request = compiled.create_infer_request()
        self._inputs = {port.get_any_name() for port in compiled.inputs}
        self._vocabulary = compiled.output("logits").partial_shape[-1].get_length()
        self.cache_bytes = 0
        self._caches: list[Any] = []
        for port in compiled.inputs:
            name = port.get_any_name()
            if name.startswith(("key_cache.", "value_cache.")):
                # The device chose type and shape of a block when it compiled the model.
                block = [size.get_length() for size in list(port.get_partial_shape())[1:]]
                cache = ov.Tensor(port.get_element_type(), ov.Shape([num_kv_blocks, *block]))
                self.cache_bytes += cache.get_byte_size()
                self._request.set_tensor(name, cache)
                self._caches.append(cache)

    def copy_blocks(self, copies: Sequence[BlockCopy]) -> None:
        """Copies blocks of the cache onto others, in all layers."""
        sources, targets = ([*blocks] for blocks in zip(*copies, strict=True))
        for cache in self._caches:
            cache.data[targets] = cache.data[sources]

    def read(self, rows: Sequence[BatchRow]) -> NDArray[np.float32]:
        """See `ReadsBatches`."""
        if not rows:
            return np.empty((0, self._vocabulary), np.float32)
        ends = np.cumsum([len(row.tokens) for row in rows])
        begins = [0, *ends[:-1].tolist()]
        wanted = [
            begin + place for begin, row in zip(begins, rows, strict=True) for place in row.sampled_places
        ]
        wanted += [
            begin + place for begin, row in zip(begins, rows, strict=True) for place in row.scored_places
        ]
        feeds = {
            "input_ids": np.concatenate([np.asarray(row.tokens, np.int64) for row in rows]),
            "position_ids": np.concatenate(
                [np.arange(row.past, row.past + len(row.tokens), dtype=np.int64) for row in rows]
            ),
            "past_lens": np.array([row.past for row in rows], np.int32),
            "subsequence_begins": np.array([0, *ends], np.int32),
            "block_indices": np.concatenate([np.asarray(row.blocks, np.int32) for row in rows]),
            "block_indices_begins": np.cumsum([0, *(len(row.blocks) for row in rows)], dtype=np.int32),
            "max_context_len": np.array(max(row.past + len(row.tokens) for row in rows), np.int32),
            # One at least: not every device takes a head without rows.
            WANTED: np.array(wanted or [0], np.int64),
        }
        for name in self._inputs & feeds.keys():
            self._request.set_tensor(name, self._tensor(feeds[name]))
        self._request.infer()
        # The request's own memory, which the next step overwrites.
        logits: NDArray[np.float32] = self._request.get_tensor("logits").data
        return logits.reshape(-1, self._vocabulary)[: len(wanted)].astype(np.float32)


def _gather_before_the_head(model: Any) -> None:
    """Puts a Gather between the last hidden states and the head, which else makes a row for every token.

    Raises ValueError where there is no such head.
    """
    from openvino import opset13 as ops

    head = model.output("logits").get_node().input_value(0).get_node()
    while head.get_type_name() != "MatMul":
        if head.get_input_size() == 0:
            raise ValueError("the model has no product before its logits, so its head cannot be found")
        head = head.input_value(0).get_node()
    hidden = head.input_value(0)
    shape = hidden.get_partial_shape()
    # [tokens, 1, hidden] or [1, tokens, hidden]
    axis = 0 if shape[1].is_static and shape[1].get_length() == 1 else 1
    wanted = ops.parameter([-1], np.int64, name=WANTED)
    wanted.output(0).get_tensor().set_names({WANTED})
    rows = ops.gather(hidden, wanted, ops.constant(np.array(axis, np.int64)))
    head.input(0).replace_source_output(rows.output(0))
    model.add_parameters([wanted])
    model.validate_nodes_and_infer_types()
