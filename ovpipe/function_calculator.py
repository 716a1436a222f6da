"""`@calculator`: a typed function, plain, async or a generator, becomes a calculator."""

from __future__ import annotations

import inspect
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Generator,
    Iterable,
    Iterator,
)
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Any, ClassVar, Union, get_args, get_origin, get_type_hints, overload

from ovpipe.calculator import Calculator, Context
from ovpipe.errors import DeclarationError
from ovpipe.ports import Input, Output
from ovpipe.registry import register

STREAMS = (Iterator, Iterable, Generator, AsyncIterator, AsyncIterable, AsyncGenerator)
RESERVED = frozenset(dir(Calculator)) | {"function", "options"}
"""Names that a port of such a calculator cannot have."""


class FunctionCalculator(Calculator):
    """What `@calculator` makes of a function: a class, which graphs name like any other.

    Its constructor takes the function's keyword-only parameters.
    """

    function: ClassVar[Callable[..., Any]]
    """The function itself, as it is written."""
    shape: ClassVar[_Shape]

    def __init__(self, **options: Any) -> None:
        self.options = options

    def called(self, cx: Context) -> Any:
        """The function's result at this timestamp; _NOTHING where an input is empty that it requires."""
        values = []
        for port in self.shape.inputs:
            if port in cx:
                values.append(cx[port])
            elif port.optional:
                values.append(self.shape.defaults[port.name])
            else:
                return _NOTHING
        return type(self).function(*values, **self.options)

    def give(self, cx: Context, value: Any) -> None:
        """Sends a result. None is none where the function's type says that it may be missing."""
        if self.shape.output is not None and not (value is None and self.shape.may_give_none):
            cx.send(self.shape.output, value)


class _Nothing:
    """Stands for the result of a function that was not called."""


_NOTHING = _Nothing()


@overload
def calculator(function: Callable[..., Any], /) -> type[FunctionCalculator]: ...
@overload
def calculator(
    *, output: str | None = None, name: str | None = None
) -> Callable[[Callable[..., Any]], type[FunctionCalculator]]: ...
def calculator(
    function: Callable[..., Any] | None = None, /, *, output: str | None = None, name: str | None = None
) -> type[FunctionCalculator] | Callable[[Callable[..., Any]], type[FunctionCalculator]]:
    """Makes a calculator of a function with types, and marks it for graphs as `@register` does.

        @calculator
        def shout(text: str, *, mark: str = "!") -> str:
            return text.upper() + mark

    Its inputs are the function's parameters; one with a default is optional. Its keyword-only parameters are
    options. Its output has the function's name, or that of `output`. Graphs name it by the function's name,
    or by `name`. A generator sends each value that it yields, a function that gives `T | None` sends
    nothing for None, and one that gives None has no output. Raises DeclarationError for a function that has
    no types, or whose parameters cannot be ports.
    """
    if function is None:
        return lambda function: _made(function, output, name)
    return _made(function, output, name)


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a function's signature says."""

    inputs: tuple[Input[Any], ...]
    defaults: dict[str, Any]
    """The values of optional inputs that are empty."""
    output: Output[Any] | None
    may_give_none: bool


def _made(function: Callable[..., Any], output: str | None, name: str | None) -> type[FunctionCalculator]:
    title = getattr(function, "__name__", repr(function))
    if not inspect.isfunction(function):
        raise DeclarationError(f"@calculator makes calculators of functions, and {title} is none")
    signature, hints = _typed(function, title)
    inputs: dict[str, Input[Any]] = {}
    defaults: dict[str, Any] = {}
    options = []
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY:
            options.append(parameter.replace(annotation=hints[parameter.name]))
            continue
        has_default = parameter.default is not parameter.empty
        taken = _without_none(hints[parameter.name])[0] if has_default else hints[parameter.name]
        inputs[parameter.name] = Input[taken](optional=has_default)  # type: ignore[valid-type]  # known at run time only
        if has_default:
            defaults[parameter.name] = parameter.default
    streams = inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function)
    given, may_give_none = _given(hints["return"], streams, title)
    if not inputs and not streams:
        raise DeclarationError(
            f"@calculator: {title} has no inputs, so it is a source, and would be called for ever; make it a "
            "generator, which yields its values"
        )
    port_name = output or title
    ports: dict[str, Any] = dict(inputs)
    if given is not None:
        if port_name in ports:
            raise DeclarationError(
                f"@calculator: {title} has an input of the name of its output, {port_name!r}; "
                'name the output: @calculator(output="...")'
            )
        ports[port_name] = Output[given](streaming=streams)  # type: ignore[valid-type]  # known at run time only
    for port in ports:
        if port in RESERVED:
            raise DeclarationError(f"@calculator: a port of {title} cannot be named {port!r}; take another")
    sent = ports[port_name] if given is not None else None
    body = {
        **ports,
        "__doc__": function.__doc__,
        "__init__": _constructor(options),
        "function": staticmethod(function),
        "shape": _Shape(tuple(inputs.values()), defaults, sent, may_give_none),
        "process": _process_of(function, bool(inputs)),
    }
    cls = type(title, (FunctionCalculator,), body)
    cls.__module__, cls.__qualname__ = function.__module__, function.__qualname__
    return register(name=name or title)(cls)


def _typed(function: Callable[..., Any], title: str) -> tuple[inspect.Signature, dict[str, Any]]:
    signature = inspect.signature(function)
    for parameter in signature.parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise DeclarationError(
                f"@calculator: {title} takes *{parameter.name}; ports and options have names, so "
                "write each of them"
            )
        if parameter.annotation is parameter.empty:
            kind = "option" if parameter.kind is parameter.KEYWORD_ONLY else "input"
            raise DeclarationError(
                f"@calculator: {kind} {parameter.name!r} of {title} has no type; write one, as in "
                f"`{parameter.name}: str`"
            )
    if signature.return_annotation is signature.empty:
        raise DeclarationError(
            f"@calculator: the result of {title} has no type; write one, as in `-> str`, or "
            "`-> None` for no output"
        )
    try:
        return signature, get_type_hints(function, include_extras=True)
    except NameError as error:
        raise DeclarationError(
            f"@calculator: a type of {title} is not known where it is defined: {error}; define it before"
        ) from error


def _given(result: Any, streams: bool, title: str) -> tuple[Any, bool]:
    """The type of what a function sends, None: it sends nothing; and whether None stands for no packet."""
    if streams:
        if get_origin(result) not in STREAMS:
            raise DeclarationError(
                f"@calculator: {title} is a generator; write what it yields, as in `-> Iterator[str]`, or "
                "`-> AsyncIterator[str]` for an async one"
            )
        result = get_args(result)[0]
    if result is NoneType:
        return None, False
    return _without_none(result)


def _without_none(kind: Any) -> tuple[Any, bool]:
    """A type without None, and whether it had it."""
    members = get_args(kind)
    if get_origin(kind) not in (Union, UnionType) or NoneType not in members:
        return kind, False
    return Union[tuple(one for one in members if one is not NoneType)], True  # noqa: UP007  # made from a tuple


def _constructor(options: list[inspect.Parameter]) -> Callable[..., None]:
    """A constructor with the function's options, as a class writes them."""

    def construct(self: FunctionCalculator, **given: Any) -> None:
        bound = signature.bind(self, **given)
        bound.apply_defaults()
        self.options = {name: value for name, value in bound.arguments.items() if name != "self"}

    signature = inspect.Signature([inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY), *options])
    construct.__signature__ = signature  # type: ignore[attr-defined]  # inspect reads it
    construct.__annotations__ = {option.name: option.annotation for option in options}
    return construct


def _process_of(function: Callable[..., Any], has_inputs: bool) -> Callable[..., Any]:
    """`process` of the kind that the function is."""
    if inspect.isasyncgenfunction(function):
        return _process_async_generator if has_inputs else _source_of_async_generator
    if inspect.isgeneratorfunction(function):
        return _process_generator if has_inputs else _source_of_generator
    return _process_async if inspect.iscoroutinefunction(function) else _process_plain


def _process_plain(self: FunctionCalculator, cx: Context) -> None:
    value = self.called(cx)
    if value is not _NOTHING:
        self.give(cx, value)


async def _process_async(self: FunctionCalculator, cx: Context) -> None:
    value = self.called(cx)
    if value is not _NOTHING:
        self.give(cx, await value)


def _process_generator(self: FunctionCalculator, cx: Context) -> None:
    values = self.called(cx)
    if values is not _NOTHING:
        for value in values:
            self.give(cx, value)


async def _process_async_generator(self: FunctionCalculator, cx: Context) -> None:
    values = self.called(cx)
    if values is not _NOTHING:
        async for value in values:
            self.give(cx, value)
            await cx.drain()


def _source_of_generator(self: FunctionCalculator, cx: Context) -> Iterator[None]:
    for at, value in enumerate(self.called(cx)):
        if self.shape.output is not None and not (value is None and self.shape.may_give_none):
            cx.send(self.shape.output, value, at=at)
        yield


async def _source_of_async_generator(self: FunctionCalculator, cx: Context) -> AsyncIterator[None]:
    at = 0
    async for value in self.called(cx):
        if self.shape.output is not None and not (value is None and self.shape.may_give_none):
            cx.send(self.shape.output, value, at=at)
        at += 1
        yield
