"""What a path stands for."""

from __future__ import annotations

from pathlib import Path

import pytest

from ovpipe.model_store.contents import Form
from ovpipe.model_store.errors import ModelStoreError
from ovpipe.model_store.local import LocalModel, local_model


def make(folder: Path, *names: str) -> Path:
    folder.mkdir()
    for name in names:
        (folder / name).write_bytes(b"x")
    return folder


@pytest.mark.parametrize(
    ("names", "form", "path"),
    [
        (["openvino_model.xml", "openvino_model.bin", "model.safetensors"], Form.OPENVINO, "model"),
        (["config.json", "model-00001-of-00002.safetensors", "pytorch_model.bin"], Form.SAFETENSORS, "model"),
        (["README.md", "a-Q4_0.gguf"], Form.GGUF, "model/a-Q4_0.gguf"),
    ],
)
def test_a_folder_is_what_it_holds(tmp_path: Path, names: list[str], form: Form, path: str) -> None:
    assert local_model(make(tmp_path / "model", *names)) == LocalModel(form, tmp_path / path)


def test_a_gguf_file_is_a_model_and_a_folder_without_weights_is_none(tmp_path: Path) -> None:
    folder = make(tmp_path / "model", "a.GGUF")
    assert local_model(folder / "a.GGUF") == LocalModel(Form.GGUF, folder / "a.GGUF")
    assert local_model(make(tmp_path / "empty", "config.json", "openvino_tokenizer.bin")) is None


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("model/smollm.Q8_1.gguf", r"smollm.Q8_1.gguf does not exist; did you mean 'smollm.Q4_1.gguf'\?"),
        ("other/a.gguf", r"other/a.gguf does not exist$"),
        ("model/model.safetensors", r"has weights alone; name its folder, .*: .*/model$"),
        ("pickles", r"pickles has its weights in pytorch_model.bin, which is a pickle"),
        ("model/pytorch_model.bin", r"which is a pickle: reading one runs the code in it"),
        ("several", r"has 2 GGUF files; name one of them by its path: a.gguf, b.gguf"),
        ("images", r"is a model of several modalities"),
        ("a\0b.gguf", r"is no path of a model|does not exist"),
        ("a" * 5000 + ".gguf", r"is no path of a model"),
    ],
)
def test_what_is_not_read_is_a_message_with_a_remedy(tmp_path: Path, path: str, message: str) -> None:
    make(tmp_path / "model", "smollm.Q4_1.gguf", "model.safetensors", "pytorch_model.bin")
    make(tmp_path / "pickles", "config.json", "pytorch_model.bin")
    make(tmp_path / "several", "a.gguf", "b.gguf")
    make(tmp_path / "images", "openvino_language_model.xml", "openvino_language_model.bin")
    with pytest.raises(ModelStoreError, match=message):
        local_model(tmp_path / path)
