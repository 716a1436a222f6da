"""The Jinja environment of chat templates, which sees what transformers' has, in a sandbox."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Final, NoReturn

from jinja2 import TemplateError, nodes
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace

from ovpipe.calculators.llm.templates.budget import TURN, charged_range, turn
from ovpipe.calculators.llm.templates.prompt_size import is_larger

WRITTEN_AT_ONCE: Final = 65_536
"""Characters and members of a value that `tojson` writes in one call, while no other thread runs."""
LARGEST: Final = 1_000_000
"""The length of what a template may make by repeating, and the largest exponent."""


class Refusal(TemplateError):
    """The template called raise_exception."""


def sandbox() -> ImmutableSandboxedEnvironment:
    """An environment to compile chat templates in.

    Besides Jinja's own: raise_exception, strftime_now, loop controls, generation blocks, and a tojson that
    escapes nothing for HTML. As in transformers, `dict` is no type, of which Jinja's `dict` gives the methods
    that change what the sandbox keeps from changing, and a namespace takes no names with an underscore first.
    """
    environment = Sandbox(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols, GenerationTag])
    environment.filters["tojson"] = to_json
    environment.filters[TURN] = turn
    environment.globals |= {
        "raise_exception": raise_exception,
        "strftime_now": strftime_now,
        "dict": DictMaker(),
        "range": charged_range,
        "namespace": OpenNamespace,
    }
    return environment


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's immutable sandbox, in which a product or a power cannot take hours or all memory."""

    intercepted_binops = frozenset({"*", "**"})

    def handle_exception(self, source: str | None = None) -> NoReturn:
        """Raises what is being handled. Jinja would write its traceback anew, and slowly."""
        raise

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """The product, or the power; raises OverflowError where it would be too large."""
        if operator == "**":
            size = abs(right) if isinstance(right, int | float) else 0
        else:
            size = max(_length(left, right), _length(right, left))
        if size > LARGEST:
            raise OverflowError(f"more than {LARGEST}")
        return super().call_binop(context, operator, left, right)


def _length(repeated: Any, times: Any) -> int:
    """The length of a text or a list that is repeated; 0 of other products."""
    return len(repeated) * times if isinstance(repeated, str | list | tuple) and isinstance(times, int) else 0


def raise_exception(message: object = "no reason given") -> NoReturn:
    """What a template calls to refuse messages."""
    raise Refusal(str(message))


def strftime_now(format: str) -> str:
    """Today's date or time, in the server's time zone."""
    return datetime.now().strftime(format)


def to_json(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    """The filter `tojson`; Jinja's own escapes <, >, & and ', which models were not trained on."""
    encoder = json.JSONEncoder(
        ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )
    if is_larger(value, WRITTEN_AT_ONCE):
        return "".join(encoder.iterencode(value))  # in Python, so that other threads run meanwhile
    return encoder.encode(value)


class DictMaker:
    """`dict` in a template: makes one, and has nothing else of the type's but `fromkeys`."""

    def __call__(self, *args: Any, **kwargs: Any) -> dict[Any, Any]:
        return dict(*args, **kwargs)

    def fromkeys(self, *args: Any) -> dict[Any, Any]:
        """As dict's."""
        return dict.fromkeys(*args)


class OpenNamespace(Namespace):
    """`namespace` in a template, without names that begin with an underscore."""

    def __init__(*args: Any, **kwargs: Any) -> None:  # so that a name may be `self`
        for name in dict(*args[1:], **kwargs):
            refuse_underscore(name)
        Namespace.__init__(*args, **kwargs)

    def __setitem__(self, name: str, value: Any) -> None:
        refuse_underscore(name)
        Namespace.__setitem__(self, name, value)


def refuse_underscore(name: Any) -> None:
    """Raises SecurityError for a name that begins with an underscore."""
    if isinstance(name, str) and name.startswith("_"):
        raise SecurityError(f"a namespace has no {name!r}")


class GenerationTag(Extension):
    """Lets `{% generation %} ... {% endgeneration %}` pass: it marks the assistant's text for training."""

    tags = {"generation"}  # noqa: RUF012  # jinja2 declares it as an instance variable

    def parse(self, parser: Parser) -> list[nodes.Node]:
        """The body alone, in a scope of its own, as a block has."""
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return [nodes.Scope(body).set_lineno(line)]
