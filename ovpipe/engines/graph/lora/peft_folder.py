"""read_adapter: a folder in PEFT's format, adapter_config.json and adapter_model.safetensors.

The format (huggingface/peft, LoraConfig and get_peft_model_state_dict): tensors are named
`base_model.model.MODULE.lora_A.weight`, of [r, inputs], and `lora_B`, of [outputs, r]. Their product is
multiplied by lora_alpha / r, or by lora_alpha / sqrt(r) with use_rslora; alpha_pattern has another lora_alpha
for some modules, by regular expressions that match the end of a module's name.
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any, Final

import numpy as np

from ovpipe.engines.graph.lora.low_rank import Adapter, LowRank
from ovpipe.modelling.sources.safetensors_file import SafetensorsFile

CONFIG: Final = "adapter_config.json"
WEIGHTS: Final = "adapter_model.safetensors"
_PART = re.compile(r"(?:base_model\.model\.)?(?P<module>.+)\.lora_(?P<part>[AB])(?:\.\w+)?\.weight")
_NEUTRAL: Final = {
    "use_dora": (False, None),
    "fan_in_fan_out": (False, None),
    "bias": ("none", None),
    "lora_bias": (False, None),
    "modules_to_save": (None, []),
    "target_parameters": (None, []),
    "trainable_token_indices": (None, [], {}),
    "alora_invocation_tokens": (None, []),
}
"""Keys of the configuration that ask for more than two matrices a projection, with what asks for nothing."""


def read_adapter(name: str, folder: Path, alpha: float = 1.0) -> Adapter:
    """The adapter of a folder; `alpha` is how strongly it works, 1 as it was trained.

    Raises ValueError with what is wrong with the folder.
    """
    for file in (CONFIG, WEIGHTS):
        if not (folder / file).is_file():
            raise ValueError(
                f"adapters: {folder} has no {file}; an adapter is a folder in PEFT's format, with {CONFIG} "
                f"and {WEIGHTS}"
            )
    config = _config(folder / CONFIG)
    tensors = SafetensorsFile(folder / WEIGHTS)
    parts: dict[str, dict[str, str]] = {}
    for tensor in tensors.names:
        match = _PART.fullmatch(tensor)
        if match is None:
            raise ValueError(f"adapters: {tensors.path} has {tensor}; ovpipe knows lora_A and lora_B alone")
        parts.setdefault(match["module"], {})[match["part"]] = tensor
    if not parts:
        raise ValueError(f"adapters: {tensors.path} has no tensors")
    changes = {}
    for module, names in parts.items():
        if len(names) < 2:
            raise ValueError(f"adapters: {tensors.path} has lora_A or lora_B of {module}, and not the other")
        down, up = tensors.tensor(names["A"]), tensors.tensor(names["B"])
        if down.ndim != 2 or up.ndim != 2 or down.shape[0] != up.shape[1]:
            raise ValueError(
                f"adapters: {tensors.path}: lora_A of {module} has shape {list(down.shape)} and lora_B "
                f"{list(up.shape)}; they should be [r, inputs] and [outputs, r]"
            )
        strength = np.float32(alpha * _scaling(config, module, down.shape[0]))
        changes[module] = LowRank(down=np.ascontiguousarray(down), up=up * strength)
    return Adapter(name, folder, changes)


def _config(path: Path) -> dict[str, Any]:
    try:
        config = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"adapters: {path} is not JSON: {error}") from None
    if not isinstance(config, dict) or config.get("peft_type") != "LORA":
        kind = config.get("peft_type") if isinstance(config, dict) else None
        raise ValueError(f"adapters: {path} says peft_type {kind!r}; ovpipe has LORA alone")
    for key, neutral in _NEUTRAL.items():
        if config.get(key) not in neutral:
            raise ValueError(f"adapters: {path} says {key} {config[key]!r}; ovpipe has none of that")
    alphas = [config.get("lora_alpha"), *(config.get("alpha_pattern") or {}).values()]
    if not all(isinstance(one, int | float) and math.isfinite(one) for one in alphas):
        raise ValueError(f"adapters: {path}: lora_alpha and alpha_pattern are numbers, not {alphas}")
    return config


def _scaling(config: dict[str, Any], module: str, rank: int) -> float:
    alpha = config["lora_alpha"]
    for pattern, own in (config.get("alpha_pattern") or {}).items():
        if re.fullmatch(rf"(.*\.)?({pattern})", module):
            alpha = own
            break
    return float(alpha / (math.sqrt(rank) if config.get("use_rslora") else rank))
