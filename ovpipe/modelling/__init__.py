"""Builds OpenVINO models without a hub: decoder-only language models and tokenizers."""
