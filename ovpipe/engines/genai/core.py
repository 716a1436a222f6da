"""The core on openvino-genai's ContinuousBatchingPipeline.

openvino-genai 2026.4.1 fails in ways that its documentation does not mention. Each is noted beside the code
that avoids it. All of them were measured.
"""

from __future__ import annotations

import itertools
import logging
import secrets
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import numpy as np
import openvino as ov
import openvino_genai

from ovpipe.engines.admission import check_request
from ovpipe.engines.fingerprint import fingerprint
from ovpipe.engines.genai.admission_queue import Demand, WaitingQueue
from ovpipe.engines.genai.capabilities import capabilities_of
from ovpipe.engines.genai.kept_grammars import KeptGrammars
from ovpipe.engines.genai.options import GenaiOptions
from ovpipe.engines.genai.pipeline import most_sequences, open_pipeline
from ovpipe.engines.genai.prompt_reading import read_next
from ovpipe.engines.genai.reservations import demand_of, whole_room
from ovpipe.engines.genai.sampling import SpeculativeDecoding, generation_config
from ovpipe.engines.genai.sequence import LiveSequence
from ovpipe.engines.kv_cache.plan import CachePlan
from ovpipe.engines.messages import Reading, Refused
from ovpipe.engines.model_folder import ModelFolder
from ovpipe.engines.precision.candidates import inference_precision
from ovpipe.engines.process.native_errors import plain_message
from ovpipe.engines.process.poison import Poisoned, PoisonedByGrammar
from ovpipe.engines.protocol import Delta, EngineInfo, EngineStats, GenerateRequest, RequestRefused

_log = logging.getLogger("ovpipe.engine.genai")


class GenaiCore:
    """Implements `backend.EngineCore`. Not for two threads."""

    def __init__(self, options: GenaiOptions, model: ModelFolder, cache: CachePlan) -> None:
        # The first uses of Tensor.data, when from several threads at once, can deadlock. So: one here.
        _ = ov.Tensor(np.zeros((1, 1), np.int64)).data
        self._options = options
        self._pipeline: Any = open_pipeline(options, num_kv_blocks=cache.num_kv_blocks)
        self._eos_ids = self._all_eos_ids(model)
        precision = inference_precision(options.device, options.device_properties)
        self.info = EngineInfo(
            core="genai",
            device=options.device,
            context_length=model.context_length,
            vocab_size=model.vocab_size,
            eos_token_ids=sorted(self._eos_ids),
            num_kv_blocks=cache.num_kv_blocks,
            block_size=cache.block_size,
            cache_bytes=cache.num_kv_blocks * cache.bytes_per_block,
            max_num_seqs=most_sequences(options),
            max_num_batched_tokens=options.max_num_batched_tokens,
            dynamic_split_fuse=options.dynamic_split_fuse,
            capabilities=capabilities_of(options),
            speculation=options.speculation,
            precision=precision,
            settled=_settled(options),
            fingerprint=fingerprint(_settings(options, precision), model.path),
            generation_config=model.generation_config,
        )
        # Requests by id in the order of their coming: those genai has, and those that wait for their turn.
        # (With dynamic_split_fuse genai itself would run any number, whatever max_num_seqs is.)
        self._running: dict[int, LiveSequence] = {}
        self._waiting: WaitingQueue[LiveSequence] = WaitingQueue()
        self._room = whole_room(self.info, options)
        self._leaving: list[Demand] = []
        """Of requests given up since the last step: genai frees their blocks at the end of the next one."""
        # genai's own ids: a duplicate would poison it, and a request that is resumed needs a second one.
        self._handle_ids = itertools.count(1)
        self._report: Callable[[Reading], None] | None = None
        self._grammars = KeptGrammars(options.grammar_memory)
        self._steps = 0
        self._generated_tokens = 0
        self._prompt_tokens = 0
        self._max_running = 0

    def add(self, request: GenerateRequest) -> None:
        """Takes the request into the next step's batch, or into the queue; or raises `RequestRefused`."""
        sampling = request.sampling
        check_request(request, self.info)
        if request.id in self._running or request.id in self._waiting:
            raise RequestRefused(f"request {request.id} is in the engine already")
        # genai would give every request without a seed the same one, 0.
        seed = secrets.randbits(32) if sampling.seed is None else sampling.seed
        speculation = SpeculativeDecoding.of(sampling, self._options)
        demand = demand_of(request, speculation, self.info, self._options)
        self._waiting.add(request.id, LiveSequence(request, seed, speculation, demand), request.priority)
        self._prompt_tokens += len(request.prompt)

    def cancel(self, request_id: int) -> None:
        """Forgets a request; genai frees its cache in the next steps."""
        self._waiting.remove(request_id)
        if request_id in self._running:
            sequence = self._running.pop(request_id)
            sequence.handle.cancel()
            self._leaving.append(sequence.demand)

    def step(self) -> Sequence[Delta | Refused]:
        """Moves every running request on by a token, or its prompt by a chunk."""
        outcomes: list[Delta | Refused] = self._submit_waiting()
        self._report_reading()
        unbegun = [sequence for sequence in self._running.values() if not sequence.generated]
        try:
            with self._grammars.step(sequence.request.sampling.grammar for sequence in unbegun):
                self._pipeline.step()
        except RuntimeError as error:
            raise self._blame(error) from error
        while self._leaving:
            self._room.give_back(self._leaving.pop())
        self._steps += 1
        self._max_running = max(self._max_running, self._pipeline.get_metrics().scheduled_requests)
        for sequence in list(self._running.values()):
            outcome = self._outcome_alone(sequence)
            if outcome is None:
                continue
            outcomes.append(outcome)
            if isinstance(outcome, Refused):
                self._leaving.append(self._running.pop(sequence.request.id).demand)
            elif outcome.finish is not None:
                self._room.give_back(self._running.pop(sequence.request.id).demand)
        for sequence in unbegun:
            if sequence.generated:
                self._grammars.begun(sequence.request.sampling.grammar)
        return outcomes

    def stats(self) -> EngineStats:
        """Counts as of the last step."""
        metrics = self._pipeline.get_metrics()
        return EngineStats(
            num_requests=len(self._running) + len(self._waiting),
            num_running=metrics.scheduled_requests,
            batch_rows=metrics.scheduled_requests,
            max_running=self._max_running,
            kv_cache_usage=metrics.cache_usage / 100,
            steps=self._steps,
            generated_tokens=self._generated_tokens,
            prompt_tokens=self._prompt_tokens,
            worn_out="grammars" if self._grammars.too_large else "",
        )

    @property
    def measured_cache_bytes(self) -> int:
        """The cache's size by genai's account, without a draft model's; 0 before the first step."""
        return int(self._pipeline.get_metrics().kv_cache_size_in_bytes)

    def begin_service(self, report: Callable[[Reading], None]) -> None:
        """Forgets what was counted so far, of the warm-up that is, and reports from now on what it reads."""
        self._report = report
        self._steps = self._generated_tokens = self._prompt_tokens = self._max_running = 0

    # --- the queue

    def _submit_waiting(self) -> list[Delta | Refused]:
        """Hands on those at the head of the queue, as far as there is room. Returns those genai refuses."""
        refused: list[Delta | Refused] = []
        while (sequence := self._waiting.first()) is not None and self._room.has(sequence.demand):
            request_id = sequence.request.id
            self._waiting.remove(request_id)
            try:
                self._submit(sequence)
            except RequestRefused as refusal:
                refused.append(Refused(request_id, str(refusal)))
            else:
                self._running[request_id] = sequence
                self._room.take(sequence.demand)
        return refused

    def _report_reading(self) -> None:
        """Reports each request whose prompt the next step begins to read."""
        if all(sequence.is_read for sequence in self._running.values()):
            return
        free = round(self.info.num_kv_blocks * (1 - self._pipeline.get_metrics().cache_usage / 100))
        for sequence in read_next(self._running.values(), self.info, free):
            if not sequence.reading:
                sequence.reading = True
                if self._report is not None:
                    self._report(Reading(sequence.request.id))

    # --- genai's side

    def _submit(self, sequence: LiveSequence) -> None:
        """Hands a sequence to genai, from where it stands. Raises `RequestRefused`."""
        tokens = np.array([sequence.request.prompt + sequence.generated], np.int64)
        try:
            config = generation_config(
                sequence.request.sampling,
                eos_ids=self._eos_ids,
                vocab_size=self.info.vocab_size,
                seed=sequence.seed,
                generated=len(sequence.generated),
                speculation=sequence.speculation,
            )
            sequence.handle = self._pipeline.add_request(next(self._handle_ids), ov.Tensor(tokens), config)
        except (
            RuntimeError,
            TypeError,
            ValueError,
            OverflowError,
        ) as error:  # its own checks; nothing was added
            raise RequestRefused(plain_message(error)) from error

    def _all_eos_ids(self, model: ModelFolder) -> set[int]:
        """What the folder states and what genai found, in the tokenizer for one."""
        found = self._pipeline.get_config()
        ids = {*model.eos_token_ids, *found.stop_token_ids, found.eos_token_id}
        # genai says -1 for none; an id out of range would be read out of the logits' bounds.
        return {token for token in ids if 0 <= token < model.vocab_size}

    def _blame(self, error: RuntimeError) -> Poisoned:
        """What a step's failure is raised as. The error names no request.

        One that has tokens is not suspected. genai reads a grammar before its first token, and that an error
        is about one shows in the names of its sources' files.
        """
        unbegun = [sequence.request for sequence in self._running.values() if not sequence.generated]
        with_grammar = [request.id for request in unbegun if request.sampling.grammar is not None]
        if "xgrammar" in str(error) and with_grammar:
            return PoisonedByGrammar(plain_message(error), with_grammar)
        return Poisoned(plain_message(error), [request.id for request in unbegun])

    def _outcome_alone(self, sequence: LiveSequence) -> Delta | Refused | None:
        """The same as `_outcome`; when that fails, this sequence alone is refused. The step was sound."""
        try:
            return self._outcome(sequence)
        except Exception as error:
            _log.exception("request %d: what it brought cannot be read", sequence.request.id)
            sequence.handle.cancel()
            return Refused(sequence.request.id, f"what it brought cannot be read: {error}")

    def _outcome(self, sequence: LiveSequence) -> Delta | Refused | None:
        """What the last step brought for one sequence."""
        delta = sequence.read()
        if delta is not None:
            self._generated_tokens += len(delta.tokens) + sum(len(beam.tokens) for beam in delta.beams)
            if delta.finish is not None:
                return delta
        return (self._resume(sequence) or delta) if sequence.dropped else delta

    def _resume(self, sequence: LiveSequence) -> Refused | None:
        """Starts a sequence anew that genai has dropped, with what it has generated as its prompt.

        One that is dropped again and again without a token in between is given up in the end.

        genai marks every request IGNORED when a step can schedule none: when all that was scheduled is
        cancelled at once and its blocks, which come free after the step, are what the others wait for.
        Nothing is wrong with those. (With sampling, the random numbers of the rest are other ones.)
        """
        status = sequence.handle.get_status().name
        resumable = sequence.rewind()
        length = len(sequence.request.prompt) + len(sequence.generated)
        too_long = not self.info.dynamic_split_fuse and length > self.info.max_num_batched_tokens
        if too_long or not resumable:
            return Refused(
                sequence.request.id,
                f"the KV cache was full and the request was dropped ({status})",
                transient=True,
            )
        try:
            self._submit(sequence)
        except RequestRefused as refusal:
            return Refused(
                sequence.request.id, f"the request was dropped ({status}): {refusal}", transient=True
            )
        return None


def _settled(options: GenaiOptions) -> dict[str, Any]:
    """What a later life of the engine is not to choose again."""
    chosen = {"precision": options.precision, "kv_cache_precision": options.kv_cache_precision}
    return {name: value for name, value in chosen.items() if value not in ("auto", None)}


def _settings(options: GenaiOptions, precision: str) -> dict[str, Any]:
    """All that decides over answers beside the model; `precision` is what it computes in, whoever said so."""
    return {
        **msgspec.to_builtins(options),
        "precision": precision,
        "openvino_genai": openvino_genai.__version__,
    }
