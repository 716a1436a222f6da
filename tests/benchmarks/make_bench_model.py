"""Makes a model for benchmarks: the shape of Qwen2.5-0.5B, random INT8 weights, 0.5 GB.

    python tests/benchmarks/make_bench_model.py folder

How long a step takes depends on the shape alone, so what is measured holds for the real model. The
tokenizer knows the words of a page of text; the rest of its 151,936 tokens are numbered fillers, so that
every id the model gives has a text of its own.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from ovpipe.modelling.bpe import BytePairs, train_bpe
from ovpipe.modelling.config import DecoderConfig
from ovpipe.modelling.decoder import build_decoder
from ovpipe.modelling.folder import write_model_folder
from ovpipe.modelling.tokenizer import build_tokenizer
from ovpipe.modelling.weights import random_weights

CORPUS = Path(__file__).parents[2] / "examples" / "random_model" / "corpus.txt"
PAD, START, END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
CONFIG = DecoderConfig(
    vocab_size=151_936,
    hidden_size=896,
    num_layers=24,
    num_heads=14,
    num_kv_heads=2,
    head_dim=64,
    intermediate_size=4864,
    max_position_embeddings=32_768,
    rope_theta=1_000_000.0,
    attention_bias=True,
    tie_embeddings=True,
    eos_token_id=2,
    pad_token_id=0,
)


def bench_vocabulary(size: int) -> BytePairs:
    """A vocabulary learned from a page, filled up to `size` with " n0", " n1" and so on.

    No text encodes to a filler: letters and digits are split before tokens are looked up.
    """
    learned = train_bpe(CORPUS.read_text("utf-8"), 1280, [PAD, START, END])
    fillers = tuple(f" n{index}".encode() for index in range(size - len(learned.tokens)))
    return BytePairs(learned.specials, learned.merges, fillers)


def main() -> None:
    arguments = argparse.ArgumentParser(description="Makes the benchmark model.")
    arguments.add_argument("folder", type=Path)
    folder: Path = arguments.parse_args().folder
    began = time.monotonic()

    def report(what: str) -> None:
        sys.stdout.write(f"{time.monotonic() - began:6.1f} s  {what}\n")
        sys.stdout.flush()

    tokenizer, detokenizer = build_tokenizer(
        bench_vocabulary(CONFIG.vocab_size), eos=END, pad=PAD, chat_template=CHAT_TEMPLATE
    )
    report("tokenizer built")
    weights = random_weights(CONFIG, seed=0, gain=1.5, embedding_std=0.05)
    model = build_decoder(CONFIG, weights, precision="int8")
    report("model built")
    write_model_folder(
        folder,
        model=model,
        tokenizer=tokenizer,
        detokenizer=detokenizer,
        config=CONFIG,
        eos_token=END,
        pad_token=PAD,
        chat_template=CHAT_TEMPLATE,
    )
    report(f"written to {folder}")


if __name__ == "__main__":
    main()
