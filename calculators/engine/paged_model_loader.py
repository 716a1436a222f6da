"""PagedModelLoaderCalculator: a model's folder becomes a paged model and the blocks of its cache."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.engine.paging.block_pool import BlockPool
from ovpipe.calculators.engine.paging.paged_model import PagedModel
from ovpipe.calculators.engine.paging.reads_batches import ReadsBatches
from ovpipe.engines.graph.model_facts import ModelFacts
from ovpipe.engines.graph.options import LoraOption
from ovpipe.ports import SideOutput
from ovpipe.registry import register


@register
class PagedModelLoaderCalculator(Calculator):
    """Compiles a language model in OpenVINO's format for paged attention, once, for all steps.

    No streams. Side outputs: `model` reads batches of sequences, `blocks` are the free blocks of its cache,
    `facts` is what else the engine's nodes and their host ask of it.

    `plugin_config` has properties of OpenVINO's device. The cache has `num_kv_blocks` blocks of 32 tokens (16
    on GPU), or takes `cache_size` gigabytes; with neither, a part of the free memory, and never more than
    `max_num_seqs` sequences can use. `adapters` are folders of LoRA adapters in PEFT's format, by name; each
    request goes through the one that it chose.

    With `prefill_config` the model is compiled twice, with other properties for prompts, over one cache; then
    the weights are in memory twice. It is measured what each form takes for steps of several sizes, and each
    step is read in the cheapest way.

        model_loader:
          calculator: PagedModelLoaderCalculator
          side_outputs: {model: model, blocks: blocks, facts: facts}
          options: {models_path: ./models/qwen, num_kv_blocks: 1024}
    """

    model = SideOutput[ReadsBatches]()
    blocks = SideOutput[BlockPool]()
    facts = SideOutput[ModelFacts]()

    def __init__(
        self,
        *,
        models_path: str,
        device: str = "CPU",
        plugin_config: dict[str, Any] | None = None,
        cache_size: float | None = None,
        num_kv_blocks: int | None = None,
        max_num_seqs: int = 256,
        prefill_config: dict[str, Any] | None = None,
        adapters: list[dict[str, Any]] | None = None,
    ) -> None:
        self._path = Path(models_path)
        self._device = device
        self._properties = dict(plugin_config or {})
        self._cache_size = cache_size
        self._num_kv_blocks = num_kv_blocks
        self._max_num_seqs = max_num_seqs
        self._prefill_properties = prefill_config
        self._adapters = [LoraOption(**adapter) for adapter in adapters or []]

    def open(self, cx: Context) -> None:
        """Compiles the model, and allocates its cache."""
        # They import OpenVINO; whoever checks a graph does without it.
        from ovpipe.engines.graph.lora.peft_folder import read_adapter
        from ovpipe.engines.kv_cache.blocks import block_size
        from ovpipe.engines.kv_cache.plan import plan_cache
        from ovpipe.engines.model_folder import ModelFolder

        cx.progress(f"reading {self._path}")
        folder = ModelFolder.read(self._path)
        count, size = self._num_kv_blocks, block_size(self._device)
        if count is None:
            cache = plan_cache(
                folder,
                device=self._device,
                plugin_config=self._properties,
                cache_size=self._cache_size,
                num_kv_blocks=None,
                max_num_seqs=self._max_num_seqs,
            )
            cx.progress(cache.describe())
            count = cache.num_kv_blocks
        two = "" if self._prefill_properties is None else ", in two forms"
        cx.progress(f"compiling for {self._device}{two}")
        model = PagedModel(
            self._path / "openvino_model.xml",
            device=self._device,
            properties=self._properties,
            num_kv_blocks=count,
            prefill_properties=self._prefill_properties,
            adapters=[read_adapter(one.known_as, Path(one.path), one.alpha) for one in self._adapters],
        )
        if self._prefill_properties is not None:
            cx.progress("measuring both forms")
            model.measure_forms()
            assert model.costs is not None
            cx.progress(model.costs.describe())
        cx.set_side(self.model, model)
        cx.set_side(self.blocks, BlockPool(count, size))
        cx.set_side(
            self.facts,
            ModelFacts(
                vocab_size=folder.vocab_size,
                context_length=folder.context_length,
                eos_token_ids=folder.eos_token_ids,
                cache_bytes=model.cache_bytes,
                generation_config=folder.generation_config,
            ),
        )
