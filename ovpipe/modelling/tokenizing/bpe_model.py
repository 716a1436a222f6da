"""Byte-pair encoding, as `tokenizers` does it, by OpenVINO's operation.

OpenVINO begins with the longest names of its vocabulary that no merge makes, wherever they stand in a text;
`tokenizers` with single characters. So the operation's vocabulary names single characters, what merges make,
and added tokens; any other id has a name that no text has. Bytes that stand for characters that are no
tokens are named by that byte: OpenVINO finds it where it finds no character.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

import openvino as ov
from openvino import opset13

from ovpipe.modelling.tokenizing.content import TokenizerContent, refuse
from ovpipe.modelling.tokenizing.ops import Ops, Output, integers, string_tensor, strings_constant
from ovpipe.modelling.tokenizing.patterns import members
from ovpipe.modelling.tokenizing.pieces import Pieces
from ovpipe.modelling.tokenizing.whole_pieces import ordinary_may_be_added, whole_name, with_whole_names
from ovpipe.modelling.unsupported import UnsupportedModel
from ovpipe.tokenizers.gpt2_characters import Gpt2Characters

_CACHED_WORDS = 20_000
_NOWHERE = b"\xff"
"""A byte that no UTF-8 has."""
_UNKNOWN = "\U0010fffe"
"""A noncharacter, which stands for what is unknown on its way into the operation."""


class BytePairModel:
    """The vocabulary and merges of a tokenizer, as the operation takes them."""

    def __init__(self, content: TokenizerContent) -> None:
        model = content.model
        for option in ("continuing_subword_prefix", "end_of_word_suffix", "dropout"):
            if model.get(option):
                raise refuse("model", {"type": "BPE"}, f"has a {option}, which ovpipe does not build")
        self._content = content
        self._ids = content.vocabulary
        self._names = _names(self._ids, byte_level=content.is_byte_level)
        self.merges = self._merges(model.get("merges") or ())
        self._byte_ids = self._bytes() if model.get("byte_fallback") else {}
        self.unknown = None if self._byte_ids else model.get("unk_token")

    def encode(self, pieces: Pieces) -> list[Output]:
        """The token ids of the pieces, ragged."""
        pieces = self._without_unknown(pieces)
        added = {token.name.encode(): token.id for token in self._content.added_tokens}
        words = {name: self._ids[token] for token, name in self._names.items()}
        words = words if self._content.model.get("ignore_merges") else {}
        unmerged = self._not_merged(pieces.ops, added, words)
        words = {name: words[name] for name in words if name in unmerged}
        elsewhere = ordinary_may_be_added(self._content)
        apart = {name: added[name] for name in added if elsewhere or name in unmerged}
        pieces = with_whole_names(
            pieces,
            added=[name.decode() for name in apart],
            words=[name.decode() for name in words],
            ordinary_may_be_added=elsewhere,
        )
        whole = {whole_name(name): token for name, token in (words | apart).items()}
        found = {name: token for name, token in added.items() if name not in apart}
        return self._operation(pieces.ops, pieces.ragged, found | whole)

    def _not_merged(self, ops: Ops, added: Mapping[bytes, int], words: Mapping[bytes, int]) -> set[bytes]:
        """Those added tokens and words that as a piece of their own would become other tokens."""
        wanted = {**words, **added}
        texts = opset13.parameter([-1], ov.Type.string)
        outputs = self._operation(ops, Pieces.of(ops, texts.output(0)).ragged, added)
        compiled = ov.Core().compile_model(ov.Model(outputs, [texts], "words"), "CPU")
        begins, ends, ids = compiled(string_tensor(list(wanted))).to_tuple()
        return {
            word
            for word, begin, end in zip(wanted, begins, ends, strict=True)
            # A NUL at the end is lost in a tensor of strings.
            if ids[begin:end].tolist() != [wanted[word]] and _is_text(word) and not word.endswith(b"\0")
        }

    def _operation(
        self,
        ops: Ops,
        ragged: list[Output],
        added: Mapping[bytes, int],
    ) -> list[Output]:
        lefts, rights = zip(*self.merges, strict=True) if self.merges else ((), ())
        inputs = [*ragged, *strings_constant(self.names), *strings_constant(lefts), *strings_constant(rights)]
        if added:
            inputs += [*strings_constant(added), integers(list(added.values()))]
        return ops.create(
            "BPETokenizer",
            inputs,
            unk_token="",
            fuse_unk=False,
            suffix_indicator="",
            end_suffix="",
            byte_fallback=False,
            # Whole texts would fill the cache where nothing cuts them into words.
            cache_capacity=_CACHED_WORDS if self._content.pre_tokenizers else 0,
        )

    @cached_property
    def names(self) -> list[bytes]:
        """What the operation finds in a text, by the id that it stands for."""
        made = {left + right for left, right in self.merges}
        names = [_NOWHERE + str(index).encode() for index in range(len(self._content.names))]
        for token, name in self._names.items():
            if len(token) == 1 or name in made:
                names[self._ids[token]] = name
        characters = set(names)
        for byte, index in self._byte_ids.items():
            if bytes([byte]) not in characters:
                names[index] = bytes([byte])
        if self.unknown is not None:
            names[self._ids[self.unknown]] = _UNKNOWN.encode()
        return names

    def _merges(self, merges: Sequence[str | Sequence[str]]) -> list[tuple[bytes, bytes]]:
        """The merges in the order of their ranks; of a pair that is named twice the last counts."""
        pairs: dict[tuple[bytes, bytes], None] = {}
        for merge in merges:
            left, right = merge.split(" ") if isinstance(merge, str) else merge
            if left + right not in self._ids or left not in self._ids or right not in self._ids:
                raise UnsupportedModel(f"tokenizer.json merges {left!r} and {right!r}, which are no tokens")
            pair = self._names.get(left, b""), self._names.get(right, b"")
            if all(pair):
                pairs.pop(pair, None)
                pairs[pair] = None
        return self._reachable(list(pairs))

    def _reachable(self, pairs: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        """Those of parts that are single characters, or that others of them make."""
        single = {name for token, name in self._names.items() if len(token) == 1}
        while True:
            made = single | {left + right for left, right in pairs}
            kept = [pair for pair in pairs if pair[0] in made and pair[1] in made]
            if len(kept) == len(pairs):
                return kept
            pairs = kept

    def _bytes(self) -> dict[int, int]:
        """The ids of <0x00> to <0xFF>; none where they are no tokens."""
        found = {byte: self._ids[name] for byte in range(256) if (name := f"<0x{byte:02X}>") in self._ids}
        if found and len(found) < 256:
            raise UnsupportedModel(f"tokenizer.json's byte_fallback has tokens for {len(found)} of 256 bytes")
        return found

    def _without_unknown(self, pieces: Pieces) -> Pieces:
        """Lets what is unknown be one character, for which the unknown token stands."""
        if self.unknown is None or self._content.is_byte_level:
            return pieces
        known = sorted({ord(token) for token in self._ids if len(token) == 1})
        repeat = "++" if self._content.model.get("fuse_unk") else ""
        return pieces.substitute(f"[^{members(known)}]{repeat}" if known else f"(?s:.){repeat}", _UNKNOWN)


def _names(tokens: Iterable[str], *, byte_level: bool) -> dict[str, bytes]:
    """The tokens as they stand in a piece; without those that cannot stand in any."""
    if not byte_level:
        return {token: token.encode() for token in tokens if token}
    characters = Gpt2Characters()
    return {token: name for token in tokens if (name := characters.bytes_of(token))}


def _is_text(word: bytes) -> bool:
    try:
        word.decode()
    except UnicodeDecodeError:
        return False
    return True
