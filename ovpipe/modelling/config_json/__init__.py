"""Hugging Face's config.json, read as a DecoderConfig."""
