"""The chat templates of a model folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree


def read_chat_templates(folder: Path) -> dict[str, str]:
    """Jinja sources by name; the one to use when none is named is "default", if there is any.

    The first of these places that has a template wins: chat_template.jinja (and with it
    additional_chat_templates/<name>.jinja), tokenizer_config.json, where "chat_template" is a string or
    a list of {name, template}, chat_template.json, and the rt_info of openvino_tokenizer.xml.
    """
    return (
        _from_jinja_files(folder)
        or _named(_read_json(folder / "tokenizer_config.json").get("chat_template"))
        or _named(_read_json(folder / "chat_template.json").get("chat_template"))
        or _from_rt_info(folder / "openvino_tokenizer.xml")
    )


def _from_jinja_files(folder: Path) -> dict[str, str]:
    templates = {
        path.stem: path.read_text("utf-8")
        for path in sorted((folder / "additional_chat_templates").glob("*.jinja"))
    }
    default = folder / "chat_template.jinja"
    return templates | ({"default": default.read_text("utf-8")} if default.exists() else {})


def _named(templates: Any) -> dict[str, str]:
    if isinstance(templates, str):
        return {"default": templates}
    if isinstance(templates, list):
        return {entry["name"]: entry["template"] for entry in templates}
    return {}


def _from_rt_info(tokenizer: Path) -> dict[str, str]:
    element = ElementTree.parse(tokenizer).find("rt_info/chat_template") if tokenizer.exists() else None
    return _named(element.get("value") if element is not None else None)


def _read_json(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return content
