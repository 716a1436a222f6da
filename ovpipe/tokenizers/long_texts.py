"""Tokenising a long text while other threads run: OpenVINO's tokenizer, without the interpreter's lock.

openvino_genai's `Tokenizer.encode` holds the lock for its whole length, half a second a megabyte, so no other
thread runs meanwhile, nor does the event loop. The same tokenizer, as an inference of OpenVINO, lets it go.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Protocol, Self

import openvino as ov
import openvino_tokenizers
from openvino import opset13

from ovpipe.tokenizers.freed_memory import give_back_memory

TOKENIZER: Final = "openvino_tokenizer.xml"
SLICE: Final = 65_536
"""Characters, or ids, that one call handles which keeps the lock."""
MOST_TOKENS: Final = 4_000_000
"""Far more than any context. Of a text that has more, one more is given."""
KEPT: Final = 131_072
"""Characters of a text whose tensors may stay for the next one: 50 bytes each."""
UNLIMITED: Final = 2**31 - 1
ALONE: Final = {"INFERENCE_NUM_THREADS": 1}
"""One text is one thread's work, and the model needs the others."""


class Encode(Protocol):
    """Tokenises a text."""

    def __call__(self, text: str, *, add_special_tokens: bool) -> list[int]: ...


class LongTexts:
    """A tokenizer's IR, compiled twice: with the special tokens that it adds, and without.

    `closing` is a control token, by text and id, or None where there is none.
    """

    def __init__(self, folder: Path, closing: tuple[str, int] | None = None) -> None:
        core = ov.Core()
        core.add_extension(str(openvino_tokenizers._ext_path))
        self._closing = closing
        self._compiled = {
            adds: core.compile_model(adapted(core.read_model(folder / TOKENIZER), adds=adds), "CPU", ALONE)
            for adds in (True, False)
        }

    @classmethod
    def like(
        cls, folder: Path, encode: Encode, closing: tuple[str, int] | None, samples: Sequence[str]
    ) -> Self:
        """That of a folder; raises ValueError where it tokenises a sample otherwise than `encode`."""
        texts = cls(folder, closing)
        for sample in samples:
            for adds in (True, False):
                ids = texts.encode(sample, add_special_tokens=adds)
                if ids != encode(sample, add_special_tokens=adds):
                    raise ValueError(f"it tokenises {sample!r} otherwise than openvino_genai")
        return texts

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
        """Token ids of a text, as far as one more than `MOST_TOKENS`. What a large one took is given back."""
        try:
            return self._encode(text, add_special_tokens)
        finally:
            if len(text) > KEPT:
                self._compiled[add_special_tokens].release_memory()
                give_back_memory()

    def _encode(self, text: str, add_special_tokens: bool) -> list[int]:
        if text.endswith("\0") and self._closing is not None:
            # OpenVINO's tensors of strings drop NULs at the end. Nothing merges with a control token.
            name, closing = self._closing
            ids = self._ids(text + name, add_special_tokens)
            if len(ids) <= MOST_TOKENS:
                del ids[len(ids) - 1 - ids[::-1].index(closing)]
            return ids
        return self._ids(text, add_special_tokens)

    def _ids(self, text: str, add_special_tokens: bool) -> list[int]:
        request = self._compiled[add_special_tokens].create_infer_request()
        tensor = ov.Tensor(ov.Type.string, [1])
        tensor.bytes_data = [text.encode()]
        request.set_input_tensor(0, tensor)
        request.infer()
        found = request.get_output_tensor(0).data[0][: MOST_TOKENS + 1]
        ids: list[int] = []
        for at in range(0, len(found), SLICE):
            ids.extend(found[at : at + SLICE].tolist())
        return ids


def adapted(model: Any, *, adds: bool) -> Any:
    """A tokenizer's model, changed as openvino_genai changes it: no limit, and special tokens added or not.

    `Truncate` has (begins, ends, elements, the limit, ...) as inputs; tokenizers of 2025 and before take the
    Minimum of a length and a constant. `CombineSegments` has (begins, ends, elements) of each segment; those
    of special tokens are constant, and empty where they end as they begin. What a call to genai's `encode`
    may set is a variable, which has its first value here.
    """
    for assign in model.get_sinks():
        model.remove_sink(assign)
    for variable in model.get_variables():
        model.remove_variable(variable)
    for op in model.get_ops():
        kind, inputs = op.get_type_name(), op.inputs()
        if kind == "Truncate":
            of_limit = inputs[len(inputs) - 3]  # the last three are the limit, the side and the way
            limit = opset13.constant(UNLIMITED, of_limit.get_element_type())
            of_limit.replace_source_output(limit.output(0))
        elif kind == "ReadValue":
            _replace(op.output(0), inputs[0].get_source_output())
        elif kind == "Minimum":
            sources = [one.get_source_output() for one in inputs]
            lengths = [one for one in sources if not _is_constant(one)]
            if len(lengths) == 1:
                _replace(op.output(0), lengths[0])
        elif kind == "CombineSegments" and not adds:
            for begins, ends in zip(inputs[0:-1:3], inputs[1:-1:3], strict=True):
                if _is_constant(begins.get_source_output()) and _is_constant(ends.get_source_output()):
                    ends.replace_source_output(begins.get_source_output())
    model.validate_nodes_and_infer_types()
    return model


def _replace(output: Any, source: Any) -> None:
    """Lets all that read an output read another one."""
    for target in output.get_target_inputs():
        target.replace_source_output(source)


def _is_constant(output: Any) -> bool:
    return bool(output.get_node().get_type_name() == "Constant")
