"""The core on openvino-genai's ContinuousBatchingPipeline.

What openvino-genai 2026.4.1 does to those who do not know it is noted where it is kept from
happening. All of it was measured.
"""

from __future__ import annotations

import itertools
import logging
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import openvino as ov
import openvino_genai

from ovpipe.engines.admission import check_request
from ovpipe.engines.genai_options import GenaiOptions
from ovpipe.engines.kv_cache import CachePlan, plan_cache
from ovpipe.engines.model_folder import ModelFolder
from ovpipe.engines.native_errors import plain_message
from ovpipe.engines.protocol import (
    Delta,
    EngineInfo,
    EngineStats,
    FinishReason,
    GenerateRequest,
    Progress,
    Refused,
    RequestRefused,
)
from ovpipe.engines.warm_up import warm_up

_GREEDY_BELOW = 1e-6
"""Temperatures under this pick the likeliest token anyway, and would be 0 in float32 soon after."""

_log = logging.getLogger("ovpipe.engine.genai")

_Finish = openvino_genai.GenerationFinishReason
_Status = openvino_genai.GenerationStatus


def load_genai_core(options: dict[str, Any], report: Callable[[Progress], None]) -> GenaiCore:
    """Loads the model that the options name and warms it up."""
    typed = msgspec.convert(options, GenaiOptions)
    report(Progress(phase="load", detail=f"reading {typed.models_path}"))
    model = ModelFolder.read(Path(typed.models_path))
    cache = plan_cache(
        model,
        device=typed.device,
        plugin_config=typed.plugin_config,
        cache_size=typed.cache_size,
        num_kv_blocks=typed.num_kv_blocks,
        max_num_seqs=typed.max_num_seqs,
    )
    report(Progress(phase="load", detail=cache.describe()))
    report(Progress(phase="load", detail=f"compiling for {typed.device}"))
    core = GenaiCore(typed, model, cache)
    warm_up(core, report)
    core.reset_counts()
    if core.measured_cache_bytes not in (0, core.info.cache_bytes):
        _log.warning(
            "the KV cache takes %d bytes; %d were reckoned", core.measured_cache_bytes, core.info.cache_bytes
        )
    return core


class _Sequence:
    """A live request: what was asked, what came so far, and genai's handle on it."""

    def __init__(self, request: GenerateRequest, seed: int) -> None:
        self.request = request
        self.seed = seed
        self.generated: list[int] = []
        self.handle: Any = None


class GenaiCore:
    """Implements `protocol.EngineCore`. Not for two threads."""

    def __init__(self, options: GenaiOptions, model: ModelFolder, cache: CachePlan) -> None:
        # The first uses of Tensor.data, when from several threads at once, can deadlock. So: one here.
        _ = ov.Tensor(np.zeros((1, 1), np.int64)).data
        scheduler = openvino_genai.SchedulerConfig()
        scheduler.num_kv_blocks = cache.num_kv_blocks
        scheduler.max_num_batched_tokens = options.max_num_batched_tokens
        # genai refuses more sequences than tokens in a batch; there is no such batch anyway.
        max_num_seqs = min(options.max_num_seqs, options.max_num_batched_tokens)
        scheduler.max_num_seqs = max_num_seqs
        scheduler.dynamic_split_fuse = options.dynamic_split_fuse
        scheduler.enable_prefix_caching = options.enable_prefix_caching
        self._pipeline: Any = openvino_genai.ContinuousBatchingPipeline(
            str(model.path), scheduler, options.device, options.plugin_config
        )
        self._stop_ids = self._all_eos_ids(model)
        self.info = EngineInfo(
            core="genai",
            device=options.device,
            context_length=model.context_length,
            vocab_size=model.vocab_size,
            eos_token_ids=sorted(self._stop_ids),
            num_kv_blocks=cache.num_kv_blocks,
            block_size=cache.block_size,
            cache_bytes=cache.num_kv_blocks * cache.bytes_per_block,
            max_num_seqs=max_num_seqs,
            max_num_batched_tokens=options.max_num_batched_tokens,
            dynamic_split_fuse=options.dynamic_split_fuse,
            generation_config=model.generation_config,
        )
        # Requests by id in the order of their coming: those genai has, and those that wait for their turn.
        # (With dynamic_split_fuse genai itself would run any number, whatever max_num_seqs is.)
        self._running: dict[int, _Sequence] = {}
        self._waiting: dict[int, _Sequence] = {}
        # genai's own ids: a duplicate would poison it, and a request that is resumed needs a second one.
        self._handle_ids = itertools.count(1)
        self._steps = 0
        self._generated_tokens = 0
        self._prompt_tokens = 0
        self._max_running = 0

    def add(self, request: GenerateRequest) -> None:
        """Takes the request into the next step's batch, or into the queue; or raises `RequestRefused`."""
        check_request(request, self.info)
        if request.id in self._running or request.id in self._waiting:
            raise RequestRefused(f"request {request.id} is in the engine already")
        seed = request.sampling.seed
        # genai would give every request without a seed the same one, 0. It uses 32 bits of it.
        sequence = _Sequence(request, secrets.randbits(32) if seed is None else seed % 2**32)
        self._waiting[request.id] = sequence
        self._prompt_tokens += len(request.prompt)

    def cancel(self, request_id: int) -> None:
        """Forgets a request; genai frees its cache in the next steps."""
        self._waiting.pop(request_id, None)
        sequence = self._running.pop(request_id, None)
        if sequence is not None:
            sequence.handle.cancel()

    def step(self) -> Sequence[Delta | Refused]:
        """Moves every running request on by a token, or its prompt by a chunk."""
        outcomes: list[Delta | Refused] = self._submit_waiting()
        self._pipeline.step()
        self._steps += 1
        self._max_running = max(self._max_running, self._pipeline.get_metrics().scheduled_requests)
        for sequence in list(self._running.values()):
            outcome = self._read(sequence)
            if outcome is None:
                continue
            outcomes.append(outcome)
            if isinstance(outcome, Refused) or outcome.finish is not None:
                del self._running[sequence.request.id]
        return outcomes

    def stats(self) -> EngineStats:
        """Figures as of the last step."""
        metrics = self._pipeline.get_metrics()
        return EngineStats(
            num_requests=len(self._running) + len(self._waiting),
            num_running=metrics.scheduled_requests,
            max_running=self._max_running,
            kv_cache_usage=metrics.cache_usage / 100,
            steps=self._steps,
            generated_tokens=self._generated_tokens,
            prompt_tokens=self._prompt_tokens,
        )

    @property
    def measured_cache_bytes(self) -> int:
        """The cache's size by genai's account; 0 before the first step."""
        return int(self._pipeline.get_metrics().kv_cache_size_in_bytes)

    def reset_counts(self) -> None:
        """Forgets what was counted so far, of the warm-up that is."""
        self._steps = self._generated_tokens = self._prompt_tokens = self._max_running = 0

    # --- genai's side

    def _submit_waiting(self) -> list[Delta | Refused]:
        """Fills the places that are free, first come first served. Returns those genai does not take."""
        refused: list[Delta | Refused] = []
        while self._waiting and len(self._running) < self.info.max_num_seqs:
            request_id = next(iter(self._waiting))
            sequence = self._waiting.pop(request_id)
            try:
                self._submit(sequence)
            except RequestRefused as refusal:
                refused.append(Refused(request_id, str(refusal)))
            else:
                self._running[request_id] = sequence
        return refused

    def _submit(self, sequence: _Sequence) -> None:
        """Hands a sequence to genai, from where it stands. Raises `RequestRefused`."""
        tokens = np.array([sequence.request.prompt + sequence.generated], np.int64)
        config = self._generation_config(sequence)
        try:
            sequence.handle = self._pipeline.add_request(next(self._handle_ids), ov.Tensor(tokens), config)
        except (RuntimeError, TypeError, ValueError) as error:  # its own checks; nothing was added
            raise RequestRefused(plain_message(error)) from error

    def _generation_config(self, sequence: _Sequence) -> Any:
        sampling = sequence.request.sampling
        config = openvino_genai.GenerationConfig()
        config.max_new_tokens = sampling.max_tokens - len(sequence.generated)
        config.ignore_eos = sampling.ignore_eos  # of stop_token_ids, too
        # genai honours a list in generation_config.json, and nothing that config.json says.
        config.stop_token_ids = self._stop_ids
        config.repetition_penalty = sampling.repetition_penalty
        if sampling.temperature >= _GREEDY_BELOW:
            config.do_sample = True
            config.temperature = sampling.temperature
            config.top_p = sampling.top_p
            if sampling.top_k != -1:
                config.top_k = sampling.top_k
            config.rng_seed = sequence.seed
        return config

    def _all_eos_ids(self, model: ModelFolder) -> set[int]:
        """What the folder states and what genai found, in the tokenizer for one."""
        found = self._pipeline.get_config()
        ids = {*model.eos_token_ids, *found.stop_token_ids, found.eos_token_id}
        # genai says -1 for none; an id out of range would be read out of the logits' bounds.
        return {token for token in ids if 0 <= token < model.vocab_size}

    def _read(self, sequence: _Sequence) -> Delta | Refused | None:
        """What the last step brought for one sequence: tokens, the end, nothing yet."""
        handle = sequence.handle
        tokens: list[int] = []
        finish: FinishReason | None = None
        while handle.can_read():  # read() on an empty queue would block for ever, with the GIL held
            for output in handle.read().values():  # one, or none at all where it was dropped
                tokens += output.generated_ids
                if output.finish_reason != _Finish.NONE:
                    finish = "length" if output.finish_reason == _Finish.LENGTH else "stop"
        sequence.generated += tokens
        self._generated_tokens += len(tokens)
        if finish is None and handle.get_status() != _Status.RUNNING:
            refusal = self._resume(sequence)
            if refusal is not None:
                return refusal
        if not tokens and finish is None:
            return None
        return Delta(sequence.request.id, tokens, len(sequence.generated), finish)

    def _resume(self, sequence: _Sequence) -> Refused | None:
        """Starts a sequence anew that genai has dropped, with what it has generated as its prompt.

        genai marks every request IGNORED when a step can schedule none: when all that was scheduled is
        cancelled at once and its blocks, which come free after the step, are what the others wait for.
        Nothing is wrong with those. (With sampling, the random numbers of the rest are other ones.)
        """
        status = sequence.handle.get_status().name
        length = len(sequence.request.prompt) + len(sequence.generated)
        if not self.info.dynamic_split_fuse and length > self.info.max_num_batched_tokens:
            return Refused(
                sequence.request.id,
                f"the KV cache was full and the request was dropped ({status})",
                transient=True,
            )
        try:
            self._submit(sequence)
        except RequestRefused as refusal:
            return Refused(sequence.request.id, f"the request was dropped ({status}): {refusal}")
        return None
