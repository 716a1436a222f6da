"""Fifteen JSON schemas as programs have them, each with a question whose answer it describes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final


def record(properties: Mapping[str, Any], *optional: str, **others: Any) -> dict[str, Any]:
    """An object of these properties; all are required but the optional ones, and no others are allowed."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
        **others,
    }


def text(longest: int, **others: Any) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "maxLength": longest, **others}


def several(items: Mapping[str, Any], least: int, most: int) -> dict[str, Any]:
    return {"type": "array", "items": dict(items), "minItems": least, "maxItems": most}


DATE: Final = {"type": "string", "format": "date"}

ADDRESS: Final = record(
    {
        "street": text(30),
        "city": text(20),
        "postal_code": {"type": "string", "pattern": "^[0-9]{5}$"},
        "country": {"type": "string", "enum": ["DE", "FR", "IT", "PT"]},
    }
)

SCHEMAS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "postal address": ("An address in Lisbon, please.", ADDRESS),
    "invoice": (
        "Write an invoice for two hammers.",
        record(
            {
                "number": {"type": "string", "pattern": "^INV-[0-9]{4}-[0-9]{3}$"},
                "issued": DATE,
                "lines": several(
                    record(
                        {
                            "description": text(30),
                            "quantity": {"type": "integer", "minimum": 1, "maximum": 99},
                            "price": {"type": "number"},
                        }
                    ),
                    1,
                    3,
                ),
                "paid": {"type": "boolean"},
                "to": {"$ref": "#/$defs/address"},
            },
            "to",
            **{"$defs": {"address": ADDRESS}},
        ),
    ),
    "calendar event": (
        "Plan a lunch with Ada on 2026-12-01.",
        record(
            {
                "title": text(40),
                "start": {"type": "string", "format": "date-time"},
                "minutes": {"type": "integer", "enum": [15, 30, 60, 90]},
                "attendees": several({"type": "string", "pattern": "^[a-z]{2,12}@example[.]com$"}, 1, 2),
                "repeats": {"anyOf": [{"type": "null"}, {"enum": ["daily", "weekly"]}]},
            }
        ),
    ),
    "package.json": (
        "A package.json of a small web server.",
        record(
            {
                "name": {"type": "string", "pattern": "^[a-z][a-z-]{2,19}$"},
                "version": {"type": "string", "pattern": r"^\d{1,2}\.\d{1,2}\.\d{1,2}$"},
                "private": {"const": True},
                "scripts": record({"start": text(30), "test": text(30)}, "test"),
                "dependencies": {
                    "type": "object",
                    "patternProperties": {"^[a-z]{2,12}$": {"type": "string", "pattern": r"^\^\d\.\d$"}},
                    "additionalProperties": False,
                    "maxProperties": 3,
                },
            }
        ),
    ),
    "issue": (
        "The login page crashes when the password is empty. Write the bug report.",
        record(
            {
                "title": text(60),
                "body": text(80),
                "labels": several({"enum": ["bug", "crash", "docs", "feature"]}, 1, 3),
                "severity": {"type": "integer", "minimum": 1, "maximum": 5},
                "assignee": {"type": ["string", "null"], "maxLength": 20},
            }
        ),
    ),
    "openapi parameter": (
        "Describe the query parameter `limit`.",
        record(
            {
                "name": text(20),
                "in": {"enum": ["query", "path", "header", "cookie"]},
                "required": {"type": "boolean"},
                "schema": {
                    "anyOf": [
                        record(
                            {
                                "type": {"const": "integer"},
                                "minimum": {"type": "integer", "minimum": 0, "maximum": 9},
                            }
                        ),
                        record(
                            {
                                "type": {"const": "string"},
                                "maxLength": {"type": "integer", "minimum": 1, "maximum": 99},
                            }
                        ),
                    ]
                },
            }
        ),
    ),
    "geojson": (
        "Where is the Eiffel tower?",
        record(
            {
                "type": {"const": "Feature"},
                "geometry": record(
                    {
                        "type": {"const": "Point"},
                        "coordinates": {
                            "type": "array",
                            "prefixItems": [
                                {"type": "number"},
                                {"type": "number"},
                            ],
                            "items": False,
                            "minItems": 2,
                        },
                    }
                ),
                "properties": record({"name": text(30)}),
            }
        ),
    ),
    "weather": (
        "How will the weather be tomorrow in Oslo?",
        record(
            {
                "place": text(20),
                "celsius": {"type": "integer", "minimum": -40, "maximum": 50},
                "sky": {"enum": ["clear", "cloudy", "rain", "snow"]},
                "wind": record(
                    {
                        "kmh": {"type": "integer", "minimum": 0, "exclusiveMaximum": 200},
                        "from": {"enum": ["N", "E", "S", "W"]},
                    }
                ),
            }
        ),
    ),
    "recipe": (
        "How do I make pancakes?",
        record(
            {
                "dish": text(30),
                "minutes": {"type": "integer", "minimum": 1, "maximum": 240},
                "ingredients": several(
                    record({"name": text(20), "grams": {"type": "integer", "minimum": 1, "maximum": 999}}),
                    2,
                    4,
                ),
                "steps": several(text(40), 2, 3),
            }
        ),
    ),
    "person": (
        "Ada Lovelace was born on 10 December 1815 in London. Extract the person.",
        record({"first_name": text(20), "last_name": text(20), "born": DATE, "city": text(20)}),
    ),
    "sentiment": (
        'How does this sound: "The food was great, but we waited for an hour"?',
        record(
            {
                "sentiment": {"enum": ["positive", "negative", "mixed"]},
                "percent": {"type": "integer", "minimum": 0, "maximum": 100},
                "aspects": several(record({"aspect": text(15), "positive": {"type": "boolean"}}), 1, 3),
            }
        ),
    ),
    "log entry": (
        "The disk /dev/sda1 is full. Write the log entry.",
        record(
            {
                "id": {"type": "string", "format": "uuid"},
                "level": {"enum": ["debug", "info", "warning", "error"]},
                "message": text(60),
                "host": {"type": "string", "format": "ipv4"},
            }
        ),
    ),
    "comment tree": (
        "Show a comment about cats with one reply.",
        {
            "$ref": "#/$defs/comment",
            "$defs": {
                "comment": record(
                    {
                        "author": text(12),
                        "text": text(40),
                        "reply": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/leaf"}]},
                    }
                ),
                "leaf": record({"author": text(12), "text": text(40)}),
            },
        },
    ),
    "shopping list": (
        "What do I need for a picnic?",
        several(record({"item": text(20), "count": {"type": "integer", "minimum": 1, "maximum": 12}}), 3, 5),
    ),
    "函数": (
        "请给出一个城市的名字和人口。",
        record({"城市": text(8), "人口": {"type": "integer", "minimum": 1000, "maximum": 40000000}}),
    ),
}
"""Each by its name."""
