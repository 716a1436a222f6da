"""What a core is loaded with: a struct for each core, from which reading, docs and JSON Schema follow."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self, get_args, get_origin

import msgspec
from msgspec import Meta


class CoreOptionsError(ValueError):
    """Options that a core cannot be loaded with. `problems` has a sentence for each, which names it first."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


class StepGraph(msgspec.Struct, frozen=True):
    """A graph that a core's process runs: a file or a shipped one's name, and its parameters."""

    name: str
    parameters: dict[str, Any]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    side_outputs: tuple[str, ...]


class CoreOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every core is loaded with. A core's own struct adds the keys of `engine` in a graph.

    Each field has a description. A field's default is None where the core chooses the value.
    """

    models_path: Annotated[str, Meta(description="The model's folder in OpenVINO's format.")]
    device: Annotated[str, Meta(description="OpenVINO's device: CPU, GPU, ...")] = "CPU"

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """The options that a graph gives. A value of None is not given.

        Raises `CoreOptionsError` with every wrong value.
        """
        values = cls.normalised({name: value for name, value in given.items() if value is not None})
        kinds = {field.name: field.type for field in msgspec.structs.fields(cls)}
        problems = [f"{name}: there is no such option" for name in values if name not in kinds]
        for name, value in values.items():
            if name in kinds:
                try:
                    msgspec.convert(value, kinds[name])
                except msgspec.ValidationError as error:
                    problems.append(_problem(name, value, kinds[name], error))
        if not problems:
            try:
                return msgspec.convert(values, cls)
            except msgspec.ValidationError as error:  # values that do not go together
                problems.append(str(error))
        raise CoreOptionsError(problems)

    @property
    def step_graph(self) -> StepGraph | None:
        """The graph that the core's process runs, where its step is one."""
        return None

    @classmethod
    def normalised(cls, given: dict[str, Any]) -> dict[str, Any]:
        """The given values, with other ways to say the same brought into one form."""
        return given


def _problem(name: str, value: Any, kind: Any, error: msgspec.ValidationError) -> str:
    """What is wrong with a value, or with the part of it that the error names."""
    fact, _, place = str(error).partition(" - at `$")
    place = re.sub(r"\[\.\.\.\]", "", place.rstrip("`"))
    if not fact.startswith(("Expected", "Invalid", "Object")):
        return f"{name}{place}: {fact}"
    text = f"{name}{place}: " if place or isinstance(value, dict | list) else f"{name} is {_shown(value)}; "
    text += fact[0].lower() + fact[1:]
    known = _known(kind, [part for part in re.sub(r"\[\d+\]", "", place).split(".") if part])
    return text + (f"; there are: {', '.join(known)}" if known and not fact.startswith("Expected") else "")


def _shown(value: Any) -> str:
    return str(value) if isinstance(value, float) else msgspec.json.encode(value).decode()


def _known(kind: Any, path: list[str]) -> list[str]:
    """The values that an option may have, or the keys; at a path of keys inside it."""
    for base in _bases(kind):
        if get_origin(base) is Literal and not path:
            return [str(value) for value in get_args(base)]
        if isinstance(base, type) and issubclass(base, msgspec.Struct):
            kinds = {field.name: field.type for field in msgspec.structs.fields(base)}
            return _known(kinds[path[0]], path[1:]) if path else list(kinds)
    return []


def _bases(kind: Any) -> Iterator[Any]:
    """What a type is made of, without annotations, None and the list around it."""
    if get_origin(kind) is Literal or not get_args(kind):
        yield kind
        return
    parts = get_args(kind)[:1] if get_origin(kind) is Annotated else get_args(kind)
    for part in parts:
        yield from _bases(part)
