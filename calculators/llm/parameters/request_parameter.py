"""RequestParameter: the declaration of one parameter, from which reading, errors, OpenAPI and docs derive."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from msgspec import inspect

from ovpipe.calculators.llm.parameters.wording import words_of


class Endpoint(StrEnum):
    """The routes that the table serves."""

    CHAT = "/chat/completions"
    COMPLETIONS = "/completions"


BOTH: Final = (Endpoint.CHAT, Endpoint.COMPLETIONS)
CHAT: Final = (Endpoint.CHAT,)
COMPLETIONS: Final = (Endpoint.COMPLETIONS,)


@dataclass(frozen=True, slots=True)
class RequestParameter:
    """A key of the body: what its value may be, what it means, and where it lands in the request.

    `type` is a type that msgspec reads: value_types.py and wire/ have them. `make` turns a value of that
    type, whose place it gets, into the request's.
    """

    name: str
    type: Any
    doc: str
    endpoints: tuple[StrEnum, ...] = BOTH
    """The paths that take it: an Endpoint, or a route of another API's."""
    required: bool = False
    make: Callable[[Any, str], Any] | None = None
    forms: tuple[Any, ...] = ()
    """The types that OpenAPI names, where `make` tells several apart."""
    field: str = ""
    """The request's field, where it has another name."""
    spread: bool = False
    """What is made is a mapping of several fields."""
    config_key: str = ""
    """The key of generation_config.json that gives the default."""
    config_field: str = ""
    """Where that default lands, when not in the same field."""
    capability: str = ""
    """What the engine must be able to do to honour it; empty: nothing that an engine can lack."""
    needs: str = ""
    """With which options an engine honours it, where not every one does."""
    within: Any = None
    """The type of the values that have an effect, where clients send others for other servers: those are let
    through, and named."""
    neutral: tuple[Any, ...] = ()
    """The values that an engine without the capability honours as well: they ask for what happens anyway."""

    @property
    def lands_in(self) -> str:
        """The field of the request that its value goes to."""
        return self.field or self.name

    @property
    def meaning(self) -> str:
        """What it means, and what it takes."""
        if self.within is not None:
            return f"{self.doc} It has no effect unless it is {self.words_within}."
        return f"{self.doc} It needs {self.needs}." if self.needs else self.doc

    @property
    def words(self) -> str:
        """What its value may be, to stand after "must be"."""
        return words_of(inspect.type_info(self.type))

    @property
    def words_within(self) -> str:
        """What its value is that has an effect, to stand after "must be"."""
        return words_of(inspect.type_info(self.type if self.within is None else self.within))


def of_engine(name: str, type: Any, doc: str, **more: Any) -> RequestParameter:
    """A parameter that an engine honours, if it has the capability of that name."""
    return RequestParameter(name, type, doc, **{"capability": name} | more)
