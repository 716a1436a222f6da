"""LanguageModelCalculator: a model folder becomes what a graph serves it with."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Final

import msgspec
from jinja2 import TemplateSyntaxError

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.llm.template import ChatTemplate
from ovpipe.engines.client import EngineClient
from ovpipe.engines.genai_options import GenaiOptions
from ovpipe.engines.protocol import Engine, EngineConfig, EngineTimeouts, Progress
from ovpipe.engines.tokenizer import Tokenizer
from ovpipe.errors import OptionError
from ovpipe.ports import SideOutput
from ovpipe.registry import register

TIMEOUTS: Final = EngineTimeouts()


@register
class LanguageModelCalculator(Calculator):
    """Loads a language model in OpenVINO's format, once, for all requests of its graph.

    No streams. Side outputs: `engine` generates tokens, in a process of its own; `tokenizer` turns text
    into tokens and back; `chat_template` is the model's template, compiled, or None when it has none.

    `models_path` is a folder with openvino_model.xml and openvino_tokenizer.xml. `cache_size` is the KV
    cache in gigabytes; `num_kv_blocks` says it in blocks instead. `plugin_config` holds properties of
    OpenVINO's device. The timeouts are seconds of silence after which the engine counts as hung.

        language_model:
          calculator: LanguageModelCalculator
          side_outputs: {engine: engine, tokenizer: tokenizer, chat_template: chat_template}
          options: {models_path: ./models/qwen, device: CPU, cache_size: 4}
    """

    engine = SideOutput[Engine]()
    tokenizer = SideOutput[Tokenizer]()
    chat_template = SideOutput[ChatTemplate | None]()

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
        enable_prefix_caching: bool = True,
        plugin_config: dict[str, Any] | None = None,
        load_timeout: float = TIMEOUTS.load,
        warm_up_timeout: float = TIMEOUTS.warm_up,
        prefill_timeout: float = TIMEOUTS.prefill,
        step_timeout: float = TIMEOUTS.step,
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
        }
        # What is not given is left to the engine's own default.
        self._options = GenaiOptions(**{name: value for name, value in given.items() if value is not None})
        for name, seconds in (
            ("load_timeout", load_timeout),
            ("warm_up_timeout", warm_up_timeout),
            ("prefill_timeout", prefill_timeout),
            ("step_timeout", step_timeout),
        ):
            if not seconds > 0:
                raise ValueError(f"{name} is {seconds:g}; it is in seconds and above 0")
        self._timeouts = EngineTimeouts(
            load=load_timeout, warm_up=warm_up_timeout, prefill=prefill_timeout, step=step_timeout
        )
        self._client: EngineClient | None = None

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
            name=self._folder.name,
        )
        cx.set_side(self.engine, self._client)
        cx.set_side(self.tokenizer, tokenizer)
        cx.set_side(self.chat_template, template)

    async def close(self, cx: Context) -> None:
        """Ends the engine's process."""
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
        return ChatTemplate(tokenizer.chat_template, tokenizer.special_tokens)
    except TemplateSyntaxError as error:
        raise OptionError(
            f"models_path: the chat template in {folder} has an error in its line {error.lineno}: "
            f"{error.message}"
        ) from error
