"""A model that says what a test wants: a text for each word that a user may say."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

from ovpipe.modelling.bpe import BytePairs
from ovpipe.modelling.config import DecoderConfig
from ovpipe.modelling.decoder import build_decoder
from ovpipe.modelling.folder import write_model_folder
from ovpipe.modelling.tokenizer import build_tokenizer
from ovpipe.modelling.weights import scripted_weights

PAD, BEGIN, END = "<|endoftext|>", "<|begin|>", "<|im_end|>"
PIECE = 3
"""Characters in a token, where another text does not have the same."""

LAST_MESSAGE = "{{ messages[-1].content }}"
"""A chat template that leaves nothing but the word."""


def write_scripted_model(
    folder: Path, texts: Mapping[str, str], *, chat_template: str = LAST_MESSAGE, marks: tuple[str, ...] = ()
) -> None:
    """Writes a model that answers the special token `<|word|>` with the text of that word, and ends.

    Each text is cut into tokens that no other text has, and the model knows for each token which one
    comes next, whatever came before. Its tokenizer puts a token before a completion's prompt. `marks` are strings that become special tokens wherever they stand in the
    texts; each may stand in one place only.
    """
    words = [f"<|{word}|>" for word in texts]
    specials = (PAD, BEGIN, END, *words, *marks)
    used = {bytes([byte]) for byte in range(256)}
    pieces = {word: cut(text, marks, used) for word, text in texts.items()}
    tokens = BytePairs(
        specials, (), tuple(p.encode() for script in pieces.values() for p in script if p not in marks)
    )
    ids = {token: index for index, token in enumerate(tokens.tokens)}
    following: dict[int, int] = {}
    for word, script in pieces.items():
        path = [ids[piece.encode()] for piece in (f"<|{word}|>", *script, END)]
        following |= dict(pairwise(path))
    config = DecoderConfig(
        vocab_size=len(ids),
        hidden_size=128,
        num_layers=1,
        num_heads=2,
        num_kv_heads=2,
        head_dim=64,
        intermediate_size=64,
        max_position_embeddings=1024,
        eos_token_id=specials.index(END),
        pad_token_id=specials.index(PAD),
        tie_embeddings=False,
    )
    weights = scripted_weights(config, lambda token: following.get(token, specials.index(END)))
    tokenizer, detokenizer = build_tokenizer(tokens, eos=END, pad=PAD, bos=BEGIN, chat_template=chat_template)
    write_model_folder(
        folder,
        model=build_decoder(config, weights),
        tokenizer=tokenizer,
        detokenizer=detokenizer,
        config=config,
        eos_token=END,
        pad_token=PAD,
        chat_template=chat_template,
    )


def cut(text: str, marks: tuple[str, ...], used: set[bytes]) -> list[str]:
    """The text in pieces that nobody has used yet; the marks in it are pieces of their own."""
    pieces: list[str] = []
    at = 0
    while at < len(text):
        mark = next((mark for mark in marks if text.startswith(mark, at)), None)
        end = at + len(mark or "")
        if mark is None:
            end = min(at + PIECE, len(text))
            while end < len(text) and text[at:end].encode() in used:
                end += 1
            while text[at:end].encode() in used:  # at the text's end: more of what comes before it
                last = pieces.pop()
                used.remove(last.encode())
                at -= len(last)
        pieces.append(text[at:end])
        used.add(pieces[-1].encode())
        at = end
    return pieces
