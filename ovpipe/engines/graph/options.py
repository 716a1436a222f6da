"""What a user chooses for the core `graph`, by the names that the genai core has, too."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from ovpipe.engines.batching_options import GRAMMAR_MEMORY, BatchingOptions, Positive, Precision
from ovpipe.engines.options import StepGraph

SHIPPED_GRAPH: Final = "engine"


class LoraOption(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A LoRA adapter that requests choose by its name."""

    path: Annotated[str, Meta(description="A folder in PEFT's format.")]
    name: Annotated[str | None, Meta(description="What requests call it; null: the folder's name.")] = None
    alpha: Annotated[float, Meta(description="How strongly it works: 1 is as it was trained.")] = 1.0

    def __post_init__(self) -> None:
        if not math.isfinite(self.alpha):
            raise ValueError(f"alpha is {self.alpha}; it must be finite")
        if not self.known_as or ":" in self.known_as:
            raise ValueError(
                f"name is {self.known_as!r}; requests ask for MODEL:NAME, so it is not empty and has no colon"
            )

    @property
    def known_as(self) -> str:
        """The name that requests give."""
        return Path(self.path).resolve().name if self.name is None else self.name


class GraphCoreOptions(BatchingOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The options of the core whose step is a graph."""

    graph: Annotated[str, Meta(description="The graph of a step: a file, or the name of a shipped one.")] = (
        SHIPPED_GRAPH
    )
    enable_prefix_caching: Annotated[
        bool, Meta(description="Whether prompts that begin alike share their cache.")
    ] = True
    prompt_lookup: Annotated[
        bool,
        Meta(description="Whether tokens are drafted from the text, for requests that do not ask for it."),
    ] = False
    num_assistant_tokens: Annotated[
        Positive | None,
        Meta(description="Tokens drafted in a step (null: 5), where the request does not say it."),
    ] = None
    max_ngram_size: Annotated[
        Positive | None,
        Meta(
            description="The longest phrase that prompt lookup looks for (null: 3), where the request does "
            "not say it."
        ),
    ] = None
    prefill_precision: Annotated[
        Precision | Literal["same"],
        Meta(
            description="What prompts are read in: same as precision, or another, which is a second form of "
            "the model over the same cache and takes the memory of its weights again; auto: a second one "
            "where precision is auto and measurements say that it is worth it."
        ),
    ] = "auto"
    adapters: Annotated[
        list[LoraOption],
        Meta(description="LoRA adapters that requests choose from: a list of {path, name, alpha}."),
    ] = msgspec.field(default_factory=list)

    def __post_init__(self) -> None:
        super().__post_init__()
        names = [adapter.known_as for adapter in self.adapters]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"adapters: two are called {twice[0]!r}; give each a name of its own")
        if self.prefill_precision not in ("auto", "same"):
            self._check_prefill_precision(self.prefill_precision)

    def _check_prefill_precision(self, asked: str) -> None:
        if self.exact:
            raise ValueError(
                f"exact and prefill_precision contradict each other: exact has one form for all, "
                f"prefill_precision is {asked}; leave one of them out"
            )
        if self.precision == "auto":
            raise ValueError(
                f"prefill_precision is {asked} and precision is auto, which chooses both by measurements; "
                "give both or none"
            )

    @property
    def prefill_properties(self) -> dict[str, Any] | None:
        """What it is given for a second form, which reads prompts; None: there is none."""
        asked = self.prefill_precision
        if asked == "auto" or asked == "same" or asked == self.precision:
            return None
        return self.properties_in(asked)

    @property
    def step_graph(self) -> StepGraph:
        """The graph of a step. One of the user's own declares the same parameters; of a second form, adapters
        and drafts only where the user asks for them.
        """
        second = self.prefill_properties
        adapters = [{"name": one.known_as, "path": one.path, "alpha": one.alpha} for one in self.adapters]
        asked = {
            "adapters": adapters,
            "grammar_memory": self.grammar_memory if self.grammar_memory != GRAMMAR_MEMORY else None,
            "prompt_lookup": self.prompt_lookup,
            "num_assistant_tokens": self.num_assistant_tokens,
            "max_ngram_size": self.max_ngram_size,
        }
        return StepGraph(
            name=self.graph,
            parameters={
                "models_path": self.models_path,
                "device": self.device,
                "plugin_config": self.device_properties,
                **({} if second is None else {"prefill_config": second}),
                "cache_size": self.cache_size,
                "num_kv_blocks": self.num_kv_blocks,
                "max_num_batched_tokens": self.max_num_batched_tokens,
                "max_num_seqs": self.max_num_seqs,
                "enable_prefix_caching": self.enable_prefix_caching,
                # A graph of the user's own may have no use for these, and then need not declare them.
                **{name: value for name, value in asked.items() if value},
            },
            inputs=("commands",),
            outputs=("deltas",),
            side_outputs=("sequences", "blocks", "facts"),
        )
