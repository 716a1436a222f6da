"""read_engine: the mapping `engine` of a graph, checked by the struct of the core that it names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ovpipe.engines.cores import CORES, CoreDeclaration, keys_of
from ovpipe.engines.options import CoreOptions, CoreOptionsError
from ovpipe.errors import OptionError, did_you_mean

DEFAULT_CORE: Final = "genai"


def read_engine(
    calculator: str, models_path: str, device: str, engine: Mapping[str, Any]
) -> tuple[CoreDeclaration, CoreOptions]:
    """The core that a graph names, and its options. `calculator` names the node's class in errors.

    Raises OptionError with a line for each mistake.
    """
    given = dict(engine)
    name = given.pop("core", None) or DEFAULT_CORE
    core = CORES.get(name) if isinstance(name, str) else None
    about = f"option 'engine' of {calculator}: "
    if core is None:
        raise OptionError(f"{about}there is no core {name!r}; {did_you_mean(str(name), CORES)}")
    known = [key.name for key in keys_of(core)]
    problems = [_unknown(key, core, known) for key in given if key not in known]
    options = {key: value for key, value in given.items() if key in known}
    try:
        checked = core.options.of({**options, "models_path": models_path, "device": device})
    except CoreOptionsError as error:
        problems += error.problems
    if problems:
        raise OptionError("\n".join(about + problem for problem in problems))
    return core, checked


def _unknown(key: str, core: CoreDeclaration, known: list[str]) -> str:
    if key in CoreOptions.__struct_fields__:
        return f"{key} stands beside engine, not in it; move it out"
    return f"unknown key {key!r} of core {core.name!r}; {did_you_mean(key, known)}"
