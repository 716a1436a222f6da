"""PagedModel: a language model that reads a batch of sequences, with their keys and values in blocks."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ovpipe.calculators.engine.packets import BatchRow, BlockCopy
from ovpipe.calculators.engine.paging.paged_form import PagedForm
from ovpipe.calculators.engine.paging.step_costs import StepCosts
from ovpipe.engines.graph.lora.low_rank import Adapter
from ovpipe.engines.protocol import GenerateRequest, SamplingParams


class PagedModel:
    """A model compiled for a device in one form or two, with its cache.

    Of two, one is the better at decoding and the other at prompts. Both read and write the same cache, so a
    step takes what suits it: one of them, or each for its own rows. All rows are read by the first until
    `measure_forms` has said what each form takes.
    """

    def __init__(
        self,
        path: Path,
        *,
        device: str,
        properties: Mapping[str, Any],
        num_kv_blocks: int,
        prefill_properties: Mapping[str, Any] | None = None,
        adapters: Sequence[Adapter] = (),
    ) -> None:
        """Compiles `path`, an openvino_model.xml, and allocates the cache.

        Raises ValueError where the device would store the caches of two forms differently.
        """
        import openvino as ov

        self._decode = PagedForm(path, device=device, properties=properties, adapters=adapters)
        self._prefill: PagedForm | None = None
        if prefill_properties is not None:
            stored = _stored_as(self._decode, prefill_properties)
            self._prefill = PagedForm(
                path, device=device, properties={**prefill_properties, **stored}, adapters=adapters
            )
            _check_same_cache(self._decode, self._prefill)
        self._caches = {
            name: ov.Tensor(kind, ov.Shape([num_kv_blocks, *block]))
            for name, (kind, block) in self._decode.cache_blocks.items()
        }
        for form in self._forms:
            form.use_caches(self._caches)
        self.cache_bytes = sum(cache.get_byte_size() for cache in self._caches.values())
        self.costs: StepCosts | None = None
        """What steps take by each of two forms, once it was measured."""
        self._num_kv_blocks = num_kv_blocks

    @property
    def _forms(self) -> list[PagedForm]:
        return [self._decode] if self._prefill is None else [self._decode, self._prefill]

    def copy_blocks(self, copies: Sequence[BlockCopy]) -> None:
        """Copies blocks of the cache onto others, in all layers."""
        sources, targets = ([*blocks] for blocks in zip(*copies, strict=True))
        for cache in self._caches.values():
            cache.data[targets] = cache.data[sources]

    def read(self, rows: Sequence[BatchRow]) -> NDArray[np.float32]:
        """See `ReadsBatches`. The array holds until the model reads again."""
        if not rows:
            return np.empty((0, self._decode.vocabulary), np.float32)
        if self._prefill is None or self.costs is None:
            return self._decode.read(rows)
        decoding = [row for row in rows if decodes(row)]
        prompts = [row for row in rows if not decodes(row)]
        way = self.costs.way(_tokens(decoding), _tokens(prompts))
        if way == "both":
            return self._read_by_both(rows, decoding, prompts)
        return (self._decode if way == "decode" else self._prefill).read(rows)

    def _read_by_both(
        self, rows: Sequence[BatchRow], decoding: list[BatchRow], prompts: list[BatchRow]
    ) -> NDArray[np.float32]:
        """Each form reads its rows; the logits stand as if one had read all of them."""
        assert self._prefill is not None
        parts = {True: self._decode.read(decoding), False: self._prefill.read(prompts)}
        found = np.empty((sum(map(len, parts.values())), self._decode.vocabulary), np.float32)
        taken = {True: 0, False: 0}
        place = 0
        for row, count in _logits_in_order(rows):
            mine = decodes(row)
            found[place : place + count] = parts[mine][taken[mine] : taken[mine] + count]
            place += count
            taken[mine] += count
        return found

    def measure_forms(self) -> None:
        """Measures two forms on blocks of the cache that nobody has yet; of one there is nothing to know."""
        prefill = self._prefill
        if prefill is None:
            return
        self.costs = StepCosts.measured(
            lambda *step: _read_step(self._decode, *step),
            lambda *step: _read_step(prefill, *step),
            time.perf_counter,
            self._num_kv_blocks,
        )


def decodes(row: BatchRow) -> bool:
    """Whether a row is of a sequence that generates, so that it has a token and drafts; else of a prompt."""
    return row.samples and len(row.tokens) == 1 + len(row.drafts)


def _tokens(rows: Sequence[BatchRow]) -> int:
    return sum(len(row.tokens) for row in rows)


def _logits_in_order(rows: Sequence[BatchRow]) -> Iterator[tuple[BatchRow, int]]:
    """Of which row how many logits come one after the other."""
    for row in rows:
        yield row, len(row.sampled_places)
    for row in rows:
        yield row, len(row.scored_places)


def _read_step(form: PagedForm, decoding: int, prompt: int) -> None:
    """Has a form read so many sequences of a token, and a prompt; each begins at a block of its own."""
    begun = [_beginning([0], block) for block in range(decoding)]
    form.read([*begun, _beginning([0] * prompt, decoding)] if prompt else begun)


def _beginning(tokens: list[int], block: int) -> BatchRow:
    """A whole sequence. It has more blocks than it needs: as many as tokens, from this one on."""
    request = GenerateRequest(0, tokens, SamplingParams(max_tokens=1))
    blocks = range(block, block + len(tokens))
    return BatchRow(
        request=request, seed=0, tokens=tokens, past=0, blocks=blocks, length=len(tokens), history=tokens
    )


def _stored_as(form: PagedForm, properties: Mapping[str, Any]) -> dict[str, str]:
    """The property that has another form store its cache as this one does, unless the user says how."""
    if any(name in properties for name in ("KV_CACHE_PRECISION", "KEY_CACHE_PRECISION")):
        return {}
    kind, _ = next(iter(form.cache_blocks.values()))
    return {"KV_CACHE_PRECISION": kind.get_type_name()}


def _check_same_cache(first: PagedForm, second: PagedForm) -> None:
    for name, (kind, block) in first.cache_blocks.items():
        other, theirs = second.cache_blocks[name]
        if (kind, block) != (other, theirs):
            stored = f"{kind.get_type_name()} {list(block)}", f"{other.get_type_name()} {list(theirs)}"
            raise ValueError(
                f"two forms of the model cannot share their cache: {name} has blocks of {stored[0]} in the "
                f"form that decodes and of {stored[1]} in the other; "
                "set prefill_precision to same, or KV_CACHE_PRECISION in plugin_config"
            )
