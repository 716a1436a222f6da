"""GraphCore: an engine whose step is a run of a graph's streaming nodes."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Protocol

from ovpipe.engine_graph.node_capabilities import capabilities_of, effective_nodes
from ovpipe.engine_graph.requested_processors import RequestedProcessors
from ovpipe.engine_graph.step_runs import OUTPUT, StepRuns
from ovpipe.engine_graph.step_tracer import ReadRow, StepTracer
from ovpipe.engines.admission import check_request
from ovpipe.engines.graph.capabilities import ALL
from ovpipe.engines.graph.model_facts import ModelFacts
from ovpipe.engines.graph.options import GraphCoreOptions
from ovpipe.engines.graph.step import Deltas, StepCommands
from ovpipe.engines.messages import Refused
from ovpipe.engines.precision.candidates import inference_precision
from ovpipe.engines.process.poison import Poisoned
from ovpipe.engines.protocol import (
    Delta,
    EngineInfo,
    EngineStats,
    GenerateRequest,
    RequestRefused,
    StepTrace,
)
from ovpipe.errors import RunError, StalledError
from ovpipe.runtime import Graph

log = logging.getLogger(__name__)


class Sequences(Protocol):
    """What a graph's side packet `sequences` says."""

    preemptions: int
    drafted_tokens: int
    accepted_tokens: int

    @property
    def num_running(self) -> int:
        """How many sequences run."""

    @property
    def batch(self) -> Sequence[ReadRow]:
        """What the latest step has read."""

    def in_step(self, node: object) -> Mapping[int, bool]:
        """The requests of the step under way: whether each uses a node, which has failed in it."""

    def __len__(self) -> int:
        """How many requests run and wait."""

    def __contains__(self, request_id: int, /) -> bool:
        """Whether a request is among them."""


class Blocks(Protocol):
    """What a graph's side packet `blocks` says."""

    count: int
    block_size: int
    queried_tokens: int
    found_tokens: int

    @property
    def usage(self) -> float:
        """The part in use."""


class GraphCore:
    """Implements `backend.EngineCore` by a graph that is open, one packet of commands a step.

    The graph has the input `commands` and the output `deltas`, and gives the side packets `sequences`,
    `blocks` and `facts`.
    """

    def __init__(self, graph: Graph, options: GraphCoreOptions, fingerprint: str) -> None:
        self._runs = StepRuns(graph)
        self._tracer = StepTracer()
        self._trace: StepTrace | None = None
        self._sequences: Sequences = graph.side_packets["sequences"]
        self._blocks: Blocks = graph.side_packets["blocks"]
        facts: ModelFacts = graph.side_packets["facts"]
        nodes = effective_nodes(graph.plan, OUTPUT)
        capabilities = capabilities_of(nodes)
        self.info = EngineInfo(
            core="graph",
            device=options.device,
            context_length=facts.context_length,
            vocab_size=facts.vocab_size,
            eos_token_ids=sorted(facts.eos_token_ids),
            num_kv_blocks=self._blocks.count,
            block_size=self._blocks.block_size,
            cache_bytes=facts.cache_bytes,
            max_num_seqs=options.max_num_seqs,
            max_num_batched_tokens=options.max_num_batched_tokens,
            dynamic_split_fuse=True,
            capabilities=capabilities,
            precision=inference_precision(options.device, options.device_properties),
            settled=_settled(options),
            adapters=[one.known_as for one in options.adapters],
            speculation="prompt_lookup" if "num_assistant_tokens" in capabilities else None,
            fingerprint=fingerprint,
            generation_config=facts.generation_config,
        )
        _warn_of_unheard_defaults(facts, capabilities)
        self._processors = RequestedProcessors.of(nodes)
        self._added: dict[int, GenerateRequest] = {}
        self._cancelled: list[int] = []
        self._steps = 0
        self._generated_tokens = 0
        self._prompt_tokens = 0
        self._max_running = 0
        self._before = EngineStats()
        """What the side packets had counted when the service began."""
        self._warm_up_seconds: dict[str, float] = {}

    def add(self, request: GenerateRequest) -> None:
        """Takes the request into the next step; raises `RequestRefused`."""
        check_request(request, self.info)
        _check_token_ids(request, self.info.vocab_size)
        self._processors.check(request.sampling.logits_processors)
        if request.adapter is not None and request.adapter not in self.info.adapters:
            known = ", ".join(self.info.adapters) or "none"
            raise RequestRefused(f"there is no adapter {request.adapter!r}; there are: {known}")
        if request.id in self._added or request.id in self._sequences:
            raise RequestRefused(f"request {request.id} is in the engine already")
        self._added[request.id] = request
        if request.traced:
            self._tracer.add(request.id)
        self._prompt_tokens += len(request.prompt)

    def cancel(self, request_id: int) -> None:
        """Forgets a request at the beginning of the next step."""
        if self._added.pop(request_id, None) is None:
            self._cancelled.append(request_id)

    def step(self) -> Sequence[Delta | Refused]:
        """Moves every running request on by a token, or its prompt by a chunk. What it raises is final.

        When a node fails, the requests that use it fail, and a fresh run over the same side packets repeats
        the step for the others.
        """
        commands = StepCommands(tuple(self._added.values()), tuple(self._cancelled))
        self._added, self._cancelled = {}, []
        self._tracer.begin_step(self._runs)
        failed: list[Refused] = []
        while True:
            try:
                deltas: Deltas = (*failed, *self._runs.step(commands))
                break
            except (RunError, StalledError) as error:
                over_it = self._failed_over(error)
                failed += over_it
                commands = StepCommands(cancel=tuple(one.request for one in over_it))
                self._runs.restart()
        self._steps += 1
        self._trace = self._tracer.end_step(self._runs, self._steps, self._sequences.batch, self._sequences)
        self._generated_tokens += sum(map(_new_tokens, deltas))
        self._max_running = max(self._max_running, self._sequences.num_running)
        return deltas

    def _failed_over(self, error: RunError | StalledError) -> list[Refused]:
        """The requests that fail with a node. Raises `Poisoned` when no others are left, or nobody knows."""
        fact, calculator = "the engine's graph is stuck", None
        if isinstance(error, RunError):
            fact = f"node {error.node!r} of the engine's graph failed"
            calculator = self._runs.failed_calculator(error)
        in_step = self._sequences.in_step(calculator)
        using = [request for request, uses in in_step.items() if uses]
        if not using or len(using) == len(in_step):
            raise Poisoned(fact, list(in_step)) from error
        return [Refused(request, fact, failed=True) for request in using]

    def stats(self) -> EngineStats:
        """Counts as of the last step."""
        return EngineStats(
            num_requests=len(self._sequences) + len(self._added),
            num_running=self._sequences.num_running,
            max_running=self._max_running,
            kv_cache_usage=self._blocks.usage,
            steps=self._steps,
            generated_tokens=self._generated_tokens,
            prompt_tokens=self._prompt_tokens,
            preemptions=self._sequences.preemptions - self._before.preemptions,
            drafted_tokens=self._sequences.drafted_tokens - self._before.drafted_tokens,
            accepted_tokens=self._sequences.accepted_tokens - self._before.accepted_tokens,
            prefix_cache_queries=self._blocks.queried_tokens - self._before.prefix_cache_queries,
            prefix_cache_hits=self._blocks.found_tokens - self._before.prefix_cache_hits,
            batch_rows=len(self._sequences.batch),
            batch_tokens=sum(len(row.tokens) for row in self._sequences.batch),
            node_seconds=self._node_seconds(),
            trace=self._trace,
        )

    def _node_seconds(self) -> dict[str, float]:
        before = self._warm_up_seconds
        return {name: spent - before.get(name, 0.0) for name, spent in self._runs.node_seconds().items()}

    def begin_service(self) -> None:
        """Forgets what was counted so far, of the warm-up that is."""
        self._before = EngineStats()
        self._before = self.stats()
        self._warm_up_seconds = self._runs.node_seconds()
        self._steps = self._generated_tokens = self._prompt_tokens = self._max_running = 0


def _warn_of_unheard_defaults(facts: ModelFacts, capabilities: frozenset[str]) -> None:
    """Says which of the model's own defaults have no effect, since no node of the graph brings them."""
    unheard = sorted(ALL.intersection(facts.generation_config) - capabilities)
    if unheard:
        log.warning(
            "no node of the engine's graph brings %s, so generation_config.json's defaults of these have no "
            "effect",
            ", ".join(unheard),
        )


def _settled(options: GraphCoreOptions) -> dict[str, str]:
    """The forms and the cache of this load, so that a later life of the engine measures nothing."""
    kind = options.kv_cache_precision
    cache = {} if kind is None else {"kv_cache_precision": kind}
    if options.precision == "auto":
        return cache
    return {"precision": options.precision, "prefill_precision": options.prefill_precision, **cache}


def _new_tokens(outcome: Delta | Refused) -> int:
    """How many tokens a request was sent."""
    if isinstance(outcome, Refused):
        return 0
    return len(outcome.tokens) + sum(len(beam.tokens) for beam in outcome.beams)


def _check_token_ids(request: GenerateRequest, vocab_size: int) -> None:
    """Raises `RequestRefused` for ids that no row of logits has."""
    sampling = request.sampling
    if sampling.allowed_token_ids == ():
        raise RequestRefused("allowed_token_ids is empty; at least one token must be allowed")
    named = {
        "logit_bias": sampling.logit_bias,
        "allowed_token_ids": sampling.allowed_token_ids or (),
        "bad_words": [token for word in sampling.bad_words for token in word],
    }
    for name, tokens in named.items():
        for token in tokens:
            if not 0 <= token < vocab_size:
                raise RequestRefused(f"{name} has {token}; ids are 0 to {vocab_size - 1}")
