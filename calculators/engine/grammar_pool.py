"""GrammarPoolCalculator: where the engine's grammars are compiled."""

from __future__ import annotations

from pathlib import Path

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.engine.grammars.grammar_pool import GrammarPool
from ovpipe.engines.graph.model_facts import ModelFacts
from ovpipe.ports import SideInput, SideOutput
from ovpipe.registry import register


@register
class GrammarPoolCalculator(Calculator):
    """Compiles what texts must follow for the tokens of a model, beside the engine's steps.

    No streams. Side output `grammars`: a side packet, so that what is compiled outlives a run that fails. A
    model without a tokenizer in its folder has no grammars. Beyond `memory`, in MiB, those used longest ago
    are forgotten.

        grammar_pool:
          calculator: GrammarPoolCalculator
          side_inputs: {facts: facts}
          side_outputs: {grammars: grammars}
          options: {models_path: ./models/qwen, memory: 512}
    """

    facts = SideInput[ModelFacts]()
    grammars = SideOutput[GrammarPool]()

    def __init__(self, *, models_path: str, memory: int = 512) -> None:
        if memory < 1:
            raise ValueError(f"memory is {memory}; at least 1 MiB is needed")
        self._path = Path(models_path)
        self._memory = memory
        self._pool: GrammarPool | None = None

    def open(self, cx: Context) -> None:
        """Reads the vocabulary; what it takes is a second for 150,000 tokens."""
        # They import OpenVINO and llguidance; whoever checks a graph does without them.
        from ovpipe.engines.grammars.masks.token_table import token_table
        from ovpipe.tokenizers.tokenizer import Tokenizer

        cx.progress("reading the vocabulary, for grammars")
        facts = cx[self.facts]
        try:
            vocabulary = Tokenizer.load(self._path).vocabulary
            tokens = token_table(vocabulary, size=facts.vocab_size, eos_token_ids=facts.eos_token_ids)
            self._pool = GrammarPool(tokens, most_bytes=self._memory * 2**20)
        except (FileNotFoundError, ValueError) as error:
            self._pool = GrammarPool(None, missing=str(error))
        cx.set_side(self.grammars, self._pool)

    def close(self, cx: Context) -> None:
        """Ends the thread that compiles."""
        if self._pool is not None:
            self._pool.close()
