"""The decoders of a tokenizer.json: from the names of tokens to text.

What a decoder does with each token is done here, once; the detokenizer joins the bytes that come of it. What
is done with the joined text is left to operations.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ovpipe.modelling.tokenizing.content import Step, TokenizerContent, refuse
from ovpipe.modelling.tokenizing.normalizers import pattern_of, replacement_of
from ovpipe.modelling.tokenizing.patterns import literal
from ovpipe.tokenizers.gpt2_characters import Gpt2Characters

Text = str | bytes
"""What a token stands for; bytes once a decoder has made bytes of it."""
OfToken = Callable[[str], Text]


@dataclass
class Decoding:
    """What each token stands for, and what is replaced in the joined text."""

    token_bytes: list[bytes]
    substitutions: list[tuple[str, str]] = field(default_factory=list)
    """Patterns and replacements, in their order."""


def decoding(content: TokenizerContent) -> Decoding:
    """That of a tokenizer's decoders; raises UnsupportedModel for one that ovpipe does not build."""
    texts: list[Text] = [name or "" for name in content.names]
    if not content.decoders:  # the names are joined by blanks
        return Decoding([b" " + _encoded(text) if text else b"" for text in texts], [(r"\A ", "")])
    substitutions: list[tuple[str, str]] = []
    fused = False
    for step in content.decoders:
        kind = step["type"]
        if kind == "Fuse":
            fused = True
        elif kind not in (_OF_JOINED if fused else _OF_TOKENS):
            raise refuse("decoder", step)
        elif fused:
            substitutions.append(_OF_JOINED[kind](step))
        else:
            of_token, of_joined = _OF_TOKENS[kind](step)
            texts = [of_token(text) if isinstance(text, str) else text for text in texts]
            substitutions += of_joined
    return Decoding([_encoded(text) for text in texts], substitutions)


def _encoded(text: Text) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


def _replace(step: Step) -> tuple[OfToken, list[tuple[str, str]]]:
    found = step["pattern"].get("String")
    if not found:
        raise refuse("decoder", step, "has a regular expression for single tokens")
    return lambda token: token.replace(found, step["content"]), []


def _replace_joined(step: Step) -> tuple[str, str]:
    return pattern_of("decoder", step), replacement_of("decoder", step, step["content"])


def _byte_fallback(step: Step) -> tuple[OfToken, list[tuple[str, str]]]:
    def of_token(token: str) -> Text:
        written = re.fullmatch("<0x([0-9A-Fa-f]{2})>", token)
        return bytes.fromhex(written[1]) if written is not None else token

    return of_token, []


def _byte_level(step: Step) -> tuple[OfToken, list[tuple[str, str]]]:
    characters = Gpt2Characters()

    def of_token(token: str) -> bytes:
        plain = characters.bytes_of(token)
        return token.encode() if plain is None else plain  # some added tokens are written as they are

    return of_token, []


def _strip(step: Step) -> tuple[OfToken, list[tuple[str, str]]]:
    found = re.compile(_ends(re.escape(step["content"]), step, r"\Z"))
    return lambda token: found.sub("", token), []


def _strip_joined(step: Step) -> tuple[str, str]:
    return _ends(literal(step["content"]), step, r"\z"), ""


def _ends(content: str, step: Step, end: str) -> str:
    return rf"\A(?:{content}){{0,{step['start']}}}|(?:{content}){{0,{step['stop']}}}{end}"


def _metaspace(step: Step) -> tuple[OfToken, list[tuple[str, str]]]:
    replacement = step.get("replacement", "▁")
    scheme = step.get("prepend_scheme", "always" if step.get("add_prefix_space", True) else "never")
    return lambda token: token.replace(replacement, " "), [] if scheme == "never" else [(r"\A ", "")]


def _word_piece(step: Step) -> tuple[OfToken, list[tuple[str, str]]]:
    prefix = step.get("prefix", "##")

    def of_token(token: str) -> str:
        text = token.removeprefix(prefix) if token.startswith(prefix) else f" {token}"
        for dirty, clean in _CLEANED if step.get("cleanup", True) else ():
            text = text.replace(dirty, clean)
        return text

    return of_token, [(r"\A ", "")]


_CLEANED = (
    (" .", "."),
    (" ?", "?"),
    (" !", "!"),
    (" ,", ","),
    (" ' ", "'"),
    (" n't", "n't"),
    (" 'm", "'m"),
    (" do not", " don't"),
    (" 's", "'s"),
    (" 've", "'ve"),
    (" 're", "'re"),
)
"""What the decoder WordPiece cleans up, in its order (huggingface/tokenizers, decoders/wordpiece.rs)."""

_OF_TOKENS: Mapping[str, Callable[[Step], tuple[OfToken, list[tuple[str, str]]]]] = {
    "ByteLevel": _byte_level,
    "ByteFallback": _byte_fallback,
    "Replace": _replace,
    "Strip": _strip,
    "Metaspace": _metaspace,
    "WordPiece": _word_piece,
}
_OF_JOINED: Mapping[str, Callable[[Step], tuple[str, str]]] = {
    "Replace": _replace_joined,
    "Strip": _strip_joined,
}
