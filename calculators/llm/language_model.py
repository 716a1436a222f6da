"""LanguageModelCalculator: a model folder becomes what a graph serves it with."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Final

import msgspec
from jinja2 import TemplateSyntaxError

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.llm.templates.template import ChatTemplate
from ovpipe.engines.genai.options import (
    AdapterOption,
    CacheEvictionConfig,
    GenaiOptions,
    SparseAttentionConfig,
)
from ovpipe.engines.grammars.checker import CheckerLimits, GrammarChecker
from ovpipe.engines.process.client import EngineClient
from ovpipe.engines.protocol import Engine, EngineConfig, EngineTimeouts, Progress
from ovpipe.errors import OptionError
from ovpipe.ports import SideOutput
from ovpipe.registry import register
from ovpipe.tokenizers.tokenizer import Tokenizer

TIMEOUTS: Final = EngineTimeouts()
GRAMMARS: Final = CheckerLimits()


@register
class LanguageModelCalculator(Calculator):
    """Loads a language model in OpenVINO's format, once, for all requests of its graph.

    No streams. Side outputs: `engine` generates tokens, in a process of its own; `tokenizer` turns text
    into tokens and back; `chat_template` is the model's template, compiled, or None when it has none;
    `grammar_checker` tries out what answers are to follow, in another process, which the first one starts.

    `models_path` is a folder with openvino_model.xml and openvino_tokenizer.xml. `cache_size` is the KV
    cache in gigabytes; `num_kv_blocks` says it in blocks instead. `plugin_config` holds properties of
    OpenVINO's device. A draft model (`draft_models_path`) or `prompt_lookup` guesses tokens ahead; cache
    eviction and sparse attention shorten what long texts attend to; `adapters` are LoRA adapters, a list of
    `{path, alpha}`. docs/engine-options.md tells of each. The timeouts are seconds of silence after which
    the engine counts as hung; `grammar_time_limit` is how long a grammar may take to compile.

        language_model:
          calculator: LanguageModelCalculator
          side_outputs: {engine: engine, tokenizer: tokenizer, chat_template: chat_template}
          options: {models_path: ./models/qwen, device: CPU, cache_size: 4}
    """

    engine = SideOutput[Engine]()
    tokenizer = SideOutput[Tokenizer]()
    chat_template = SideOutput[ChatTemplate | None]()
    grammar_checker = SideOutput[GrammarChecker]()

    def __init__(
        self,
        *,
        models_path: str,
        device: str = "CPU",
        cache_size: float | None = None,
        num_kv_blocks: int | None = None,
        max_num_batched_tokens: int | None = None,
        max_num_seqs: int | None = None,
        dynamic_split_fuse: bool | None = None,
        enable_prefix_caching: bool | None = None,
        plugin_config: dict[str, Any] | None = None,
        kv_cache_precision: str | None = None,
        draft_models_path: str | None = None,
        draft_device: str | None = None,
        prompt_lookup: bool = False,
        num_assistant_tokens: int | None = None,
        assistant_confidence_threshold: float | None = None,
        max_ngram_size: int | None = None,
        cache_eviction_config: CacheEvictionConfig | None = None,
        sparse_attention_config: SparseAttentionConfig | None = None,
        adapters: list[AdapterOption] | None = None,
        load_timeout: float = TIMEOUTS.load,
        warm_up_timeout: float = TIMEOUTS.warm_up,
        prefill_timeout: float = TIMEOUTS.prefill,
        step_timeout: float = TIMEOUTS.step,
        grammar_time_limit: float = GRAMMARS.seconds,
    ) -> None:
        self._folder = Path(models_path)
        given: dict[str, Any] = {
            "models_path": models_path,
            "device": device,
            "cache_size": cache_size,
            "num_kv_blocks": num_kv_blocks,
            "max_num_batched_tokens": max_num_batched_tokens,
            "max_num_seqs": max_num_seqs,
            "dynamic_split_fuse": dynamic_split_fuse,
            "enable_prefix_caching": enable_prefix_caching,
            "plugin_config": plugin_config,
            "kv_cache_precision": kv_cache_precision,
            "draft_models_path": draft_models_path,
            "draft_device": draft_device,
            "prompt_lookup": prompt_lookup or None,  # False is no answer to plugin_config's
            "num_assistant_tokens": num_assistant_tokens,
            "assistant_confidence_threshold": assistant_confidence_threshold,
            "max_ngram_size": max_ngram_size,
            "cache_eviction_config": cache_eviction_config,
            "sparse_attention_config": sparse_attention_config,
            "adapters": adapters,
        }
        # What is not given is left to the engine's own default.
        self._options = GenaiOptions.of(msgspec.to_builtins(given))
        for name, seconds in (
            ("load_timeout", load_timeout),
            ("warm_up_timeout", warm_up_timeout),
            ("prefill_timeout", prefill_timeout),
            ("step_timeout", step_timeout),
            ("grammar_time_limit", grammar_time_limit),
        ):
            if not seconds > 0:
                raise ValueError(f"{name} is {seconds:g}; it is in seconds and above 0")
        self._timeouts = EngineTimeouts(
            load=load_timeout, warm_up=warm_up_timeout, prefill=prefill_timeout, step=step_timeout
        )
        self._grammars = CheckerLimits(seconds=grammar_time_limit)
        self._client: EngineClient | None = None
        self._checker: GrammarChecker | None = None

    async def open(self, cx: Context) -> None:
        """Loads the tokenizer and starts the engine; returns when it is warm."""
        check_folder(self._folder)
        cx.progress("loading the tokenizer")
        tokenizer = await asyncio.to_thread(Tokenizer.load, self._folder)
        template = compile_template(tokenizer, self._folder)

        def on_progress(progress: Progress) -> None:
            if self._client is None:  # a restart, later, is not part of opening
                cx.progress(progress.detail, progress.fraction)

        self._client = await EngineClient.open(
            EngineConfig(core="genai", options=msgspec.to_builtins(self._options)),
            timeouts=self._timeouts,
            on_progress=on_progress,
            name=self._folder.resolve().name,  # "." has none
        )
        cx.set_side(self.engine, self._client)
        cx.set_side(self.tokenizer, tokenizer)
        cx.set_side(self.chat_template, template)
        self._checker = await GrammarChecker.open(self._folder, limits=self._grammars)
        cx.set_side(self.grammar_checker, self._checker)

    async def close(self, cx: Context) -> None:
        """Ends the engine's process, and that of the grammar checker if there is one."""
        try:
            if self._checker is not None:
                await self._checker.close()
        finally:
            if self._client is not None:
                await self._client.close()


def check_folder(folder: Path) -> None:
    """Raises OptionError unless the folder has what a language model needs."""
    remedy = (
        "models_path is the folder of a model in OpenVINO's format, as `optimum-cli export openvino "
        "--model NAME FOLDER` writes it"
    )
    if not folder.is_dir():
        fact = "is not a folder" if folder.exists() else "does not exist"
        raise OptionError(f"models_path: {folder} {fact}; {remedy}")
    for name in ("openvino_model.xml", "openvino_tokenizer.xml", "openvino_detokenizer.xml"):
        if not (folder / name).is_file():
            raise OptionError(f"models_path: {folder} has no {name}; {remedy}")


def compile_template(tokenizer: Tokenizer, folder: Path) -> ChatTemplate | None:
    """The model's chat template; None when it has none, OptionError when it is no template."""
    if tokenizer.chat_template is None:
        return None
    try:
        return ChatTemplate(
            tokenizer.chat_template,
            tokenizer.special_tokens,
            tool_use=tokenizer.chat_templates.get("tool_use"),
        )
    except TemplateSyntaxError as error:
        raise OptionError(
            f"models_path: the chat template in {folder} has an error in its line {error.lineno}: "
            f"{error.message}"
        ) from error
