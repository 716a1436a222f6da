"""The cores there are: each is declared here once, and known by its name everywhere else.

Importing this module loads neither OpenVINO nor a model: a core's code runs in the engine's process.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from ovpipe.engines.genai import capabilities as genai
from ovpipe.engines.genai.options import GenaiOptions
from ovpipe.engines.process.command import HostCommand


class Core(msgspec.Struct, frozen=True, kw_only=True):
    """A backend of the engine: what a graph may set of it, what it can do, and how its process is started."""

    name: str
    """What a graph calls it: `engine: {core: NAME}`."""
    options: type[GenaiOptions]
    """Declares the other keys of `engine`, and checks them."""
    capabilities: frozenset[str]
    """What it honours, with the right options. `EngineInfo.capabilities` says what a loaded one does."""
    command: HostCommand


GENAI: Final = Core(
    name="genai",
    options=GenaiOptions,
    capabilities=genai.ALL,
    command=HostCommand.module("ovpipe.engines.process.host"),
)

CORES: Final[Mapping[str, Core]] = MappingProxyType({core.name: core for core in (GENAI,)})


def cores_with(capability: str) -> tuple[str, ...]:
    """The names of the cores that may honour a request parameter, or have a feature; in their order above."""
    return tuple(core.name for core in CORES.values() if capability in core.capabilities)
