"""The tensors of GGUF files, and files that are not what they say."""

import struct
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest

from ovpipe.modelling.sources.gguf.file import READ, GgufFile
from ovpipe.modelling.sources.model_source import BrokenModel
from ovpipe.modelling.unsupported import UnsupportedModel


def write(path: Path, kind: str = "Q4_K", rows: int = 40, columns: int = 512, **metadata: Any) -> Path:
    """A file of one tensor, `some.weight`, whose blocks are random bytes."""
    writer = gguf.GGUFWriter(path, "llama")
    for key, value in metadata.items():
        name = key.replace("__", ".")
        writer.add_string(name, value) if isinstance(value, str) else writer.add_uint32(name, value)
    chosen = gguf.GGMLQuantizationType[kind]
    block, size = gguf.GGML_QUANT_SIZES[chosen]
    draws = np.random.default_rng(1)
    blocks = draws.integers(0, 256, (rows, columns // block * size), np.uint8)
    writer.add_tensor("some.weight", blocks, raw_dtype=chosen)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.mark.parametrize("kind", READ)
def test_values_are_those_of_the_gguf_package(kind: str, tmp_path: Path) -> None:
    path = write(tmp_path / "model.gguf", kind)
    (tensor,) = gguf.GGUFReader(path).tensors
    with np.errstate(invalid="ignore", over="ignore"):
        expected = gguf.dequantize(tensor.data, tensor.tensor_type)
        file = GgufFile(path)
        np.testing.assert_array_equal(file.values("some.weight"), expected)
        some = np.array([39, 0, 7])
        np.testing.assert_array_equal(file.values("some.weight", some), expected[some])
        np.testing.assert_array_equal(file.values("some.weight", slice(3, 9)), expected[3:9])


def test_a_single_float_is_the_decimal_that_it_was(tmp_path: Path) -> None:
    writer = gguf.GGUFWriter(tmp_path / "model.gguf", "llama")
    writer.add_float32("eps", 1e-5)
    writer.add_array("scores", [0.5, -2.25])
    writer.add_array("texts", ["ä", ""])
    writer.add_bool("on", True)
    writer.add_uint64("big", 2**40)
    writer.add_int8("small", -3)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    metadata = GgufFile(tmp_path / "model.gguf").metadata
    assert metadata == {
        "general.architecture": "llama",
        "eps": 1e-5,
        "scores": [0.5, -2.25],
        "texts": ["ä", ""],
        "on": True,
        "big": 2**40,
        "small": -3,
    }


def test_a_file_cut_off_anywhere_is_broken(tmp_path: Path) -> None:
    whole = write(tmp_path / "whole.gguf", tokenizer__ggml__model="gpt2", llama__block_count=3).read_bytes()
    cut = tmp_path / "cut.gguf"
    data = 40 * 512 // 256 * 144
    for length in [*range(0, len(whole) - data, 3), len(whole) - data // 2, len(whole) - 1]:
        cut.write_bytes(whole[:length])
        with pytest.raises(BrokenModel, match="cut off|only the beginning"):
            GgufFile(cut)


def test_lengths_that_no_file_has_are_found_before_they_are_used(tmp_path: Path) -> None:
    head = b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 3) + b"key"
    path = tmp_path / "model.gguf"
    for value in (
        struct.pack("<IQ", 8, 2**60),  # a string
        struct.pack("<IIQ", 9, 4, 2**60),  # a list of numbers
        struct.pack("<IIQ", 9, 8, 2**60),  # a list of strings
    ):
        path.write_bytes(head + value)
        with pytest.raises(BrokenModel, match="cut off"):
            GgufFile(path)
    path.write_bytes(head + struct.pack("<I", 99) + bytes(8))
    with pytest.raises(BrokenModel, match="key is of type 99"):
        GgufFile(path)
    path.write_bytes(head + struct.pack("<IQ", 8, 2) + b"\xff\xfe")
    with pytest.raises(BrokenModel, match="key that are not UTF-8"):
        GgufFile(path)


def test_what_is_no_file_of_this_format_is_said(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")
    with pytest.raises(BrokenModel, match="git lfs pull"):
        GgufFile(path)
    path.write_bytes(b"PK" + bytes(100))
    with pytest.raises(BrokenModel, match="is not a GGUF file"):
        GgufFile(path)
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 1, 0, 0))
    with pytest.raises(UnsupportedModel, match=r"version 1; ovpipe reads 2 and 3\. Convert"):
        GgufFile(path)
    writer = gguf.GGUFWriter(path, "llama", endianess=gguf.GGUFEndian.BIG)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    with pytest.raises(UnsupportedModel, match="big-endian"):
        GgufFile(path)


def test_parts_adapters_and_types_that_are_not_read_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedModel, match=r"one of 3 parts.*llama-gguf-split --merge"):
        GgufFile(write(tmp_path / "model.gguf", split__count=3))
    with pytest.raises(UnsupportedModel, match="no language model, but one of the type 'adapter'"):
        GgufFile(write(tmp_path / "model.gguf", general__type="adapter"))
    for kind in ("IQ4_NL", "TQ1_0", "MXFP4"):
        with pytest.raises(
            UnsupportedModel, match=f"some.weight is of the type {kind}; ovpipe reads F32, F16"
        ):
            GgufFile(write(tmp_path / "model.gguf", kind))
