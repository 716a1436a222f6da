"""One safetensors file: its tensors, and what is wrong with broken ones."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import save_file

from ovpipe.modelling.sources.model_source import BrokenModel
from ovpipe.modelling.sources.safetensors_file import SafetensorsFile
from tests.modelling.sources.writing import write_header, write_safetensors

VALUES = np.array([[1.0, -2.5, 3e-5], [65504.0, 0.0, -0.1]], np.float32)


def test_what_the_package_writes_is_read(tmp_path: Path) -> None:
    tensors: dict[str, NDArray[Any]] = {"a": VALUES, "b": VALUES.astype(np.float16), "c": VALUES[:0]}
    save_file(tensors, tmp_path / "model.safetensors", metadata={"format": "pt"})
    file = SafetensorsFile(tmp_path / "model.safetensors")
    assert set(file.names) == {"a", "b", "c"}
    for name, values in tensors.items():
        assert file.tensor(name).dtype == np.float32
        np.testing.assert_array_equal(file.tensor(name), values.astype(np.float32))


def test_bf16_is_the_upper_half_of_an_f32(tmp_path: Path) -> None:
    path = write_safetensors(tmp_path / "model.safetensors", [("first", VALUES[:1]), ("a", VALUES)], "BF16")
    read = SafetensorsFile(path).tensor("a")
    np.testing.assert_array_equal(read, (VALUES.view(np.uint32) & 0xFFFF0000).view(np.float32))
    np.testing.assert_allclose(read, VALUES, rtol=2**-7)


def broken(path: Path) -> str:
    with pytest.raises(BrokenModel) as error:
        file = SafetensorsFile(path)
        for name in file.names:
            file.tensor(name)
    assert str(error.value).startswith(f"{path}: ")
    return str(error.value)


ONE = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is not a safetensors file, or only a part of one (0 bytes)"),
        (b"\x80\x02}q\x00.", "is not a safetensors file"),
        (b"\xff" * 64, "is not a safetensors file, or only a part of one (64 bytes)"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a pointer of Git LFS"),
        ((5).to_bytes(8, "little") + b"hello", "its header is not JSON"),
        ((2).to_bytes(8, "little") + b"[]", "its header is not a JSON object"),
        ((200_000).to_bytes(8, "little") + b"[" * 200_000, "its header is not JSON"),
    ],
)
def test_what_is_no_safetensors_file_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    assert said in broken(path)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({**ONE, "data_offsets": [0, 12]}, "is cut off: a should end at byte"),
        ({**ONE, "data_offsets": [8, 0]}, "is cut off"),
        ({**ONE, "data_offsets": [-8, 0]}, "is cut off"),
        ({**ONE, "shape": [3]}, "a has 8 bytes, which is not F32 of shape [3]"),
        ({**ONE, "shape": [-2, -1]}, "its header says of a: {"),
        ({**ONE, "shape": ["2"]}, "its header says of a: {"),
        ({"dtype": "F32"}, "its header says of a: {'dtype': 'F32'}"),
        ([1], "its header says of a: [1]"),
        ({**ONE, "dtype": "F8_E4M3"}, "a is of type F8_E4M3; ovpipe reads F32, F16, BF16 and GGUF files"),
    ],
)
def test_an_entry_that_cannot_be_is_refused(tmp_path: Path, entry: Any, said: str) -> None:
    assert said in broken(write_header(tmp_path / "model.safetensors", {"a": entry}, bytes(8)))
