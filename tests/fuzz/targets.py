"""What is fuzzed: what each part that reads bytes of others does with any bytes, and where to begin.

A target raises where its part does not do what it should. What a part may raise is its own declared error.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from tempfile import TemporaryDirectory
from typing import Any

from ovpipe.calculators.llm.output_parsers import REASONING_FORMATS, TOOL_FORMATS, make_parser
from ovpipe.calculators.llm.packets import Tool
from ovpipe.calculators.llm.request_parser import parse
from ovpipe.engines.wire import WireError, encode, from_host_decoder, to_host_decoder
from ovpipe.errors import GraphError, RequestError
from ovpipe.graph.load import load_graph_text
from ovpipe.http import HttpRequest
from ovpipe.registry import Registry
from ovpipe.serving.config_file import read_server_config
from ovpipe.serving.requests.body import parse_json, parse_large
from tests.calculators.llm.output_parsers import cases
from tests.calculators.llm.output_parsers.cases.case import Cases
from tests.calculators.llm.output_parsers.reading import read
from tests.engines.test_wire import FROM_HOST, TO_HOST
from tests.faults.cases import CASES, COMPLETIONS
from tests.house.pages import ROOT

TOOLS = [Tool(name="f", parameters={"type": "object", "properties": {"x": {"type": "integer"}}})]
FORMATS = [
    *((tool, None) for tool in TOOL_FORMATS),
    *((None, thoughts) for thoughts in REASONING_FORMATS),
    ("hermes", "think"),
]
PATHS = ("/chat/completions", "/completions")


@dataclass(frozen=True, slots=True)
class Target:
    """One part that reads bytes: `run` takes any, `seeds` are good and bad ones, `words` what they are made of."""

    run: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]
    words: Callable[[], Iterable[str]]


def requests(data: bytes) -> None:
    """A body, small or in slices, means the same; and it is a request, or a 4xx in whole sentences."""
    path, body = PATHS[data[0] % 2 if data else 0], data[1:]
    value = or_refusal(lambda: parse_json(body))
    sliced = or_refusal(lambda: returned(parse_large(body)))
    if isinstance(value, dict):
        assert sliced == value, "a large body is read as another value"
        or_refusal(lambda: parse(HttpRequest("POST", path, {}, body, value)))
    else:  # an error, or what is no object, which is refused next
        assert not isinstance(sliced, dict), "a large body is taken that is refused when it is small"


def request_words() -> Iterable[str]:
    """Names of parameters, and JSON's odd ends."""
    names = {name for of_number in CASES.values() for case in of_number for name in case.body()}
    return [*(f'"{name}":' for name in sorted(names)), "NaN", "1e999", r"\ud800", "null", "[[[[", "{}"]


def or_refusal(call: Callable[[], Any]) -> Any:
    """What a call returns, or the client's error that it raises."""
    try:
        return call()
    except RequestError as error:
        assert 400 <= error.status < 500
        assert error.message.endswith((".", "?"))
        return error


def returned(steps: Generator[None, None, Any]) -> Any:
    """What a generator returns at its end."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def request_seeds() -> Iterable[bytes]:
    """The bodies of the table of faults."""
    for case in (case for of_number in CASES.values() for case in of_number):
        body = json.dumps(case.body()).encode()
        if len(body) < 2000:
            yield bytes([case.path == COMPLETIONS]) + body


def graphs(data: bytes) -> None:
    """A text is a graph, or all that is wrong with it."""
    try:
        load_graph_text(data.decode(errors="replace"), registry=Registry(), base=ROOT / "graphs")
    except GraphError as error:
        assert str(error)


def graph_seeds() -> Iterable[bytes]:
    """The graphs that ship, and those of tests."""
    folders = (ROOT / "graphs", ROOT / "tests/serving/project/graphs", ROOT / "tests/cli/project/graphs")
    return [file.read_bytes() for folder in folders for file in sorted(folder.glob("*.yaml"))]


def yaml_words() -> Iterable[str]:
    """The keys of both kinds of files, and YAML's odd ends."""
    keys = "version nodes inputs outputs options parameters calculator graph models limits extends resources"
    return [
        *(f"{key}: " for key in keys.split()),
        "${",
        "}",
        "&a ",
        "*a",
        "<<: ",
        "!!python/name:a",
        "? ",
        "- ",
        "|",
    ]


def configurations(data: bytes) -> None:
    """A file is a server.yaml, or all that is wrong with it."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "server.yaml")
        file.write_bytes(data)
        try:
            read_server_config(file)
        except GraphError as error:
            assert str(error)


def configuration_seeds() -> Iterable[bytes]:
    """Those in docs/serving.md, and of the benchmark."""
    page = (ROOT / "docs/serving.md").read_text("utf-8")
    yield from (block.partition("```")[0].encode() for block in page.split("```yaml\n")[1:])
    yield (ROOT / "tests/benchmarks/overload/server.yaml").read_bytes()


def outputs(data: bytes) -> None:
    """What a model writes means the same whole and character by character, in every format."""
    tool_format, reasoning_format = FORMATS[data[0] % len(FORMATS) if data else 0]
    text = data[1:1000].decode(errors="replace")

    def read_in(cuts: Iterable[int]) -> object:
        parser = make_parser(tool_format, reasoning_format, tools=TOOLS, keep_specials=False)
        return read(parser, text, cuts=cuts)

    assert read_in(()) == read_in(range(1, len(text)))


def output_seeds() -> Iterable[bytes]:
    """The outputs of each format's tests."""
    for each in every_format():
        at = next((n for n, (tool, _) in enumerate(FORMATS) if tool == each.tool_format), 0)
        yield from (bytes([at]) + case.raw.encode() for case in each.cases)


def every_format() -> Iterable[Cases]:
    """The cases of each format's tests."""
    for module in iter_modules(cases.__path__, f"{cases.__name__}."):
        found = getattr(import_module(module.name), "CASES", None)
        if isinstance(found, Cases):
            yield found


def output_words() -> Iterable[str]:
    """The markers of all formats."""
    return sorted({mark for tools in TOOL_FORMATS.values() for mark in tools.markers.all})


def frames(data: bytes) -> None:
    """Bytes are messages, or no message; and messages are the same however they are cut."""
    for decoder in (to_host_decoder, from_host_decoder):
        whole, cut = decoder(), decoder()
        try:
            heard = list(whole.feed(data))
        except WireError:
            continue
        assert [message for byte in data for message in cut.feed(bytes([byte]))] == heard
        for message in heard:
            encode(message)


def frame_words() -> Iterable[str]:
    """The kinds of messages, by their tags."""
    return [type(message).__name__ for message in (*TO_HOST, *FROM_HOST)]


def frame_seeds() -> Iterable[bytes]:
    """Every kind of message."""
    return [encode(message) for message in (*TO_HOST, *FROM_HOST)]


TARGETS = {
    "requests": Target(requests, request_seeds, request_words),
    "graphs": Target(graphs, graph_seeds, yaml_words),
    "configurations": Target(configurations, configuration_seeds, yaml_words),
    "outputs": Target(outputs, output_seeds, output_words),
    "frames": Target(frames, frame_seeds, frame_words),
}
