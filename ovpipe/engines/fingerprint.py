"""A short name for what answers: the same while model, settings and libraries are."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import msgspec
import openvino as ov


def fingerprint(settings: dict[str, Any], models_path: Path) -> str:
    """OpenAI's system_fingerprint: "fp_" and ten hexadecimal digits.

    `settings` is all that decides over answers beside the model's folder and OpenVINO. Of the weights only
    size and time are looked at: they may be many gigabytes.
    """
    digest = hashlib.sha256(msgspec.json.encode(settings, order="deterministic"))
    digest.update(ov.__version__.encode())
    for name in ("openvino_model.xml", "generation_config.json", "config.json"):
        file = models_path / name
        digest.update(file.read_bytes() if file.is_file() else b"")
    weights = (models_path / "openvino_model.bin").stat()
    digest.update(f"{weights.st_size} {weights.st_mtime_ns}".encode())
    return f"fp_{digest.hexdigest()[:10]}"
