"""The blocks in which openvino-genai keeps its KV cache."""

from __future__ import annotations


def block_size(device: str) -> int:
    """Tokens in a block, as openvino-genai chooses it."""
    return 16 if "GPU" in device else 32
