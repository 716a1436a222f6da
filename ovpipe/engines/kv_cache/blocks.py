"""The blocks of a paged KV cache."""

from __future__ import annotations


def block_size(device: str) -> int:
    """Tokens in a block, as the paged attention of OpenVINO's device has it."""
    return 16 if "GPU" in device else 32
