"""How a model's weights are stored, by the name that a user gives it."""

from __future__ import annotations

from typing import Literal, TypeAlias

from ovpipe.modelling.config import DecoderConfig
from ovpipe.modelling.constants import Storage
from ovpipe.modelling.sources.model_source import ModelSource

WeightsChoice: TypeAlias = Literal["int8", "f16", "f32"]
"""int8: a scale for each output channel. f16 and f32: floats."""


def storage_for(choice: WeightsChoice, source: ModelSource, config: DecoderConfig) -> Storage:
    """How each matrix of the source's decoder is stored. Embeddings and head are matrices, too."""
    return choice
