"""The commands as a user runs them: what they print, and how they end."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ovpipe.engines.cores import engine_schema
from ovpipe.graph.files import shipped_graphs
from ovpipe.graph.schema import schema as graph_schema
from ovpipe.serving.config_file import schema as server_schema
from tests.processes.fork_server import run_forked

SHOUT = """
from ovpipe.calculator import Calculator, Context
from ovpipe.ports import Input, Output
from ovpipe.registry import register


@register
class ShoutCalculator(Calculator):
    text = Input[str]()
    loud = Output[str]()

    def process(self, cx: Context) -> None:
        cx.send(self.loud, cx[self.text].upper())
"""
GRAPH = """
version: 1
inputs: [text]
outputs: [loud]
nodes:
  shout:
    calculator: ShoutCalculator
    inputs: {text: text}
    outputs: {loud: loud}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one graph and its calculator."""
    for name, text in (("calculators/shout.py", SHOUT), ("graphs/shout.yaml", GRAPH.lstrip())):
        file = tmp_path / name
        file.parent.mkdir()
        file.write_text(text)
    return tmp_path


def ovpipe(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    done = run_forked(arguments, cwd=cwd)
    assert "Traceback" not in done.stderr
    return done


def test_the_version_is_told() -> None:
    done = ovpipe("--version")
    assert (done.returncode, done.stdout) == (0, "ovpipe 0.1.0\n")


def test_the_schemas_are_printed() -> None:
    assert json.loads(ovpipe("schema").stdout) == graph_schema()
    assert json.loads(ovpipe("schema", "server").stdout) == server_schema()
    assert json.loads(ovpipe("schema", "engine").stdout) == engine_schema()


def test_a_good_graph_is_ok_wherever_its_calculators_are_found(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = project / "graphs" / "shout.yaml"
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    assert ovpipe("check", str(file), cwd=elsewhere).stdout == f"{file}: ok\n"
    assert ovpipe("check", "graphs/shout.yaml", cwd=project).stdout == "graphs/shout.yaml: ok\n"
    moved = elsewhere / "shout.yaml"
    moved.write_text(GRAPH)
    done = ovpipe("check", str(moved), "--calculators", str(project / "calculators"), cwd=elsewhere)
    assert (done.returncode, done.stdout) == (0, f"{moved}: ok\n")
    assert ovpipe("check", str(moved), cwd=elsewhere).returncode == 1


def test_a_shipped_graph_is_ok_and_says_what_is_still_open() -> None:
    done = ovpipe("check", "chat")
    assert (done.returncode, done.stdout) == (0, "chat: ok (parameters without a value: 1)\n")
    done = ovpipe("check", "chat", "--set", "models_path=somewhere")
    assert (done.returncode, done.stdout) == (0, "chat: ok\n")


def test_a_graph_is_shown_as_it_is_written_and_with_what_it_extends(project: Path) -> None:
    assert ovpipe("show", "chat").stdout == shipped_graphs()["chat"].read_text()
    (project / "graphs" / "twice.yaml").write_text(
        "version: 1\nextends: shout.yaml\ninsert: {again: {on: loud, calculator: ShoutCalculator}}\n"
    )
    assert ovpipe("show", "--expanded", "graphs/twice.yaml", cwd=project).stdout == (
        "version: 1\ninputs: [text]\noutputs: [loud]\n\nnodes:\n"
        "  shout:\n    calculator: ShoutCalculator\n    inputs: {text: text}\n"
        "    outputs: {loud: loud_before_again}\n\n"
        "  again:\n    calculator: ShoutCalculator\n    inputs: {text: loud_before_again}\n"
        "    outputs: {loud: loud}\n"
    )
    done = ovpipe("show", "chatt")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("unknown graph 'chatt'")


def test_every_mistake_of_every_graph_is_told_with_its_line(project: Path) -> None:
    broken = project / "graphs" / "broken.yaml"
    broken.write_text(GRAPH.lstrip().replace("{text: text}", "{text: txt}").replace("[loud]", "[lout]"))
    done = ovpipe("check", "graphs/broken.yaml", "graphs/shout.yaml", "graphs/none.yaml", cwd=project)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert any(re.match(r"graphs/broken.yaml:3: .*'lout'.*did you mean 'loud'", line) for line in lines), (
        lines
    )
    assert any(re.match(r"graphs/broken.yaml:7: .*'txt'.*did you mean 'text'", line) for line in lines), lines
    assert "graphs/shout.yaml: ok" in lines
    assert lines[-1].startswith("graphs/none.yaml: there is no graph file ")


def test_the_graphs_of_a_server_yaml_are_checked_with_what_it_gives_them(tmp_path: Path) -> None:
    shared = tmp_path / "server.yaml"
    shared.write_text(
        "version: 1\n"
        "resources: {small: {graph: language_model, parameters: {models_path: ./small}}}\n"
        "models:\n"
        "  one: {graph: chat, resources: [small]}\n"
        "  two: {graph: chat, resources: [small]}\n"
    )
    done = ovpipe("check", "server.yaml", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "server.yaml: ok (models: one, two)\n")
    done = ovpipe("check", "server.yaml", "--set", "device=GPU", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (
        1,
        "server.yaml: a server.yaml gives its graphs their parameters itself; leave out --set\n",
    )
    shared.write_text(
        shared.read_text().replace("two: {graph: chat, resources: [small]}", "two: {graph: chat}")
    )
    done = ovpipe("check", "server.yaml", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (
        1,
        "server.yaml:5: parameter 'models_path' of graph chat needs a value (The model's folder in OpenVINO's "
        "format.); add `models_path: ...` under the parameters of model 'two'\n",
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"version: 1\nnodes: [", ":2: "),
        (b"", ":1: the file is empty"),
        (b"- a", ":1: a graph is a mapping"),
        (b"version: 1\nparameters: 7\nnodes: {}", ":2: parameters must be"),
        (b"version: 1\nparameters: {a: 7, b: {type: string}}\nnodes: {}", ":2: parameters.a must be"),
        (b"version: 1 # \xff", ":1: the file is not UTF-8 text"),
    ],
)
def test_what_is_hardly_a_graph_is_told_too(tmp_path: Path, text: bytes, told: str) -> None:
    (tmp_path / "a.yaml").write_bytes(text)
    done = ovpipe("check", "a.yaml", cwd=tmp_path)
    assert done.returncode == 1
    assert "a.yaml" + told in done.stdout
    assert "ok" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["check", "chat", "--set", "nonsense"], "'nonsense' is no assignment; write name=value"),
        (["serve", "--set", "nonsense"], "'nonsense' is no assignment; write name=value"),
        (["serve", "--port", "70000"], "65535"),
        (["serve", "--model", "a b"], "'a b' is not a model name"),
        (["serve", "chat", "--config", "server.yaml"], "leave out GRAPH"),
        (["serve", "--log-level", "loud"], "loud"),
        (["schema", "poem"], "poem"),
        (["check"], "FILE"),
        (["swerve"], "swerve"),
    ],
)
def test_a_wrong_use_is_explained_with_exit_code_2(arguments: list[str], told: str) -> None:
    done = ovpipe(*arguments)
    assert done.returncode == 2
    assert told in " ".join(done.stderr.replace("│", " ").split()), done.stderr


def test_a_graph_that_cannot_be_served_is_refused_before_anything_starts(project: Path) -> None:
    two = project / "graphs" / "two.yaml"
    two.write_text(
        GRAPH.lstrip().replace("outputs: [loud]", "outputs: []").replace("outputs: {loud: loud}", "")
    )
    done = ovpipe("serve", "graphs/two.yaml", cwd=project)
    assert (done.returncode, done.stdout) == (1, "")
    assert (
        "graph 'two' cannot be served: it has 0 output streams; the front door needs exactly one"
        in done.stderr
    )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["serve", "caht"], "unknown graph or model 'caht'"),
        (["serve", "./nix.yaml"], "there is no graph file "),
        (["serve", "chat"], "chat.yaml:9: parameter 'models_path' needs a value"),
        (["serve", "chat", "--set", "model_path=1", "--set", "models_path=x"], "did you mean 'models_path'?"),
        (["serve", "--config", "nix.yaml"], "nix.yaml:1: the file cannot be read: No such file or directory"),
        (["serve", "--calculators", "nix"], "there is no folder of calculators at "),
    ],
)
def test_a_mistake_in_what_is_served_is_a_message_with_exit_code_1(
    arguments: list[str], told: str, tmp_path: Path
) -> None:
    done = ovpipe(*arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert told in done.stderr


def test_every_mistake_of_a_server_yaml_is_a_line(project: Path) -> None:
    (project / "server.yaml").write_text("version: 1\nprot: 1\nmodels:\n  a: {graph: caht}\n  b: {}\n")
    done = ovpipe("serve", "--config", "server.yaml", cwd=project)
    assert done.returncode == 1
    assert [line.partition(" ")[0] for line in done.stderr.splitlines()] == [
        "server.yaml:2:",
        "server.yaml:5:",
    ]


def test_a_calculator_that_cannot_be_imported_is_named_with_its_line(project: Path) -> None:
    (project / "calculators" / "shout.py").write_text("import nothing_of_that_name\n")
    done = ovpipe("serve", "graphs/shout.yaml", cwd=project)
    assert done.returncode == 1
    assert "shout.py:1: ModuleNotFoundError: No module named 'nothing_of_that_name'" in done.stderr


def test_a_check_imports_no_server(project: Path) -> None:
    code = (
        "import sys; from ovpipe.cli.main import main\n"
        "try:\n    main()\nfinally:\n    print([name for name in ('aiohttp', 'openvino') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "check", "graphs/shout.yaml"],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "graphs/shout.yaml: ok\n[]\n"


def test_keys_are_made_listed_and_taken_away(tmp_path: Path) -> None:
    made = ovpipe("keys", "new", "alice", "--role", "inference", "--role", "metrics", cwd=tmp_path)
    assert re.fullmatch(r"sk-ovpipe-[A-Za-z0-9_-]{43}\n", made.stdout)
    assert made.stdout.strip() not in (tmp_path / "api-keys").read_text()
    assert ovpipe("keys", "list", cwd=tmp_path).stdout == "alice: inference, metrics\n"
    again = ovpipe("keys", "new", "alice", cwd=tmp_path)
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr.startswith("api-keys has a key 'alice' already")
    assert ovpipe("keys", "remove", "alice", cwd=tmp_path).returncode == 0
    assert ovpipe("keys", "list", cwd=tmp_path).stdout == ""
    assert ovpipe("keys", "new", "a:b", cwd=tmp_path).returncode == 2


def test_a_check_reads_the_keys_of_a_server_and_knows_that_others_may_come(project: Path) -> None:
    config = project / "server.yaml"
    config.write_text("version: 1\nhost: 0.0.0.0\nmodels: {tiny-chat: {source: nowhere}}\n")
    assert "other machines" not in ovpipe("check", str(config)).stdout
    config.write_text(config.read_text() + "security: {api_keys: keys}\n")
    (project / "keys").write_text("nonsense\n")
    done = ovpipe("check", str(config))
    assert done.returncode == 1
    assert "keys:1: a key is written NAME:ROLE[,ROLE]:sha256:HASH" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--api-key", "short"), "the API key 'api-key-1' can be guessed"),
        (("--api-keys", "nowhere"), "the API keys in nowhere cannot be read"),
    ],
)
def test_a_server_does_not_start_with_keys_that_it_cannot_use(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = ovpipe("serve", *arguments, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith(said)


def test_an_open_server_without_keys_is_refused_before_its_models_are_looked_for(tmp_path: Path) -> None:
    config = tmp_path / "server.yaml"
    config.write_text("version: 1\nhost: 0.0.0.0\nmodels: {one: {source: nobody/nothing, pull: missing}}\n")
    done = ovpipe("serve", "--config", str(config), cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("the address '0.0.0.0' can be reached from other machines")
