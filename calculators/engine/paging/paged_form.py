"""PagedForm: a language model compiled in one way for a device, behind OpenVINO's paged attention."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ovpipe.calculators.engine.packets import BatchRow
from ovpipe.engines.graph.lora.low_rank import Adapter
from ovpipe.engines.graph.lora.side_products import ADAPTER_OF_TOKEN, add_adapters

WANTED: Final = "rows_of_the_head"
"""The input that says after which of the batch's tokens logits are wanted."""


class PagedForm:
    """One compiled model. It has no cache of its own: several forms may read and write the same."""

    def __init__(
        self, path: Path, *, device: str, properties: Mapping[str, Any], adapters: Sequence[Adapter] = ()
    ) -> None:
        """Compiles `path`, an openvino_model.xml."""
        # Whoever checks a graph imports this module, and does without OpenVINO.
        import openvino as ov
        from openvino._offline_transformations import paged_attention_transformation

        self._tensor: Any = ov.Tensor
        core = ov.Core()
        model = core.read_model(path)
        paged_attention_transformation(model)
        if adapters:
            add_adapters(model, adapters)
        self._adapters = [adapter.name for adapter in adapters]
        _gather_before_the_head(model)
        compiled = core.compile_model(model, device, dict(properties))
        self._request = compiled.create_infer_request()
        self._inputs = {port.get_any_name() for port in compiled.inputs}
        self.vocabulary: int = compiled.output("logits").partial_shape[-1].get_length()
        self.cache_blocks: dict[str, tuple[Any, tuple[int, ...]]] = {}
        """Element type and shape of a block of each cache, which the device chose when it compiled."""
        for port in compiled.inputs:
            name = port.get_any_name()
            if name.startswith(("key_cache.", "value_cache.")):
                shape = tuple(size.get_length() for size in list(port.get_partial_shape())[1:])
                self.cache_blocks[name] = port.get_element_type(), shape

    def use_caches(self, caches: Mapping[str, Any]) -> None:
        """Reads and writes these tensors from now on."""
        for name, cache in caches.items():
            self._request.set_tensor(name, cache)

    def read(self, rows: Sequence[BatchRow]) -> NDArray[np.float32]:
        """See `ReadsBatches`. The array is the form's own, and holds until the form reads again."""
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
        if self._adapters:
            feeds[ADAPTER_OF_TOKEN] = adapters_of_tokens(rows, self._adapters)
        for name in self._inputs & feeds.keys():
            self._request.set_tensor(name, self._tensor(feeds[name]))
        self._request.infer()
        logits: NDArray[np.float32] = self._request.get_tensor("logits").data
        # A copy of 32 rows of 151,936 takes 3 ms of a step. Whoever writes to them learns at once not to.
        found = logits.reshape(-1, self.vocabulary)[: len(wanted)].astype(np.float32, copy=False)
        found.flags.writeable = False
        return found


def adapters_of_tokens(rows: Sequence[BatchRow], adapters: Sequence[str]) -> NDArray[np.float32]:
    """Which adapter each token of the rows has, by a 1: [tokens, adapters]."""
    chosen = np.zeros((len(rows), len(adapters)), np.float32)
    for number, row in enumerate(rows):
        if row.request.adapter is not None:
            chosen[number, adapters.index(row.request.adapter)] = 1
    return np.repeat(chosen, [len(row.tokens) for row in rows], axis=0)


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
