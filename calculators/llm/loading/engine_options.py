"""read_engine: the mapping `engine` of a graph, checked by the structs of the cores that it may mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from ovpipe.engines.cores import AUTO, CORES, TAKEN_BY_AUTO, CoreDeclaration, keys_of, shared_keys
from ovpipe.engines.options import CoreOptions, CoreOptionsError
from ovpipe.engines.process.command import HostCommand
from ovpipe.errors import OptionError, did_you_mean

DEFAULT_CORE: Final = "genai"


class CoreCandidate(NamedTuple):
    """A core to load, and what it is loaded with."""

    core: CoreDeclaration
    options: CoreOptions

    def command(self, calculator_folders: Sequence[Path]) -> HostCommand:
        """Starts its process; one that runs a graph is given the folders of a project's own calculators."""
        runs_graph = self.options.step_graph is not None
        return self.core.command.with_calculators(calculator_folders) if runs_graph else self.core.command


def read_engine(
    calculator: str, models_path: str, device: str, engine: Mapping[str, Any]
) -> tuple[CoreCandidate, ...]:
    """The core that a graph names, with its options; for `auto` all cores, the preferred one first.

    `calculator` names the node's class in errors. Raises OptionError with a line for each mistake.
    """
    given = dict(engine)
    name = given.pop("core", None) or DEFAULT_CORE
    about = f"option 'engine' of {calculator}: "
    cores = _cores(name)
    if not cores:
        raise OptionError(f"{about}there is no core {name!r}; {did_you_mean(str(name), [*CORES, AUTO])}")
    known = [key.name for key in (shared_keys() if name == AUTO else keys_of(cores[0]))]
    problems = [_unknown(key, name, known) for key in given if key not in known]
    options = {key: value for key, value in given.items() if key in known}
    candidates = []
    for core in cores:
        try:
            checked = core.options.of({**options, "models_path": models_path, "device": device})
        except CoreOptionsError as error:
            problems += error.problems
        else:
            candidates.append(CoreCandidate(core, checked))
    if problems:
        raise OptionError("\n".join(about + problem for problem in dict.fromkeys(problems)))
    return tuple(candidates)


def _cores(name: object) -> tuple[CoreDeclaration, ...]:
    if name == AUTO:
        return TAKEN_BY_AUTO
    return (CORES[name],) if isinstance(name, str) and name in CORES else ()


def _unknown(key: str, core: str, known: list[str]) -> str:
    if key in CoreOptions.__struct_fields__:
        return f"{key} stands beside engine, not in it; move it out"
    owners = [name for name, one in CORES.items() if any(key == field.name for field in keys_of(one))]
    if core == AUTO and owners:
        return f"{key} is of core {' and '.join(map(repr, owners))} alone, and core {core!r} may take another"
    return f"unknown key {key!r} of core {core!r}; {did_you_mean(key, known)}"
