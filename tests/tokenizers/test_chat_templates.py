"""Where a model folder keeps its chat templates."""

import json
from pathlib import Path

from ovpipe.tokenizers.chat_templates import read_chat_templates

IR = """<?xml version="1.0"?>
<net name="tokenizer"><rt_info><chat_template value="from rt_info&#10;{{ &quot;x&quot; }}" /></rt_info></net>
"""


def test_a_folder_may_have_none(tmp_path: Path) -> None:
    assert read_chat_templates(tmp_path) == {}


def test_the_places_are_asked_in_order(tmp_path: Path) -> None:
    (tmp_path / "openvino_tokenizer.xml").write_text(IR)
    assert read_chat_templates(tmp_path) == {"default": 'from rt_info\n{{ "x" }}'}
    (tmp_path / "chat_template.json").write_text(json.dumps({"chat_template": "from chat_template.json"}))
    assert read_chat_templates(tmp_path) == {"default": "from chat_template.json"}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"eos_token": "</s>"}))
    assert read_chat_templates(tmp_path) == {"default": "from chat_template.json"}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"chat_template": "from the config"}))
    assert read_chat_templates(tmp_path) == {"default": "from the config"}
    (tmp_path / "chat_template.jinja").write_text("from a file")
    assert read_chat_templates(tmp_path) == {"default": "from a file"}


def test_templates_may_have_names(tmp_path: Path) -> None:
    templates = [{"name": "default", "template": "plain"}, {"name": "tool_use", "template": "tools"}]
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"chat_template": templates}))
    assert read_chat_templates(tmp_path) == {"default": "plain", "tool_use": "tools"}


def test_named_templates_may_be_files(tmp_path: Path) -> None:
    (tmp_path / "additional_chat_templates").mkdir()
    (tmp_path / "additional_chat_templates" / "tool_use.jinja").write_text("tools")
    (tmp_path / "chat_template.jinja").write_text("plain")
    assert read_chat_templates(tmp_path) == {"default": "plain", "tool_use": "tools"}
