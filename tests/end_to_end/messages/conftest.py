"""A real server of Anthropic's API, with an API key: models that write at random and keep to a script."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from anthropic import Anthropic
from anthropic.types import Message

from tests.anthropic_types import as_message
from tests.end_to_end.models import MODEL
from tests.end_to_end.scripted import write_scripted_model
from tests.serving.asking import JSON_HEADERS, Answer, post
from tests.serving.server_process import ServerProcess

KEY = "anthropics-clients-send-it-as-x-api-key"
CALL = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n</tool_call>'
TEXTS = {
    "hello": "Hello there, how are you?",
    "think": "<think>Let me see.</think>The answer is 42.",
    "weather": f"<think>Rain or sun?</think>{CALL}",
    "both": 'Both.<tool_call>{"name": "add", "arguments": {"a": 1}}</tool_call>'
    '<tool_call>{"name": "sub", "arguments": {"b": 2}}</tool_call>',
    "call": CALL,
    "sunny": "It is sunny in Paris.",
    "person": '{"name": "Ada", "age": 36}',
    "again": "And once more.",
}
TEMPLATE = (
    "{% for message in messages[:-1] %}{% if message.content %}{{ message.content }} {% endif %}"
    "{% for call in message.tool_calls or [] %}{{ call.function.arguments | tojson }} {% endfor %}{% endfor %}"
    "{% for tool in tools or [] %}{{ tool.function.name }} {% endfor %}"
    "{{ messages[-1].content }}"
    "{% if enable_thinking is defined and enable_thinking %}<|think|>{% endif %}"
    "{% if say %}<|{{ say }}|>{% endif %}"
    "{% if reasoning_effort == 'high' %}<|again|>{% endif %}"
)
"""A chat template that makes the last message's word the one that is answered."""
CONFIG = """
version: 1
limits: {{max_requests: 4, client_share: 0.5}}
resources:
  random:
    graph: language_model
    parameters:
      models_path: {tiny}
      engine: {{plugin_config: {{INFERENCE_PRECISION_HINT: f32, KV_CACHE_PRECISION: f32}}}}
  scripted:
    graph: language_model
    parameters: {{models_path: {script}, engine: {{num_kv_blocks: 64}}}}
models:
  tiny: {{graph: messages, resources: [random], parameters: {{max_tokens_limit: 3000}}}}
  tiny-chat: {{graph: chat, resources: [random]}}
  script:
    graph: messages
    resources: [scripted]
    parameters:
      control_tokens_as_text: false  # a script begins with the control token that the user says
      tool_format: hermes
      reasoning_format: think
"""
HI: Any = [{"role": "user", "content": "Hello"}]


@dataclass(frozen=True)
class MessagesApi:
    """Asks one server."""

    url: str

    def client(self, *, key: str = KEY) -> Anthropic:
        """The anthropic package's client, which tries once. Whoever asks for it closes it."""
        return Anthropic(base_url=self.url, api_key=key, max_retries=0)

    def ask(self, path: str = "messages", /, **body: Any) -> Answer:
        """One request, greedy and short unless the test says otherwise; what is `...` is left out."""
        basis: dict[str, Any] = {"model": "tiny", "messages": HI}
        if path != "messages/count_tokens":
            basis |= {"max_tokens": 12, "temperature": 0}
        whole = {name: value for name, value in (basis | body).items() if value is not ...}
        return post(self.url, whole, f"/v1/{path}", {**JSON_HEADERS, "x-api-key": KEY})

    def message(self, **body: Any) -> Message:
        """A whole answer, as the package's types have it."""
        answer = self.ask(**body)
        assert answer.status == 200, answer.body
        return as_message(answer.body)

    def text(self, **body: Any) -> str:
        """The text of a whole answer."""
        return text_of(self.message(**body))


def text_of(message: Message) -> str:
    """All text of a message."""
    return "".join(block.text for block in message.content if block.type == "text")


def word(said: str) -> Any:
    """A conversation that asks the scripted model for a text."""
    return [{"role": "user", "content": f"<|{said}|>"}]


@pytest.fixture(scope="session")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MessagesApi]:
    """The server; the tests of this folder share it."""
    folder = tmp_path_factory.mktemp("messages")
    write_scripted_model(folder / "script", TEXTS, chat_template=TEMPLATE)
    config = folder / "server.yaml"
    config.write_text(CONFIG.format(tiny=MODEL, script=folder / "script"))
    with ServerProcess("--config", str(config), env={"OVPIPE_API_KEY": KEY}) as server:
        server.wait_ready()
        yield MessagesApi(server.url)


@pytest.fixture
def client(api: MessagesApi) -> Iterator[Anthropic]:
    """The anthropic package's client."""
    with api.client() as client:
        yield client
