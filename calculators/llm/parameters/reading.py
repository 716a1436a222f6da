"""Reading a body by a table: normalised, converted by msgspec, then made into the request's fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec
from msgspec import Struct, inspect

from ovpipe.calculators.llm.parameters.engine_support import honours, is_neutral, not_honoured
from ovpipe.calculators.llm.parameters.errors import missing, wrong_value
from ovpipe.calculators.llm.parameters.normalising import normalised
from ovpipe.calculators.llm.parameters.request_parameter import Endpoint, RequestParameter
from ovpipe.calculators.llm.parameters.table import BY_NAME, CONFIGURABLE
from ovpipe.calculators.llm.parameters.unknown_keys import Ignored, finder_of
from ovpipe.calculators.llm.parameters.validation_errors import UNREADABLE, to_request_error
from ovpipe.calculators.llm.parameters.well_formed_text import check_text
from ovpipe.calculators.llm.parameters.whole_floats import convert
from ovpipe.calculators.llm.parameters.wire.messages import MOST_MESSAGES
from ovpipe.engines.protocol import EngineInfo

MESSAGES: Final = "messages"
ITEMS_AT_ONCE: Final = 500
"""Of a list, in one call of msgspec, which lets no other thread run meanwhile."""


class BodyType:
    """The body of one endpoint's requests: a Struct with a field for each row of its table.

    `normalise` brings what clients send beyond the types of the rows into their form. `long` is the parameter
    whose list may be long; it is read part by part.
    """

    def __init__(
        self,
        rows: Mapping[str, RequestParameter],
        normalise: Callable[[Mapping[str, Any], Ignored], Mapping[str, Any]],
        long: str = MESSAGES,
    ) -> None:
        self.rows = rows
        self.long = long
        self.normalise = normalise
        required = [(row.name, row.type) for row in self.rows.values() if row.required]
        others = [(row.name, row.type | None, None) for row in self.rows.values() if not row.required]
        self.struct: type[Struct] = msgspec.defstruct("Body", [*required, *others], kw_only=True)
        self.kind = inspect.type_info(self.struct)
        self.find_unknown = finder_of(self.kind)

    def read(self, body: Mapping[str, Any], ignored: Ignored) -> Struct:
        """The body as its types have it; raises RequestError 400. Unknown keys are noted in `ignored`."""
        long, items = self.long, body.get(self.long)
        if type(items) is list and len(items) > MOST_MESSAGES:  # no call of msgspec, nor a walk
            raise wrong_value(long, self.rows[long].words)
        if type(items) is not list or len(items) <= ITEMS_AT_ONCE:
            read = self._converted(body)
        else:
            read = self._converted({**body, long: items[:ITEMS_AT_ONCE]})
            required = {name: body[name] for name, row in self.rows.items() if row.required}
            for at in range(ITEMS_AT_ONCE, len(items), ITEMS_AT_ONCE):
                part = {**required, long: items[at : at + ITEMS_AT_ONCE]}
                getattr(read, long).extend(getattr(self._converted(part, first=at), long))
        if self.find_unknown is not None:
            self.find_unknown(body, ignored)
        return read

    def _converted(self, body: Mapping[str, Any], *, first: int = 0) -> Struct:
        """A body, or a part of its long list, from the `first` item on, alone."""
        try:
            read: Struct = convert(body, self.struct, self.kind)
        except UNREADABLE as error:
            raise to_request_error(error, body, self.kind, first=first) from None
        return read


BODIES: Final[Mapping[Endpoint, BodyType]] = MappingProxyType(
    {endpoint: BodyType(BY_NAME[endpoint], normalised) for endpoint in Endpoint}
)
NUMBERS: Final = (float, int, bool)
CONFIG: Final = msgspec.defstruct(
    "Config", [(row.config_key, row.type | None, None) for row in CONFIGURABLE], kw_only=True
)
"""The members of generation_config.json that are read."""
CONFIG_KIND: Final = inspect.type_info(CONFIG)


def read_body(
    body: Mapping[str, Any], form: BodyType, ignored: Ignored, engine: EngineInfo | None
) -> dict[str, Any]:
    """The request's fields that the body states; raises RequestError 400 at the first wrong value.

    Keys that the table does not have are noted in `ignored`. What `engine` does not honour is refused.
    """
    body = form.normalise(body, ignored)
    read = form.read(body, ignored)
    fields: dict[str, Any] = {}
    for name, given in body.items():
        row = form.rows.get(name)
        if row is None:
            continue
        if given is None:
            if row.required:  # its type takes anything, and `make` tells what it is
                raise missing(name, row.words)
            continue
        value = getattr(read, name)
        if type(value) not in NUMBERS and not row.forms:  # where `make` knows which form has text
            check_text(value, name)
        if row.within is not None and not is_of(value, row.within):
            ignored.add(name)
            continue
        if row.make is not None:
            value = row.make(value, name)
        if value is None:
            continue
        if row.capability and not honours(engine, row.capability) and not is_neutral(row, given):
            raise not_honoured(name, row, engine)
        if row.spread:
            fields |= value
            continue
        field = row.field or name
        if field in fields:
            raise wrong_value(name, "absent beside another parameter that says the same")
        fields[field] = value
        if field == "grammar":
            fields["grammar_param"] = name
    return fields


def is_of(value: Any, kind: Any) -> bool:
    """Whether a value is of a type."""
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


def read_generation_config(engine: EngineInfo | None) -> dict[str, Any]:
    """The request's fields that generation_config.json gives of an engine's model.

    What is wrong there, or not honoured by the engine, counts as absent.
    """
    config = {} if engine is None else engine.generation_config
    if not config:
        return {}
    try:
        read = convert(config, CONFIG, CONFIG_KIND)
    except msgspec.ValidationError:
        right = {key: value for key, value in config.items() if is_right(key, value)}
        read = convert(right, CONFIG, CONFIG_KIND)
    honoured = (row for row in CONFIGURABLE if not row.capability or honours(engine, row.capability))
    given = ((row, getattr(read, row.config_key)) for row in honoured)
    return {row.config_field or row.lands_in: value for row, value in given if value is not None}


def is_right(key: str, value: Any) -> bool:
    """Whether a member of generation_config.json is what its parameter may be."""
    try:
        convert({key: value}, CONFIG, CONFIG_KIND)
    except msgspec.ValidationError:
        return False
    return True
