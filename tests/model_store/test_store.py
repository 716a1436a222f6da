"""The store: models by name, each whole or not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from ovpipe.model_store.errors import ModelStoreError
from ovpipe.model_store.store import ModelStore
from ovpipe.model_store.stored_model import ModelRecord, Origin, write_record

RECORD = ModelRecord(origin=Origin(path="/somewhere/model.gguf"), weights="int8")


def add(store: ModelStore, name: str, content: bytes = b"weights") -> None:
    with store.adding(name, RECORD) as folder:
        (folder / "openvino_model.bin").write_bytes(content)


def test_a_model_is_found_by_its_name_with_what_it_takes(tmp_path: Path) -> None:
    store = ModelStore(tmp_path / "models")
    assert store.names() == []
    add(store, "one")
    model = store.get("one")
    assert model.folder == tmp_path / "models" / "one"
    assert (model.folder / "openvino_model.bin").read_bytes() == b"weights"
    assert model.origin == RECORD.origin
    assert model.bytes > len(b"weights")


def test_a_model_of_files_elsewhere_leaves_them_there_when_it_is_removed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "cache"
    elsewhere.mkdir()
    (elsewhere / "openvino_model.bin").write_bytes(b"weights")
    store = ModelStore(tmp_path / "models")
    with store.adding("one", ModelRecord(origin=RECORD.origin, weights="as-is", folder=str(elsewhere))):
        pass
    assert store.get("one").folder == elsewhere
    store.remove("one")
    assert store.names() == []
    assert (elsewhere / "openvino_model.bin").is_file()


def imported(store: ModelStore, folder: str) -> str:
    """What an import leaves in the store; gives the folder as the record of a name has it."""
    (store.imports.root / folder).mkdir(parents=True)
    write_record(store.imports.root / folder, RECORD)
    return f"../.imports/{folder}"


def test_an_import_goes_with_the_last_name_that_stands_for_it(tmp_path: Path) -> None:
    store = ModelStore(tmp_path / "models")
    record = ModelRecord(origin=RECORD.origin, weights="int8", folder=imported(store, "tiny-123"))
    for name in ("one", "two"):
        with store.adding(name, record):
            pass
    imported(store, "served-456")
    assert store.get("one").folder == store.imports.root / "tiny-123"
    (tmp_path / "models").rename(tmp_path / "moved")
    store = ModelStore(tmp_path / "moved")
    assert store.get("one").folder.is_dir()
    store.remove("one")
    assert [one.name for one in store.unnamed()] == ["served-456"]
    assert store.get("two").folder.is_dir()
    store.remove("two")
    assert [folder.name for folder in store.imports.folders()] == ["served-456"]
    assert store.remove_unnamed() == 1
    assert store.imports.folders() == []


def test_a_model_is_found_by_its_repository_past_broken_records(tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    add(store, "broken")
    (tmp_path / "broken" / "ovpipe-model.json").write_text("{")
    origin = Origin(repository="me/it", revision="abc", path="it.Q8_0.gguf")
    with store.adding("it", ModelRecord(origin=origin, weights="as-is")):
        pass
    for file in (None, "it.Q8_0.gguf"):
        found = store.of_repository("me/it", file)
        assert found is not None
        assert found.name == "it"
    assert store.of_repository("me/it", "it.Q4_0.gguf") is None
    assert store.of_repository("me/other") is None


def test_adding_that_fails_leaves_the_model_that_was_there(tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    add(store, "one", b"old")

    def interrupted() -> None:
        with store.adding("one", RECORD) as folder:
            (folder / "openvino_model.bin").write_bytes(b"new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert (store.get("one").folder / "openvino_model.bin").read_bytes() == b"old"
    assert [place.name for place in tmp_path.iterdir()] == ["one"]
    add(store, "one", b"new")
    assert (store.get("one").folder / "openvino_model.bin").read_bytes() == b"new"
    assert [place.name for place in tmp_path.iterdir()] == ["one"]


def test_an_unknown_model_is_refused_with_those_there_are(tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    with pytest.raises(ModelStoreError, match=r"no model 'one' in .*; there are none"):
        store.get("one")
    add(store, "smollm2")
    with pytest.raises(ModelStoreError, match="did you mean 'smollm2'"):
        store.remove("smollm")
    with pytest.raises(ModelStoreError, match="no model '../one'"):
        store.get("../one")


def test_a_broken_record_says_how_to_clear_it_and_is_removed(tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    add(store, "one")
    (tmp_path / "one" / "ovpipe-model.json").write_text("{")
    with pytest.raises(ModelStoreError, match="`ovpipe models remove one` clears the place"):
        store.get("one")
    store.remove("one")
    assert store.names() == []


def test_the_store_is_where_the_environment_says(tmp_path: Path) -> None:
    assert ModelStore.of_user({"OVPIPE_MODELS": str(tmp_path)}).root == tmp_path
    assert ModelStore.of_user({"XDG_CACHE_HOME": str(tmp_path)}).root == tmp_path / "ovpipe" / "models"
    assert ModelStore.of_user({}).root == Path.home() / ".cache" / "ovpipe" / "models"
