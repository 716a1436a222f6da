"""The core's grammar checker: `python -m ovpipe.engines.graph.grammar_host --fd N --parent PID`.

An engine's process like any other, which speaks an engine's protocol and has no model: a grammar is compiled
as the engine compiles it, and followed by the masks that the engine will use, for the model's own tokens.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ovpipe.engines.backend import EngineCore
from ovpipe.engines.grammars.host_options import GrammarHostOptions
from ovpipe.engines.grammars.masks.compiling import compiled
from ovpipe.engines.grammars.masks.followed_text import FollowedText
from ovpipe.engines.grammars.masks.mask_maker import MaskMaker
from ovpipe.engines.grammars.masks.token_table import TokenTable, token_table
from ovpipe.engines.grammars.verdicts import GrammarRefused
from ovpipe.engines.messages import Progress, Refused
from ovpipe.engines.model_folder import ModelFolder
from ovpipe.engines.process.host import Report, main
from ovpipe.engines.protocol import (
    Delta,
    EngineInfo,
    EngineStats,
    GenerateRequest,
    Grammar,
    RequestRefused,
    SamplingParams,
    Token,
)
from ovpipe.tokenizers.tokenizer import Tokenizer

_FIRST = GenerateRequest(0, [0], SamplingParams(max_tokens=2, grammar=Grammar("ebnf", 'root ::= "a"')))


class MaskedTextCore:
    """Implements `backend.EngineCore` without a model: any token that a grammar allows is as good as another.

    A step writes a whole text for each request. One whose grammar fails is refused, and no other.
    """

    def __init__(self, tokens: TokenTable, info: EngineInfo) -> None:
        self.info = info
        self._tokens = tokens
        self._masks = MaskMaker()
        self._added: dict[int, GenerateRequest] = {}

    def add(self, request: GenerateRequest) -> None:
        if request.sampling.grammar is None:
            raise RequestRefused("there is no grammar to try out")
        self._added[request.id] = request

    def cancel(self, request_id: int) -> None:
        self._added.pop(request_id, None)

    def step(self) -> Sequence[Delta | Refused]:
        """Compiles each request's grammar and writes a text that follows it."""
        added, self._added = self._added, {}
        return [self._written(request) for request in added.values()]

    def stats(self) -> EngineStats:
        return EngineStats(num_requests=len(self._added))

    def _written(self, request: GenerateRequest) -> Delta | Refused:
        assert request.sampling.grammar is not None
        try:
            text = FollowedText(*compiled(request.sampling.grammar, self._tokens))
        except GrammarRefused as refusal:
            return Refused(request.id, str(refusal))
        draws = random.Random(request.sampling.seed)
        tokens: list[int] = []
        while len(tokens) < (request.sampling.max_tokens or 1):
            bits = self._masks.bits([text], self.info.vocab_size)
            (allowed,) = self._masks.masks([text], bits, self.info.vocab_size)
            if text.fact:
                return Refused(request.id, f"the grammar cannot be followed: {text.fact}")
            choices = np.flatnonzero(allowed)
            if not choices.size:
                return Refused(request.id, "the grammar allows no token of the model")
            tokens.append(int(draws.choice(choices)))
            if tokens[-1] in self.info.eos_token_ids:
                break
            text.go_to(tokens)
        ended = tokens[-1] in self.info.eos_token_ids
        found = [Token(token) for token in tokens]
        return Delta(request.id, found, len(found), "stop" if ended else "length")


def load_masked_text_core(given: dict[str, Any], report: Report) -> EngineCore:
    """Reads the vocabulary, compiles a first grammar, and limits the process's memory."""
    options = GrammarHostOptions.read(given)
    report(Progress(phase="load", detail="reading the vocabulary"))
    path = Path(options.models_path)
    folder = ModelFolder.read(path)
    info = EngineInfo(
        core="graph",
        device="NONE",
        context_length=folder.context_length,
        vocab_size=folder.vocab_size,
        eos_token_ids=sorted(folder.eos_token_ids),
        num_kv_blocks=0,
        block_size=1,
        cache_bytes=0,
        max_num_seqs=1,
        max_num_batched_tokens=1,
        dynamic_split_fuse=False,
    )
    vocabulary = Tokenizer.load(path).vocabulary
    tokens = token_table(vocabulary, size=folder.vocab_size, eos_token_ids=folder.eos_token_ids)
    core = MaskedTextCore(tokens, info)
    report(Progress(phase="warm_up", detail="compiling a first grammar"))
    core.add(_FIRST)
    core.step()
    options.limit_memory()
    return core


if __name__ == "__main__":
    main(load_masked_text_core)
