"""What the engine behind a graph honours: asked of its own capabilities, and never of its name."""

from __future__ import annotations

from typing import Any

from ovpipe.calculators.llm.parameters.errors import unsupported
from ovpipe.calculators.llm.parameters.request_parameter import RequestParameter
from ovpipe.engines.cores import CORES, cores_with
from ovpipe.engines.protocol import EngineInfo
from ovpipe.errors import RequestError


def honours(engine: EngineInfo | None, capability: str) -> bool:
    """Whether an engine has a capability; of an engine that is not known: whether any core has it."""
    return bool(cores_with(capability)) if engine is None else capability in engine.capabilities


def is_neutral(row: RequestParameter, value: Any) -> bool:
    """Whether a value asks for what every engine does anyway: `"logit_bias": {}`, which many clients send."""
    return any(value == same and isinstance(value, bool) is isinstance(same, bool) for same in row.neutral)


def not_honoured(param: str, row: RequestParameter, engine: EngineInfo | None) -> RequestError:
    """The error for what this engine does not do. It names what it takes, and the cores that may do it."""
    cores = cores_with(row.capability)
    if engine is None or not cores:
        return unsupported(param, "is not supported: no engine of this ovpipe honours it yet; leave it out")
    fact = f"is not honoured by this model's engine '{engine.core}' as it was loaded"
    return unsupported(param, "; ".join((fact, *remedies(row.capability, engine, needs=row.needs))))


def remedies(capability: str, engine: EngineInfo, *, needs: str = "") -> list[str]:
    """What would honour what an engine does not: another graph or other options of it, or another core."""
    cores = cores_with(capability)
    facts = []
    if engine.core in cores and (lacks_by := CORES[engine.core].lacks_by):
        facts.append(lacks_by)
    elif needs:
        facts.append(f"it needs {needs}")
    elif engine.core in cores:
        facts.append("with other options of the engine it may be")
    others = [f"'{core}'" for core in cores if core != engine.core]
    if others:
        facts.append(f"engines that may honour it: {', '.join(others)}")
    return facts
