"""What ovpipe finds out about a model by itself, and how it would be served."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ovpipe.calculators.llm.chat_template_loader import compile_template
from ovpipe.calculators.llm.loading.folder import MODEL, TOKENIZER, check_folder
from ovpipe.cli.logs import CONTROLS
from ovpipe.cli.sizes import size
from ovpipe.engines.genai.loading import with_cache
from ovpipe.engines.genai.options import GenaiOptions
from ovpipe.engines.genai.stored_weights import stored_weights
from ovpipe.engines.model_folder import ModelFolder
from ovpipe.tokenizers.tokenizer import Tokenizer

SMALLEST = 100_000
"""Bytes. What takes less, among weights of several kinds, are norms and the numbers of the graph."""


class Fact(NamedTuple):
    """One line about a model."""

    name: str
    value: str


def facts_of(folder: Path) -> Iterator[Fact]:
    """What a model in OpenVINO's format is, and what holds when nobody says otherwise.

    Raises OptionError for a folder without one or with a template of no use, and ValueError for a model that
    cannot be served.
    """
    check_folder(folder, MODEL, *TOKENIZER)
    model, tokenizer = ModelFolder.read(folder), Tokenizer.load(folder)
    yield Fact("architecture", str(model.config.get("model_type", "not stated")))
    yield Fact("weights", ", ".join(_weights(folder)))
    context = model.context_length
    yield Fact("context", "not stated" if context is None else f"{context} tokens")
    stops = sorted(model.eos_token_ids | {*tokenizer.eos_token_ids})
    texts = (f"{one} {tokenizer.text_of(one).translate(CONTROLS)}" for one in stops)
    yield Fact("stop tokens", ", ".join(texts) or "none")
    yield from _formats(tokenizer)
    yield from _defaults(model)


def _weights(folder: Path) -> Iterator[str]:
    stored = stored_weights(folder / MODEL)
    large = {kind: count for kind, count in stored.items() if count >= SMALLEST}
    return (f"{kind} {size(count)}" for kind, count in (large or stored).items())


def _formats(tokenizer: Tokenizer) -> Iterator[Fact]:
    template = compile_template(tokenizer)
    if template is None:
        yield Fact("chat template", "none: it completes texts, and does not chat")
        return
    calls, thoughts = template.formats
    yield Fact("tool calls", f"{calls}, by its chat template" if calls else "no format that ovpipe knows")
    yield Fact("thoughts", f"{thoughts}, by its chat template" if thoughts else "none")


def _defaults(model: ModelFolder) -> Iterator[Fact]:
    options = GenaiOptions.of({"models_path": str(model.path)})
    _, cache = with_cache(options, model)
    each = cache.bytes_per_block / cache.block_size
    yield Fact("KV cache", f"{cache.kind}, {size(round(each))} a token; now: {cache.describe()}")
