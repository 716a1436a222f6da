"""`ovpipe models check`: what a model is, and how it would be served."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from ovpipe.cli.checking import check_model
from ovpipe.cli.embedded import embedded_parameters
from ovpipe.cli.importing import imported_model
from ovpipe.cli.model_facts import facts_of
from ovpipe.errors import OvpipeError
from ovpipe.model_store.errors import ModelStoreError
from ovpipe.model_store.imports import ImportOptions
from ovpipe.model_store.store import ModelStore
from ovpipe.model_store.stored_model import ModelRecord, Origin
from ovpipe.modelling.storage import WeightsChoice
from tests.modelling.importing.folders import write_folder
from tests.models.folders import TINY_RANDOM

TINY_CHAT = Path(embedded_parameters()["models_path"])


def test_what_ovpipe_finds_out_by_itself() -> None:
    facts = dict(facts_of(TINY_CHAT))
    cache = facts.pop("KV cache")
    assert facts == {
        "architecture": "qwen3",
        "weights": "i8 5.75 MB",
        "context": "2048 tokens",
        "stop tokens": "2 <|im_end|>",
        "tool calls": "hermes, by its chat template",
        "thoughts": "think, by its chat template",
    }
    assert " a token; now: KV cache of " in cache


def test_a_template_without_calls_and_a_model_without_a_template(tmp_path: Path) -> None:
    facts = dict(facts_of(TINY_RANDOM))
    assert (facts["tool calls"], facts["thoughts"]) == ("no format that ovpipe knows", "none")
    shutil.copytree(TINY_RANDOM, tmp_path / "base")
    (tmp_path / "base" / "tokenizer_config.json").unlink()
    tokenizer = tmp_path / "base" / "openvino_tokenizer.xml"
    tokenizer.write_text(tokenizer.read_text().replace("chat_template", "no_template"))
    assert dict(facts_of(tmp_path / "base"))["chat template"].startswith("none: it completes texts")


def test_names_folders_and_files_are_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = ModelStore(tmp_path / "store")
    origin = Origin(repository="OpenVINO/Tiny-ov", revision="0123456789abcdef")
    with store.adding("tiny", ModelRecord(origin=origin, weights="as-is", folder=str(TINY_RANDOM))):
        pass
    for what in ("tiny", "OpenVINO/Tiny-ov"):
        check_model(store, what)
        lines = capsys.readouterr().out.splitlines()
        assert lines[:2] == [
            f"folder:       {TINY_RANDOM}",
            "from:         OpenVINO/Tiny-ov at 0123456789ab",
        ]
    check_model(store, str(write_folder(tmp_path / "weights")))
    lines = capsys.readouterr().out.splitlines()
    assert f"folder:       {store.imports.folders()[0]}" in lines
    assert "stop tokens:  0 <|endoftext|>, 2 <|im_end|>" in lines


@pytest.mark.parametrize(("weights", "least", "most"), [("f32", 0, 1e-6), ("int8", 1e-8, 0.05)])
@pytest.mark.slow
def test_what_an_import_lost_by_its_quantisation_is_measured_against_its_source(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    weights: WeightsChoice,
    least: float,
    most: float,
) -> None:
    store = ModelStore(tmp_path / "store")
    imported_model(store, write_folder(tmp_path / "weights"), ImportOptions(weights=weights), "tiny")
    capsys.readouterr()
    check_model(store, "tiny")
    loss = capsys.readouterr().out.splitlines()[-1]
    found = re.fullmatch(
        r"quantisation: mean KL (\S+), ([\d.]+)% of the likeliest tokens as in f32, over \d+ tokens", loss
    )
    assert found, loss
    assert least <= abs(float(found[1])) <= most
    assert float(found[2]) > 90


def test_a_source_that_changed_or_is_gone_is_not_compared_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, source = ModelStore(tmp_path / "store"), write_folder(tmp_path / "weights")
    imported_model(store, source, ImportOptions(), "tiny")
    (source / "generation_config.json").write_text('{"temperature": 0.5}')
    check_model(store, "tiny")
    assert capsys.readouterr().out.splitlines()[-1].endswith("is another model now")
    shutil.rmtree(source)
    check_model(store, "tiny")
    assert capsys.readouterr().out.splitlines()[-1].startswith("quantisation: not measured:")


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("nothing", "there is no model 'nothing'"),
        ("./nothing", "nothing does not exist"),
        ("nothing.gguf", "nothing.gguf does not exist"),
        ("OWNER/NAME", "there is no model 'OWNER/NAME'"),
    ],
)
def test_what_is_not_there_is_a_message(tmp_path: Path, what: str, message: str) -> None:
    with pytest.raises(ModelStoreError, match=message):
        check_model(ModelStore(tmp_path), what)


def test_a_folder_without_a_model_and_one_with_half_a_model_are_messages(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(OvpipeError, match="empty has no openvino_model.xml"):
        check_model(ModelStore(tmp_path), str(tmp_path / "empty"))
    shutil.copytree(TINY_RANDOM, tmp_path / "half")
    (tmp_path / "half" / "config.json").write_text("{")
    with pytest.raises(OvpipeError, match="config.json is not JSON"):
        check_model(ModelStore(tmp_path), str(tmp_path / "half"))
