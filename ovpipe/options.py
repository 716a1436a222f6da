"""Options: a calculator's constructor keywords, checked against their types."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec

from ovpipe.calculator import Calculator
from ovpipe.errors import DeclarationError, OptionError, did_you_mean
from ovpipe.option_types import converted, kinds_of


@dataclass(frozen=True, slots=True)
class OptionSpec:
    """One option: its name, its type, and its default (REQUIRED when there is none)."""

    name: str
    type: Any
    default: Any
    meaning: str = ""
    """What its type says of it: `Annotated[int, msgspec.Meta(description="...")]`."""

    @property
    def required(self) -> bool:
        """Whether the graph must give the option."""
        return self.default is inspect.Parameter.empty


def options_of(cls: type[Calculator]) -> dict[str, OptionSpec]:
    """The options of a calculator class, in the order of its constructor."""
    if cls.__init__ is object.__init__:
        return {}
    hints = get_type_hints(cls.__init__)
    annotated = get_type_hints(cls.__init__, include_extras=True)
    specs = {}
    for name, parameter in list(inspect.signature(cls.__init__).parameters.items())[1:]:
        if parameter.kind is not parameter.KEYWORD_ONLY or name not in hints:
            raise DeclarationError(
                f"{cls.__name__}.__init__: {name!r} must be a keyword argument with a type, "
                f"as in `def __init__(self, *, {name}: str)`"
            )
        specs[name] = OptionSpec(name, hints[name], parameter.default, _meaning(annotated[name]))
    return specs


def check_options(
    cls: type[Calculator], given: Mapping[str, Any], base: Path | None = None
) -> dict[str, Any]:
    """The constructor's keyword arguments for the options that a graph gives.

    An option whose type is a path takes a text, relative to `base`. Raises OptionError, one line for each
    option that is unknown, missing or of a wrong type.
    """
    specs = options_of(cls)
    problems = [
        f"unknown option {name!r} of {cls.__name__}: {did_you_mean(name, specs)}"
        for name in given
        if name not in specs
    ]
    arguments = {}
    for name, spec in specs.items():
        if name in given:
            try:
                arguments[name] = converted(given[name], spec.type, base)
            except (msgspec.ValidationError, ValueError, TypeError) as error:
                problems.append(f"option {name!r} of {cls.__name__}: {error}")
        elif spec.required and not kinds_of(spec.type):
            problems.append(
                f"no graph can give option {name!r} of {cls.__name__}: YAML has no form for its type "
                f"({describe(spec.type)}), and it has no default; give it one, or make it a side input"
            )
        elif spec.required:
            problems.append(f"{cls.__name__} needs option {name!r} ({describe(spec.type)})")
    if problems:
        raise OptionError("\n".join(problems))
    return arguments


def describe(annotation: Any) -> str:
    """A type as an author would write it, its classes without their modules."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation in (None, NoneType):
        return "None"
    if annotation is Ellipsis:
        return "..."
    if origin is Annotated:
        return describe(arguments[0])
    if origin in (Union, UnionType):
        return " | ".join(map(describe, arguments))
    if isinstance(annotation, list):  # the arguments of a callable
        return f"[{', '.join(map(describe, annotation))}]"
    if isinstance(origin, type) and arguments:
        return f"{origin.__name__}[{', '.join(map(describe, arguments))}]"
    return annotation.__name__ if isinstance(annotation, type) else str(annotation).replace("typing.", "")


def _meaning(annotation: Any) -> str:
    """The description that a type is annotated with."""
    extras = annotation.__metadata__ if get_origin(annotation) is Annotated else ()
    return next((one.description for one in extras if isinstance(one, msgspec.Meta) and one.description), "")
