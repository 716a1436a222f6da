"""What an import is to make of a source, known before anything is written."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from ovpipe.modelling.config import DecoderConfig
from ovpipe.modelling.config_json.reader import read_config
from ovpipe.modelling.constants import BYTES, Storage, precision_of
from ovpipe.modelling.importing.defaults import DEFAULT_WEIGHTS
from ovpipe.modelling.sources.model_source import ModelSource
from ovpipe.modelling.sources.opening import open_source
from ovpipe.modelling.storage import WeightsChoice, storage_for
from ovpipe.modelling.unsupported import UnsupportedModel


@dataclass(frozen=True, kw_only=True)
class ImportPlan:
    """A model that can be imported, and how."""

    source: ModelSource
    config: DecoderConfig
    weights: WeightsChoice
    storage: Storage

    @property
    def parameters(self) -> int:
        """How many numbers the model has."""
        return sum(math.prod(shape) for shape in self.config.shapes().values())

    @property
    def bytes(self) -> int:
        """About how much the decoder takes on the disk."""
        return int(sum(self._bytes(name, shape) for name, shape in self.config.shapes().items()))

    def _bytes(self, name: str, shape: tuple[int, ...]) -> float:
        each = BYTES[precision_of(self.storage, name)] if len(shape) == 2 else 4
        return math.prod(shape) * each


def plan_import(
    path: Path, *, weights: WeightsChoice | None = None, long_context: bool = False
) -> ImportPlan:
    """Reads what the source says of itself. No `weights`: DEFAULT_WEIGHTS.

    Raises FileNotFoundError, BrokenModel, and UnsupportedModel also for a model that ovpipe could build but
    not serve.
    """
    source = open_source(path)
    config = read_config(source.config, long_context=long_context)
    if obstacle := config.paging_obstacle():
        raise UnsupportedModel(
            f"{path}: OpenVINO cannot serve this model to several requests at once, since {obstacle}",
            "Take another model: Gemma 3 has no such cap.",
        )
    chosen = weights or DEFAULT_WEIGHTS
    return ImportPlan(
        source=source, config=config, weights=chosen, storage=storage_for(chosen, source, config)
    )
