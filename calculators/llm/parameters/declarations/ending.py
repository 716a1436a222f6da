"""What ends an answer, and which tokens it may have."""

from __future__ import annotations

from typing import Any, Final

from ovpipe.calculators.llm.parameters.errors import wrong_type, wrong_value
from ovpipe.calculators.llm.parameters.request_parameter import RequestParameter, of_engine
from ovpipe.calculators.llm.parameters.value_types import INT31, Objects, integers, texts


def as_tuple(value: str | tuple[str, ...], path: str) -> tuple[str, ...]:
    """One string, or several; an empty one says nothing."""
    return tuple(filter(None, (value,) if isinstance(value, str) else value))


def processors_by_name(chosen: tuple[dict[str, Any], ...], path: str) -> dict[str, dict[str, Any]]:
    """The arguments of each processor by its name. Which names there are, the engine knows."""
    found: dict[str, dict[str, Any]] = {}
    for number, one in enumerate(chosen):
        place = f"{path}[{number}]"
        name, arguments = one.get("name"), one.get("arguments")
        if unknown := one.keys() - {"name", "arguments"}:
            raise wrong_value(place, f"an object of name and arguments, without {', '.join(sorted(unknown))}")
        if not isinstance(name, str) or not name:
            raise wrong_type(f"{place}.name", "the name of a logits processor")
        if not isinstance(arguments, dict | None):
            raise wrong_type(f"{place}.arguments", "an object")
        if name in found:
            raise wrong_value(f"{place}.name", "another name: a processor works once on a token")
        found[name] = arguments or {}
    return found


ENDING: Final = (
    RequestParameter(
        "stop",
        texts(longest=1000, most=16),
        "Ends the answer before the first of these strings; an empty one is none.",
        make=as_tuple,
    ),
    RequestParameter("include_stop_str_in_output", bool, "Ends the answer after the stop string instead."),
    of_engine(
        "stop_token_ids", integers(0, INT31, most=1024), "Token ids that end the answer.", neutral=([],)
    ),
    of_engine("ignore_eos", bool, "Goes on after the model's end-of-sequence token.", neutral=(False,)),
    of_engine(
        "bad_words",
        texts(most=1024),
        "Words that must not occur.",
        make=as_tuple,
        neutral=([], "", [""]),
    ),
    of_engine("allowed_token_ids", integers(0, INT31, most=2**20), "The only token ids to choose from."),
    of_engine(
        "logits_processors",
        Objects,
        "Changes the logits by processors of the engine's graph: a list of {name, arguments}.",
        make=processors_by_name,
        neutral=([],),
    ),
)
