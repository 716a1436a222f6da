"""server.yaml: what it gives, and every mistake with its line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from textwrap import dedent

import pytest
from jsonschema import Draft7Validator

from ovpipe.errors import GraphError
from ovpipe.graph.files import shipped_graphs
from ovpipe.serving.config import DEFAULT_GRAPHS, Address, ModelConfig, ServerConfig
from ovpipe.serving.config_file import read_server_config, schema
from ovpipe.serving.limits import Limits, ModelLimits

Read = Callable[[str], ServerConfig]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Reads a text, whose first line is line 1, as a server.yaml."""
    (tmp_path / "mine.yaml").write_text("version: 1\n")

    def read(text: str) -> ServerConfig:
        file = tmp_path / "server.yaml"
        file.write_text(dedent(text).removeprefix("\n"))
        return read_server_config(file)

    return read


def files_of(model: ModelConfig) -> list[Path]:
    return [graph.file for graph in model.graphs]


def mistakes(read: Read, text: str) -> list[str]:
    with pytest.raises(GraphError) as raised:
        read(text)
    return [f"{finding.line}: {finding.message}" for finding in raised.value.findings]


def test_a_whole_configuration(read: Read, tmp_path: Path) -> None:
    config = read(
        """
        version: 1
        host: 0.0.0.0
        port: 9000
        models:
          org/one: {graph: chat, parameters: {models_path: models/one}}
          two: {graph: ./mine.yaml}
        limits: {body_bytes: 1000, drain_seconds: 2.5}
        """
    )
    assert config.address == Address("0.0.0.0", 9000)
    assert config.limits == Limits(body_bytes=1000, drain_seconds=2.5)
    one, two = config.models
    assert (one.name, files_of(one)) == ("org/one", [shipped_graphs()["chat"]])
    assert (one.parameters, one.base) == ({"models_path": "models/one"}, tmp_path)
    assert (two.name, files_of(two), two.parameters) == ("two", [tmp_path / "mine.yaml"], {})


def test_resources_and_what_models_take_of_them(read: Read, tmp_path: Path) -> None:
    config = read(
        """
        version: 1
        resources:
          org/small.v1: {graph: ./mine.yaml, parameters: {models_path: small}}
        models:
          one: {graph: chat, resources: [org/small.v1]}
          two: {graph: chat, resources: {motor: org/small.v1.engine}}
        """
    )
    (small,) = config.resources
    assert (small.name, small.graph, small.parameters, small.base) == (
        "org/small.v1",
        tmp_path / "mine.yaml",
        {"models_path": "small"},
        tmp_path,
    )
    uses = [(use.resource, use.given, use.taken) for model in config.models for use in model.resources]
    assert uses == [("org/small.v1", None, None), ("org/small.v1", "engine", "motor")]


def test_a_source_takes_the_place_of_a_graph_and_its_models_path(read: Read) -> None:
    config = read(
        """
        version: 1
        resources:
          shared: {graph: ./mine.yaml, source: OpenVINO/Qwen3-0.6B-int4-ov, pull: missing}
        models:
          one: {source: ./models/one.gguf, parameters: {device: GPU}}
          two: {graph: ./mine.yaml}
        """
    )
    (shared,) = config.resources
    assert shared.source is not None
    assert (shared.source.what, shared.source.pull) == ("OpenVINO/Qwen3-0.6B-int4-ov", "missing")
    one, two = config.models
    assert one.source is not None
    assert (one.source.pull, one.source.place.line) == ("never", 5)
    assert files_of(one) == [shipped_graphs()[name] for name in DEFAULT_GRAPHS]
    assert one.parameters == {"device": "GPU", "models_path": "./models/one.gguf"}
    assert two.source is None
    assert config.has_sources
    assert not read("{version: 1, models: {a: {graph: chat}}}").has_sources


def test_what_is_left_out_has_defaults(read: Read) -> None:
    config = read("{version: 1, models: {a: {graph: chat}}}")
    assert (config.address, config.limits) == (Address(), Limits())


def test_all_mistakes_are_told_at_once_each_with_its_line(read: Read) -> None:
    assert mistakes(
        read,
        """
        version: 1
        prot: 8000
        port: 70000
        models:
          a: {grahp: chat}
          "b\\nc": {graph: chat}
        resources:
          "": {graph: chat}
          one: {grahp: chat}
        limits:
          body_bytes: many
        """,
    ) == [
        "2: unknown key 'prot' in the configuration: did you mean 'port'?",
        "3: port must be a whole number from 0 to 65535, not 70000",
        "5: unknown key 'grahp' in models.a: did you mean 'graph'?",
        "6: 'b\\nc' is not a model name of 1 to 200 letters, digits, '.', '_', '-', ':' and '/'",
        "8: '' is not a resource name of 1 to 200 letters, digits, '.', '_', '-', ':' and '/'",
        "9: unknown key 'grahp' in resources.one: did you mean 'graph'?",
        "11: limits.body_bytes must be a whole number of bytes, 1 or more, not 'many'",
    ]


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("", "1: a server's configuration is a mapping with `version: 1` and models"),
        ("[]", "1: a server's configuration is a mapping with `version: 1` and models"),
        ("{version: 2, models: {a: {graph: chat}}}", "1: version must be the number 1, not 2"),
        ("version: 1", "1: the configuration needs the key 'models'"),
        ("{version: 1, models: {a: {graph: chta}}}", "did you mean 'chat'?"),
        ("{version: 1, models: {a: {graph: ./mein.yaml}}}", "did you mean 'mine.yaml'?"),
        (
            "{version: 1, models: {a: {graph: chat}}, resources: {b: {graph: caht}}}",
            "1: resource 'b': unknown graph 'caht'",
        ),
        (
            "{version: 1, models: {a: {graph: chat, resources: b}}}",
            "models.a.resources must be a list of resources, as in [qwen], or a mapping from side packets, as "
            "in {engine: qwen.engine}, not 'b'",
        ),
        (
            "{version: 1, models: {a: {graph: chat, resources: {engine: b}}}}",
            "models.a.resources.engine must be a resource's name, a dot and its side packet, as in "
            "qwen.engine, not 'b'",
        ),
        ("{version: 1, models: {a: {}}}", "1: models.a needs the key 'graph', 'graphs' or 'source'"),
        (
            "{version: 1, models: {a: {graph: chat, graphs: [chat]}}}",
            "1: graph and graphs in models.a both say which graphs serve it; leave out one",
        ),
        (
            "{version: 1, models: {a: {graphs: [chat, chat]}}}",
            "models.a.graphs must be a list of graphs, each once, as in [chat, responses]",
        ),
        ("{version: 1, models: {a: {graphs: []}}}", "models.a.graphs must be a list of graphs"),
        ("{version: 1, models: {a: {graphs: chat}}}", "models.a.graphs must be a list of graphs"),
        ("{version: 1, models: {a: {grahps: [chat]}}}", "unknown key 'grahps' in models.a: did you mean"),
        (
            "version: 1\nmodels:\n  a:\n    graphs:\n      - chat\n      - caht",
            "6: model 'a': unknown graph 'caht': no file of that name",
        ),
        (
            "{version: 1, models: {a: {suorce: b}}}",
            "unknown key 'suorce' in models.a: did you mean 'source'?",
        ),
        ("{version: 1, models: {a: {graph: chat, pull: never}}}", "pull in models.a needs the key 'source'"),
        (
            "{version: 1, models: {a: {source: b, parameters: {models_path: c}}}}",
            "source and parameters.models_path in models.a both say where the model is; leave out one",
        ),
        (
            "{version: 1, models: {a: {source: b, pull: always}}}",
            "models.a.pull must be missing or never, not 'always'",
        ),
        ("version: 1\nversion: 1", "2: the key 'version' stands here and in line 1; remove one"),
        ("version: 1\nmodels: {a: [}", "2: "),
    ],
)
def test_a_mistake_is_one_line_with_its_remedy(read: Read, text: str, mistake: str) -> None:
    (found,) = mistakes(read, text)
    assert mistake in found


def test_a_file_that_is_not_there_is_a_mistake_too(tmp_path: Path) -> None:
    with pytest.raises(GraphError, match=r"server.yaml:1: the file cannot be read: No such file"):
        read_server_config(tmp_path / "server.yaml")


def test_the_schema_is_a_schema_and_its_defaults_are_those_of_the_code() -> None:
    Draft7Validator.check_schema(schema())
    properties = schema()["properties"]
    limits = properties["limits"]["properties"]
    assert {name: limit["default"] for name, limit in limits.items()} | {"by_model": {}} == asdict(Limits())
    assert Address(properties["host"]["default"], properties["port"]["default"]) == Address()


def test_a_model_has_limits_of_its_own_and_the_servers_where_it_states_none(read: Read) -> None:
    limits = read(
        """
        version: 1
        models:
          small: {graph: chat, limits: {max_running_requests: 2, queue_seconds: null}}
          other: {graph: chat}
        limits: {max_running_requests: 8, max_queued_requests: 0, max_connections: 50}
        """
    ).limits
    assert limits.of_model("small") == ModelLimits(
        max_running_requests=2, max_queued_requests=0, queue_seconds=None
    )
    assert limits.of_model("other") == ModelLimits(max_running_requests=8, max_queued_requests=0)
    assert limits.max_connections == 50


@pytest.mark.parametrize(
    ("limits", "mistake"),
    [
        ("limits: {max_requests: 0}", "3: limits.max_requests must be a whole number, 1 or more, not 0"),
        (
            "limits: {client_share: 1.5}",
            "3: limits.client_share must be a number above 0 and at most 1, not 1.5",
        ),
        ("limits: {max_request: 5}", "3: unknown key 'max_request' in limits: did you mean 'max_requests'?"),
    ],
)
def test_limits_are_checked(read: Read, limits: str, mistake: str) -> None:
    assert mistakes(read, f"version: 1\nmodels: {{one: {{graph: chat}}}}\n{limits}\n") == [mistake]


def test_a_model_has_no_limits_of_the_server(read: Read) -> None:
    (mistake,) = mistakes(read, "version: 1\nmodels:\n  one:\n    graph: chat\n    limits: {body_bytes: 5}\n")
    assert mistake.startswith("5: unknown key 'body_bytes' in models.one.limits")
