"""Tokenizers as OpenVINO models, of what a tokenizer.json says."""

from ovpipe.modelling.tokenizing.models import TokenizerModels, build_tokenizer_models

__all__ = ["TokenizerModels", "build_tokenizer_models"]
