"""Texts in a graph, cut into pieces on their way to tokens."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, Self

from openvino import opset13

from ovpipe.modelling.tokenizing.ops import Ops, Output, integers, text_constant

Behaviour = Literal["isolate", "remove"]


@dataclass(frozen=True)
class Pieces:
    """The pieces of each text of a batch. A method gives those that another operation makes of them.

    `rows` are, for each text, the indices of its first piece and of the one after its last; `strings` the
    begins and ends of the pieces among the characters, and the characters. Where `skips` holds, a piece is an
    added token, which no operation changes or cuts.
    """

    ops: Ops
    rows: tuple[Output, ...]
    strings: tuple[Output, ...]
    skips: Output | None = None

    @classmethod
    def of(cls, ops: Ops, texts: Output) -> Self:
        """Each text a single piece."""
        strings = ops.unpack(texts)
        count = opset13.gather(opset13.shape_of(strings[0]), integers(0), integers(0))
        begins = opset13.range(integers(0), count, integers(1), output_type="i32")
        after = opset13.add(count, opset13.constant(1, count.get_element_type()))
        ends = opset13.range(integers(1), after, integers(1), output_type="i32")
        return cls(ops, (begins.output(0), ends.output(0)), tuple(strings))

    def set_apart(self, pattern: str) -> Self:
        """Makes added tokens of what the pattern's group finds; nothing is left of the rest of the match.

        Not where some pieces are added tokens already: OpenVINO cannot copy a model with that operation.
        """
        inputs = [*self._all, *self.ops.pattern(pattern)]
        return self._now(self.ops.create("SpecialTokensSplit", inputs))

    def anew(self) -> Self:
        """The same pieces, none of which is an added token."""
        return replace(self, skips=None)

    def split(self, pattern: str, behaviour: Behaviour, *, invert: bool = False) -> Self:
        """Cuts at what the pattern finds, which remains as a piece or is removed.

        `invert` removes what it does not find.
        """
        inputs = [*self._all, *self.ops.pattern(pattern)]
        return self._now(
            self.ops.create("RegexSplit", inputs, behaviour=behaviour, invert=invert, max_splits=-1)
        )

    def substitute(self, pattern: str, replacement: str, *, once: bool = False, added: bool = False) -> Self:
        """Replaces what the pattern finds, in added tokens only if `added`; `$1` in it is the first group."""
        inputs = [*self.strings, *([] if added else self._skips)]
        outputs = self.ops.create(
            "RegexNormalization",
            [*inputs, *self.ops.pattern(pattern), *text_constant(replacement)],
            global_replace=not once,
        )
        return replace(self, strings=tuple(outputs[:3]))

    def map_characters(self, *, form: str = "", charsmap: Output | None = None) -> Self:
        """Replaces strings by others: those of a Unicode normal form, or of a charsmap of SentencePiece."""
        inputs = [*self.strings, *self._skips, *([] if charsmap is None else [charsmap])]
        outputs = self.ops.create(
            "CharsMapNormalization",
            inputs,
            normalization_form=form,
            add_dummy_prefix=False,
            remove_extra_whitespaces=False,
            escape_whitespaces=False,
            case_fold=False,
            nmt=False,
        )
        return replace(self, strings=tuple(outputs[:3]))

    @property
    def ragged(self) -> list[Output]:
        """What a tokenization operation takes: rows and strings."""
        return [*self.rows, *self.strings]

    @property
    def _skips(self) -> list[Output]:
        return [] if self.skips is None else [self.skips]

    @property
    def _all(self) -> list[Output]:
        return [*self.rows, *self.strings, *self._skips]

    def _now(self, outputs: list[Output]) -> Self:
        skips = outputs[5] if len(outputs) > 5 else None
        return replace(self, rows=tuple(outputs[:2]), strings=tuple(outputs[2:5]), skips=skips)
