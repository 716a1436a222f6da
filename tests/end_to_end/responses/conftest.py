"""A real server of the graph `responses`: a model that writes at random, and one that keeps to a script."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from openai import OpenAI
from openai.types.responses import Response

from tests.end_to_end.models import MODEL
from tests.end_to_end.responses.strict import event_of, response_of
from tests.end_to_end.scripted import write_scripted_model
from tests.serving.asking import Answer, ask, post
from tests.serving.server_process import ServerProcess

CALL = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n</tool_call>'
TEXTS = {
    "hello": "Hello there, how are you?",
    "think": "<think>Let me see.</think>The answer is 42.",
    "weather": f"<think>Rain or sun?</think>{CALL}",
    "sunny": "It is sunny in Paris.",
    "patch": 'Done.<tool_call>{"name": "apply_patch", "arguments": {"input": "*** Begin"}}</tool_call>',
    "both": '<tool_call>{"name": "add", "arguments": {"a": 1}}</tool_call>'
    '<tool_call>{"name": "sub", "arguments": {"b": 2}}</tool_call>',
    "agent": "<think>Look first.</think>I look."
    '<tool_call>{"name": "exec_command", "arguments": {"cmd": "ls"}}</tool_call>'
    '<tool_call>{"name": "apply_patch", "arguments": {"input": "*** Begin Patch\\n*** End Patch"}}</tool_call>',
    "ready": "All is patched.",
    "person": '{"name": "Ada", "age": 36}',
}
TEMPLATE = (
    "{% for message in messages %}{% if message.role == 'system' %}{{ message.content }}|{% endif %}{% endfor %}"
    "{% for tool in tools or [] %}{{ tool.function.name }} {% endfor %}"
    "{{ messages[-1].content }}"
    "{% if reasoning_effort == 'high' %}<|think|>{% endif %}"
    "{% if say %}<|{{ say }}|>{% endif %}"
)
CONFIG = """
version: 1
resources:
  kept: {{graph: response_store, parameters: {{responses_folder: {folder}/kept}}}}
models:
  tiny:
    graphs: [chat, responses]
    resources: [kept]
    parameters:
      models_path: {tiny}
      engine: {{plugin_config: {{INFERENCE_PRECISION_HINT: f32, KV_CACHE_PRECISION: f32}}}}
      max_tokens_limit: 3000
  graphed:
    graph: responses
    resources: [kept]
    parameters: {{models_path: {tiny}, engine: {{core: graph, num_kv_blocks: 64}}}}
  script:
    graph: responses
    resources: [kept]
    parameters:
      control_tokens_as_text: false  # a script begins with the control token that the user says
      models_path: {script}
      tool_format: hermes
      reasoning_format: think
      engine: {{num_kv_blocks: 64}}
  broken:
    graph: {folder}/graphs/broken.yaml
    resources: [kept]
    parameters:
      models_path: {script}
      control_tokens_as_text: false
      engine: {{num_kv_blocks: 64}}
"""
BROKEN = """
version: 1
extends: responses
insert:
  breaks: {on: kept, calculator: BreaksCalculator}
"""
BREAKS = '''"""A node that fails in the middle of an answer."""

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.llm.packets import OutputDelta
from ovpipe.errors import RequestError
from ovpipe.ports import Input, Output
from ovpipe.registry import register


@register
class BreaksCalculator(Calculator):
    """Lets three deltas with text through."""

    delta = Input[OutputDelta]()
    passed = Output[OutputDelta]()

    def __init__(self) -> None:
        self._texts = 0

    def process(self, cx: Context) -> None:
        """Passes it on."""
        self._texts += bool(cx[self.delta].parts)
        if self._texts > 3:
            raise RequestError(503, "The rest is lost.", code="lost")
        cx.send(self.passed, cx[self.delta])
'''


@dataclass(frozen=True)
class Responses:
    """Asks one server."""

    url: str

    @property
    def client(self) -> OpenAI:
        """OpenAI's own client."""
        return OpenAI(base_url=f"{self.url}/v1", api_key="none", max_retries=0)

    def ask(self, say: Any = "Hello", *, model: str = "tiny", **parameters: Any) -> Answer:
        """One request; greedy and short unless the test says otherwise."""
        body = {"model": model, "input": say, "max_output_tokens": 12, "temperature": 0} | parameters
        return post(
            self.url, {name: value for name, value in body.items() if value is not ...}, "/v1/responses"
        )

    def say(self, word: str, **parameters: Any) -> Answer:
        """What the script has for a word."""
        return self.ask(f"<|{word}|>", model="script", **{"max_output_tokens": 200} | parameters)

    def go(self, method: str, path: str) -> Answer:
        """A request without a body."""
        return ask(self.url, method, f"/v1/responses/{path}", b"", {})


@pytest.fixture(scope="module")
def responses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Responses]:
    """The server; the tests of a file share it, and no process of it outlives them."""
    folder = tmp_path_factory.mktemp("responses")
    write_scripted_model(folder / "script", TEXTS, chat_template=TEMPLATE)
    for name, content in (("graphs/broken.yaml", BROKEN), ("calculators/breaks.py", BREAKS)):
        (folder / name).parent.mkdir()
        (folder / name).write_text(content)
    config = folder / "server.yaml"
    config.write_text(CONFIG.format(tiny=MODEL, script=folder / "script", folder=folder))
    with ServerProcess("--config", str(config)) as server:
        server.wait_ready()
        yield Responses(server.url)


def whole(answer: Answer) -> Response:
    """The Response, held to OpenAI's types."""
    assert answer.status == 200, answer.body
    return response_of(answer.json())


def text(answer: Answer) -> str:
    """What the answer says."""
    return whole(answer).output_text


def events(answer: Answer) -> list[Any]:
    """The events of a stream, held to OpenAI's types: their names agree, and their numbers count up."""
    assert answer.status == 200, answer.body
    *pieces, rest = answer.body.decode().split("\n\n")
    assert rest == ""
    found = []
    for number, piece in enumerate(pieces):
        name, data = piece.split("\n")
        value = json.loads(data.removeprefix("data: "))
        assert name == f"event: {value['type']}"
        assert value["sequence_number"] == number
        found.append(event_of(value))
    return found
