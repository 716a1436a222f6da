"""Makes the model that most tests serve: a tiny Llama with random weights and a tokenizer of its own.

    python examples/random_model/make.py [folder]

The same versions of OpenVINO give the same bytes; other versions give the same values.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from ovpipe.modelling.bpe import BytePairs, train_bpe
from ovpipe.modelling.config import DecoderConfig
from ovpipe.modelling.decoder import build_decoder
from ovpipe.modelling.folder import write_model_folder
from ovpipe.modelling.tokenizer import build_tokenizer
from ovpipe.modelling.weights import Array, Weights, random_weights

HERE = Path(__file__).parent
SHIPPED = HERE.parents[1] / "tests" / "models" / "tiny-random"

PAD, START, END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
VOCAB_SIZE = 1280
SEED = 0
GAIN = 2.0
"""Above 1, activations grow with depth and attention is sharp: the text depends on all of the prompt."""
END_BIAS = -12.0
"""How probable the end of an answer is: most run to a few thousand tokens, few end before a hundred."""


def make_model(folder: Path) -> None:
    """Writes the model folder. Its README.md is written by hand and stays as it is."""
    pairs = train_bpe((HERE / "corpus.txt").read_text("utf-8"), VOCAB_SIZE, [PAD, START, END])
    config = DecoderConfig(
        vocab_size=VOCAB_SIZE,
        hidden_size=64,
        num_layers=3,
        num_heads=4,
        num_kv_heads=2,
        head_dim=16,
        intermediate_size=128,
        max_position_embeddings=4096,
        eos_token_id=pairs.specials.index(END),
        pad_token_id=pairs.specials.index(PAD),
    )
    weights = readable(random_weights(config, SEED, gain=GAIN), pairs)
    tokenizer, detokenizer = build_tokenizer(pairs, eos=END, pad=PAD, chat_template=CHAT_TEMPLATE)
    write_model_folder(
        folder,
        model=build_decoder(config, weights, precision="f16", adapters=True),
        tokenizer=tokenizer,
        detokenizer=detokenizer,
        config=config,
        eos_token=END,
        pad_token=PAD,
        chat_template=CHAT_TEMPLATE,
    )


def readable(weights: Weights, pairs: BytePairs) -> Weights:
    """The same weights, but with some tokens less probable than others.

    Answers come to an end, yet not soon; they have no other special tokens and no control characters,
    which a terminal would obey; and they have few tokens that are parts of a character, though some,
    since they are what a detokenizer has to get right.

    A Llama's head has no bias, so one is made: the first hidden dimension is the same positive number in
    every embedding, and no layer writes to it. What the head's row of a token has there is its bias.
    """

    def bias(token: bytes) -> float:
        text = token.decode(errors="replace")
        if token == END.encode():
            return END_BIAS
        if text in pairs.specials or not text.translate({ord("\n"): "", ord("\t"): ""}).isprintable():
            return -200.0
        return -20.0 if "\ufffd" in text else 0.0

    biases = np.array([bias(token) for token in pairs.tokens], np.float32)

    def weight(name: str) -> Array:
        values = weights(name)
        if name == "model.embed_tokens.weight":
            values[:, 0] = 1.0
        elif name == "lm_head.weight":
            values[:, 0] = biases
        elif name.endswith(("o_proj.weight", "down_proj.weight")):
            values[0] = 0.0
        return values

    return weight


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else SHIPPED
    make_model(folder)
    sys.stdout.write(f"{folder}\n")
