"""A real server for the tests of the API: a model that writes at random, and one that keeps to a script."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.end_to_end.models import MODEL
from tests.end_to_end.scripted import write_scripted_model
from tests.serving.asking import Answer, post
from tests.serving.server_process import ServerProcess

CALL = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n</tool_call>'
TWO_CALLS = (
    'Both.<tool_call>{"name": "add", "arguments": {"a": 1}}</tool_call>'
    '<tool_call>{"name": "sub", "arguments": {"b": 2}}</tool_call>'
)
TEXTS = {
    "hello": "Hello there, how are you?",
    "think": "<think>Let me see.</think>The answer is 42.",
    "weather": f"<think>Rain or sun?</think>{CALL}",
    "both": TWO_CALLS,
    "marked": "one<|mark|><|tick|>two",
    "broken": '<tool_call>{"name": "oops", "arguments": {</tool_call>',
}
TEMPLATE = (
    "{{ messages[-1].content }}"
    "{% if raise %}{{ raise_exception('not like this') }}{% endif %}"
    "{% if say %}<|{{ say }}|>{% endif %}"
    "{% if reasoning_effort == 'high' %}<|think|>{% endif %}"
    "{% for document in documents or [] %}<|{{ document.text }}|>{% endfor %}"
    "{% if enable_mark and add_generation_prompt %}<|marked|>{% endif %}"
)
CONFIG = """
version: 1
models:
  tiny:
    graph: chat
    parameters:
      models_path: {tiny}
      engine: {{plugin_config: {{INFERENCE_PRECISION_HINT: f32, KV_CACHE_PRECISION: f32}}}}
      max_tokens_limit: 3000
  lookup:
    graph: chat
    parameters:
      models_path: {tiny}
      engine:
        prompt_lookup: true
        num_kv_blocks: 64
        plugin_config: {{INFERENCE_PRECISION_HINT: f32, KV_CACHE_PRECISION: f32}}
  narrow:
    graph: chat
    parameters: {{models_path: {tiny}, engine: {{max_num_seqs: 1, num_kv_blocks: 128}}}}
  script:
    graph: chat
    parameters:
      control_tokens_as_text: false  # a script begins with the control token that the user says
      models_path: {script}
      tool_format: hermes
      reasoning_format: think
      engine: {{num_kv_blocks: 64}}
"""


@dataclass(frozen=True)
class Api:
    """Asks one server."""

    url: str

    def chat(self, say: str = "Hello", *, model: str = "tiny", **parameters: Any) -> Answer:
        """A chat of one message; greedy and short unless the test says otherwise."""
        return self.ask(
            "chat/completions", model, {"messages": [{"role": "user", "content": say}]}, parameters
        )

    def complete(self, prompt: Any = "A graph is", *, model: str = "tiny", **parameters: Any) -> Answer:
        """A completion; greedy and short unless the test says otherwise."""
        return self.ask("completions", model, {"prompt": prompt}, parameters)

    def ask(self, path: str, model: str, what: dict[str, Any], parameters: dict[str, Any]) -> Answer:
        """One request."""
        body = {"model": model, "max_tokens": 12, "temperature": 0} | what | parameters
        return post(
            self.url, {name: value for name, value in body.items() if value is not ...}, f"/v1/{path}"
        )


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The server; the tests of a file share it, and no process of it outlives them."""
    folder = tmp_path_factory.mktemp("api")
    write_scripted_model(folder / "script", TEXTS, chat_template=TEMPLATE, marks=("<|mark|>", "<|tick|>"))
    config = folder / "server.yaml"
    config.write_text(CONFIG.format(tiny=MODEL, script=folder / "script"))
    with ServerProcess("--config", str(config)) as server:
        server.wait_ready()
        yield Api(server.url)


def text(answer: Answer) -> str:
    """The text of the first choice."""
    assert answer.status == 200, answer.body
    choice = answer.json()["choices"][0]
    shown = choice["message"]["content"] if "message" in choice else choice["text"]
    assert isinstance(shown, str)
    return shown


def texts(answer: Answer) -> list[str]:
    """The texts of all choices."""
    assert answer.status == 200, answer.body
    return [
        choice["message"]["content"] if "message" in choice else choice["text"]
        for choice in answer.json()["choices"]
    ]


def events(answer: Answer) -> list[Any]:
    """The chunks of a stream, its [DONE] checked and left out."""
    assert answer.status == 200, answer.body
    *chunks, done, rest = answer.body.decode().split("\n\n")
    assert (done, rest) == ("data: [DONE]", "")
    return [json.loads(chunk.removeprefix("data: ")) for chunk in chunks]
