"""Models as others publish them, made small."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ovpipe.modelling.bpe import BytePairs, train_bpe
from ovpipe.modelling.config_json.reader import read_config
from ovpipe.modelling.weights import random_weights
from tests.modelling.sources.writing import write_safetensors

SPECIALS: Final = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
CHAT_TEMPLATE: Final = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
CONFIG: Final[Mapping[str, Any]] = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "vocab_size": 284,
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 128,
    "max_position_embeddings": 1024,
    "rms_norm_eps": 1e-6,
    "eos_token_id": 0,
    "tie_word_embeddings": True,
}
TEXT: Final = "the model says what the user asks it, and the user asks what the model says. " * 9


def write_folder(folder: Path, *, seed: int = 0, dtype: str = "BF16", **changes: Any) -> Path:
    """A Llama with random weights, a tokenizer and a chat template; `changes` are of its config.json."""
    config = {**CONFIG, **changes}
    folder.mkdir(exist_ok=True)
    decoder = read_config(config)
    weights = random_weights(decoder, seed, embedding_std=0.1)
    write_safetensors(
        folder / "model.safetensors", ((name, weights(name)) for name in decoder.shapes()), dtype
    )
    tokens = {"eos_token": "<|endoftext|>", "pad_token": "<|endoftext|>"}
    for name, content in {
        "config.json": config,
        "tokenizer.json": tokenizer_json(train_bpe(TEXT, decoder.vocab_size, SPECIALS)),
        "tokenizer_config.json": {**tokens, "chat_template": CHAT_TEMPLATE},
    }.items():
        (folder / name).write_text(json.dumps(content), "utf-8")
    return folder


def tokenizer_json(pairs: BytePairs) -> dict[str, Any]:
    """A byte-level BPE tokenizer as the `tokenizers` library writes it."""
    texts = [text(token) for token in pairs.tokens]
    texts[: len(pairs.specials)] = pairs.specials
    return {
        "version": "1.0",
        "added_tokens": [
            {
                "id": index,
                "content": special,
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                "normalized": False,
                "special": True,
            }
            for index, special in enumerate(pairs.specials)
        ],
        "normalizer": None,
        "pre_tokenizer": {
            "type": "ByteLevel",
            "add_prefix_space": False,
            "trim_offsets": True,
            "use_regex": True,
        },
        "post_processor": {
            "type": "ByteLevel",
            "add_prefix_space": True,
            "trim_offsets": False,
            "use_regex": True,
        },
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {
            "type": "BPE",
            "vocab": {one: index for index, one in enumerate(texts)},
            "merges": [[text(left), text(right)] for left, right in pairs.merges],
        },
    }


def text(token: bytes) -> str:
    """Bytes in GPT-2's alphabet, which has a visible character for each (openai/gpt-2, src/encoder.py)."""
    visible = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in visible]
    alphabet = {byte: chr(byte) for byte in visible} | {byte: chr(256 + n) for n, byte in enumerate(others)}
    return "".join(alphabet[byte] for byte in token)
