"""The operations of openvino_tokenizers that tokenizers are built of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import openvino as ov
import openvino_tokenizers
from openvino import opset13

from ovpipe.modelling.unsupported import UnsupportedModel

Output = Any
"""An output of a node; OpenVINO ships no type information."""


class Ops:
    """Creates nodes by the name of their operation."""

    def __init__(self) -> None:
        # The package's own factories: nodes must not outlive the one whose library they are of.
        self._extension = openvino_tokenizers._get_factory()
        self._opset = openvino_tokenizers._get_opset_factory("opset15")
        self._patterns: list[str] = []

    def create(self, operation: str, inputs: Sequence[Output], **attributes: Any) -> list[Output]:
        """The outputs of a new node of openvino_tokenizers."""
        return list(self._extension.create(operation, list(inputs), attributes).outputs())

    def unpack(self, text: Output) -> list[Output]:
        """A tensor of strings as (begins, ends, characters)."""
        return list(self._opset.create("StringTensorUnpack", [text]).outputs())

    def pack(self, strings: Sequence[Output]) -> list[Output]:
        """(begins, ends, characters) as a tensor of strings."""
        return list(self._opset.create("StringTensorPack", list(strings)).outputs())

    def pattern(self, pattern: str) -> list[Output]:
        """A regular expression as operations take it, kept for `check_patterns`."""
        self._patterns.append(pattern)
        return text_constant(pattern)

    def check_patterns(self) -> None:
        """Raises UnsupportedModel where OpenVINO cannot compile a pattern; its operations do not say so."""
        texts = opset13.parameter([1], ov.Type.string)
        outputs: list[Output] = []
        for pattern in self._patterns:
            strings = [*self.unpack(texts.output(0)), *text_constant(f"x|(?:{pattern})"), *text_constant("y")]
            outputs += self.pack(self.create("RegexNormalization", strings, global_replace=False))
        if not outputs:
            return
        found = ov.Core().compile_model(ov.Model(outputs, [texts], "patterns"), "CPU")(string_tensor([b"x"]))
        for pattern, output in zip(self._patterns, found.to_tuple(), strict=True):
            if output.tolist() != ["y"]:
                raise UnsupportedModel(f"OpenVINO's regular expressions do not know {pattern[:200]!r}")


def text_constant(text: str) -> list[Output]:
    """A single string, as operations take replacements."""
    return [_bytes(text.encode())]


def string_tensor(texts: Sequence[bytes]) -> Any:
    """Strings as the input of a model."""
    tensor = ov.Tensor(ov.Type.string, [len(texts)])
    tensor.bytes_data = list(texts)
    return tensor


def strings_constant(strings: Iterable[bytes]) -> list[Output]:
    """Strings as (begins, ends, characters)."""
    parts = list(strings)
    ends = np.cumsum([len(part) for part in parts], dtype=np.int32)
    begins = np.concatenate([np.zeros(min(len(parts), 1), np.int32), ends[:-1]])
    return [integers(begins), integers(ends), _bytes(b"".join(parts))]


def integers(values: Any) -> Output:
    """Integers of 32 bits."""
    return opset13.constant(np.asarray(values, np.int32), ov.Type.i32).output(0)


def _bytes(content: bytes) -> Output:
    return opset13.constant(np.frombuffer(content, np.uint8), ov.Type.u8).output(0)
