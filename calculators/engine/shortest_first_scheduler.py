"""ShortestFirstSchedulerCalculator: short requests before long ones."""

from __future__ import annotations

from ovpipe.calculators.engine.scheduler import SchedulerCalculator
from ovpipe.engines.protocol import GenerateRequest
from ovpipe.registry import register


@register
class ShortestFirstSchedulerCalculator(SchedulerCalculator):
    """Continuous batching in which the request that has least to do goes first, within a priority.

    What a request has to do is its prompt and the most tokens that it may get. Each `tokens_per_pass` of them
    let one later request pass: so the mean wait is short, and a long request waits for a known number of
    others. The rest is as in SchedulerCalculator.

        scheduler:
          calculator: ShortestFirstSchedulerCalculator
          side_inputs: {sequences: sequences, blocks: blocks, grammars: grammars}
          inputs: {commands: commands, sampled: {stream: sampled, back_edge: true}}
          outputs: {batch: batch}
          options: {tokens_per_pass: 16}
    """

    def __init__(
        self,
        *,
        tokens_per_pass: int = 16,
        max_num_batched_tokens: int = 256,
        max_num_seqs: int = 256,
        max_logits_rows: int = 64,
        enable_prefix_caching: bool = True,
    ) -> None:
        super().__init__(
            max_num_batched_tokens=max_num_batched_tokens,
            max_num_seqs=max_num_seqs,
            max_logits_rows=max_logits_rows,
            enable_prefix_caching=enable_prefix_caching,
        )
        if tokens_per_pass < 1:
            raise ValueError(f"tokens_per_pass is {tokens_per_pass}; at least 1 is needed")
        self._tokens_per_pass = tokens_per_pass

    def rank(self, request: GenerateRequest, arrival: int) -> float:
        """Its arrival, and a place further back for each `tokens_per_pass`."""
        tokens = len(request.prompt) + request.sampling.max_tokens
        return super().rank(request, arrival) + tokens / self._tokens_per_pass
