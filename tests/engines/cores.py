"""Cores with tiny models, as the tests of the genai core use them."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ovpipe.engines.backend import EngineCore
from ovpipe.engines.genai.core import GenaiCore
from ovpipe.engines.genai.loading import load_genai_core
from ovpipe.engines.messages import Progress, Reading
from ovpipe.engines.protocol import Delta, GenerateRequest, SamplingParams
from ovpipe.modelling.bpe import train_bpe
from ovpipe.modelling.config import DecoderConfig
from ovpipe.modelling.decoder import build_decoder
from ovpipe.modelling.folder import write_model_folder
from ovpipe.modelling.tokenizer import build_tokenizer
from ovpipe.modelling.weights import Weights, random_weights, scripted_weights
from ovpipe.tokenizers.tokenizer import Tokenizer
from tests.models.folders import TINY_RANDOM

MODEL = TINY_RANDOM
F32 = {"INFERENCE_PRECISION_HINT": "f32", "KV_CACHE_PRECISION": "f32"}


def ignore(said: Progress | Reading) -> None:
    """For tests that do not look at what the core reports."""


def loaded(**options: Any) -> GenaiCore:
    return load_genai_core(
        {"models_path": str(MODEL), "plugin_config": F32, "num_kv_blocks": 64, **options}, ignore
    )


def greedy(max_tokens: int, **others: Any) -> SamplingParams:
    return SamplingParams(**{"max_tokens": max_tokens, "temperature": 0, "ignore_eos": True, **others})


def a_prompt(length: int, seed: int = 0) -> list[int]:
    return random.Random(seed).choices(range(10, 1000), k=length)


def run(core: EngineCore, *requests: GenerateRequest) -> dict[int, list[int]]:
    """Adds the requests, steps until all have finished, and returns their tokens."""
    for request in requests:
        core.add(request)
    return finish(core, (request.id for request in requests))


def finish(core: EngineCore, requests: Iterable[int]) -> dict[int, list[int]]:
    tokens: dict[int, list[int]] = {request: [] for request in requests}
    waiting = set(tokens)
    for _ in range(10_000):
        if not waiting:
            return tokens
        for outcome in core.step():
            assert isinstance(outcome, Delta), outcome
            if outcome.request in tokens:
                tokens[outcome.request] += [token.id for token in outcome.tokens]
                if outcome.finish is not None:
                    waiting.remove(outcome.request)
    raise AssertionError(f"requests {waiting} do not end")


def deltas(core: EngineCore, prompt: list[int], sampling: SamplingParams) -> list[Delta]:
    """All deltas of one request alone."""
    return list(_deltas(core, prompt, sampling))


def _deltas(core: EngineCore, prompt: list[int], sampling: SamplingParams) -> Iterator[Delta]:
    core.add(GenerateRequest(1, prompt, sampling))
    for _ in range(10_000):
        for outcome in core.step():
            assert isinstance(outcome, Delta), outcome
            yield outcome
            if outcome.finish is not None:
                return
    raise AssertionError("the request does not end")


def tokens(core: EngineCore, prompt: list[int], sampling: SamplingParams) -> list[int]:
    """What one request alone generates."""
    return [token.id for delta in deltas(core, prompt, sampling) for token in delta.tokens]


def text(core: EngineCore, prompt: list[int], sampling: SamplingParams) -> str:
    """The same as text, without special tokens; of the embedded model."""
    return Tokenizer.load(MODEL).decode(tokens(core, prompt, sampling))


def usage_when_settled(core: GenaiCore) -> float:
    for _ in range(4):
        core.step()
    return core.stats().kv_cache_usage


VOCABULARY = 270
PAD, END = 0, 1


def write_model(folder: Path, weights: Weights, config: DecoderConfig) -> Path:
    """A model folder with a tokenizer of the right size; what it tokenizes matters to no test."""
    pairs = train_bpe("abc abd the cat sat on the mat " * 20, VOCABULARY, ["<pad>", "<end>"])
    tokenizer, detokenizer = build_tokenizer(pairs, eos="<end>", pad="<pad>")
    write_model_folder(
        folder,
        model=build_decoder(config, weights),
        tokenizer=tokenizer,
        detokenizer=detokenizer,
        config=config,
        eos_token="<end>",
        pad_token="<pad>",
    )
    return folder


def decoder_config(**changes: Any) -> DecoderConfig:
    shape: dict[str, Any] = {
        "vocab_size": VOCABULARY,
        "hidden_size": 64,
        "num_layers": 1,
        "num_heads": 2,
        "num_kv_heads": 2,
        "head_dim": 32,
        "intermediate_size": 128,
        "max_position_embeddings": 8192,
        "eos_token_id": END,
        "pad_token_id": PAD,
    }
    return DecoderConfig(**{**shape, **changes})


def circle_model(folder: Path) -> Path:
    """Greedy, it counts 20, 21, ... 35, 20, 21 and so on."""
    config = decoder_config()
    return write_model(
        folder, scripted_weights(config, lambda token: token + 1 if 20 <= token < 35 else 20), config
    )


def random_model(folder: Path, seed: int, **changes: Any) -> Path:
    config = decoder_config(**changes)
    return write_model(folder, random_weights(config, seed, gain=2.0), config)
