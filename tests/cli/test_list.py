"""`ovpipe list`: the names that other commands take."""

from __future__ import annotations

import json
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ovpipe import registry
from ovpipe.cli.application import application
from ovpipe.graph.files import shipped_graphs
from ovpipe.model_store.stored_model import ModelRecord, Origin, write_record

WORDS = '''
from ovpipe import calculator


@calculator
def shout(text: str) -> str:
    """Makes a text loud."""
    return text.upper()
'''


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one calculator, and an empty store."""
    (tmp_path / "calculators").mkdir()
    (tmp_path / "calculators" / "words.py").write_text(WORDS)
    monkeypatch.setenv("OVPIPE_MODELS", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ovpipe(*arguments: str) -> Result:
    return CliRunner().invoke(application(), arguments)


def test_calculators_are_the_installed_ones_and_the_projects() -> None:
    lines = ovpipe("list", "calculators").stdout.splitlines()
    assert lines[0].split() == ["calculator", "what", "it", "does"]
    assert [line.split(maxsplit=1)[1] for line in lines if line.startswith("shout ")] == [
        "Makes a text loud."
    ]
    assert any(line.startswith("GateCalculator ") for line in lines)


def test_calculators_of_another_folder(project: Path) -> None:
    (project / "calculators").rename(project / "others")
    assert "shout" not in ovpipe("list", "calculators").stdout.split()
    assert "shout" in ovpipe("list", "calculators", "--calculators", "others").stdout.split()


def test_calculators_as_json(project: Path) -> None:
    found = {one["name"]: one for one in json.loads(ovpipe("list", "calculators", "--format", "json").stdout)}
    assert found["shout"]["summary"] == "Makes a text loud."
    assert found["shout"]["file"] == str(project / "calculators" / "words.py")
    assert found["GateCalculator"]["class"] == "ovpipe.calculators.flow.gate.GateCalculator"


def test_a_package_that_cannot_be_imported_is_named_beside_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = EntryPoint("mine", "no_such_package.calculators", registry.ENTRY_POINT_GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: EntryPoints([broken]))
    said = ovpipe("list", "calculators")
    assert "shout" in said.stdout.split()
    assert said.stderr.startswith(
        "the entry point mine = no_such_package.calculators failed: ModuleNotFoundError"
    )


def test_graphs_are_the_shipped_ones_and_the_graph_files_here(project: Path) -> None:
    (project / "graphs").mkdir()
    (project / "graphs" / "loud.yaml").write_text("version: 1\ndescription: |\n  Shouts\n  it.\nnodes: {}\n")
    (project / "graphs" / "broken.yaml").write_text("version: 1\nnodes: {\n")
    (project / "calm.yml").write_text("version: 1\nextends: graphs/loud.yaml\n")
    (project / "server.yaml").write_text("models: {}\n")
    (project / "notes.yaml").write_text("- 1\n")
    (project / "half.yaml").write_text("{\n")
    found = {one["name"]: one for one in json.loads(ovpipe("list", "graphs", "--format", "json").stdout)}
    assert list(found) == [*shipped_graphs(), "calm.yml", "graphs/broken.yaml", "graphs/loud.yaml"]
    assert found["chat"]["file"] == str(shipped_graphs()["chat"])
    assert "`ovpipe check graphs/broken.yaml`" in found["graphs/broken.yaml"]["description"]
    lines = ovpipe("list", "graphs").stdout.splitlines()
    assert [line.split(maxsplit=1)[1] for line in lines if line.startswith("graphs/loud.yaml")] == [
        "Shouts it."
    ]


def test_the_graphs_that_ship_are_not_listed_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shipped_graphs()["chat"].parent.resolve())
    assert [one["name"] for one in json.loads(ovpipe("list", "graphs", "--format", "json").stdout)] == list(
        shipped_graphs()
    )


def test_models_are_those_of_the_store(project: Path) -> None:
    assert ovpipe("list", "models").stdout.startswith(f"no models in {project / 'store'}")
    assert ovpipe("list", "models", "--format", "json").stdout == "[]\n"
    place = project / "store" / "small"
    place.mkdir(parents=True)
    write_record(place, ModelRecord(origin=Origin(repository="owner/small"), weights="int8"))
    assert ovpipe("list", "models").stdout.splitlines()[1].split()[:2] == ["small", "int8"]
    assert ovpipe("list", "models").stdout == ovpipe("models", "list").stdout
    (found,) = json.loads(ovpipe("models", "list", "--format", "json").stdout)
    assert (found["name"], found["from"], found["folder"]) == ("small", "owner/small", str(place))


def test_what_is_none_of_the_three_is_a_usage_error() -> None:
    said = ovpipe("list", "calculator")
    assert said.exit_code == 2
    assert "calculators" in said.stderr
