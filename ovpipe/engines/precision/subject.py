"""What figures were measured of: the same figures hold where all of this is the same."""

from __future__ import annotations

import hashlib
import os
from typing import Any, Protocol, Self

import msgspec
import openvino as ov

from ovpipe.engines.batching_options import Precision
from ovpipe.engines.model_folder import ModelFolder


class ModelContent(msgspec.Struct, frozen=True, kw_only=True):
    """A model by what it is, wherever its folder stands. How fast it is depends on its graph alone."""

    graph: str
    """SHA-256 of openvino_model.xml."""
    weights_bytes: int

    @classmethod
    def of(cls, model: ModelFolder) -> Self:
        graph = (model.path / "openvino_model.xml").read_bytes()
        return cls(graph=hashlib.sha256(graph).hexdigest(), weights_bytes=model.weights_bytes)


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """A processor by its name, which virtual machines may share with others, and by what it can do."""

    processor: str
    cpus: int
    """That this process may use."""
    capabilities: list[str]

    @classmethod
    def of_device(cls, device: str) -> Self:
        core = ov.Core()
        return cls(
            processor=str(core.get_property(device, "FULL_DEVICE_NAME")),
            cpus=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
            capabilities=sorted(core.get_property(device, "OPTIMIZATION_CAPABILITIES")),
        )


class ServesModel(Protocol):
    """What of a core's options decides how fast its steps are."""

    @property
    def device(self) -> str: ...

    @property
    def device_properties(self) -> dict[str, Any]: ...

    @property
    def max_num_batched_tokens(self) -> int: ...

    @property
    def max_num_seqs(self) -> int: ...


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """A model on a machine, as a core serves it."""

    core: str
    candidates: list[Precision]
    model: ModelContent
    draft: ModelContent | None
    machine: Machine
    device: str
    properties: dict[str, Any]
    max_num_batched_tokens: int
    max_num_seqs: int
    openvino: str = ov.__version__
    runtime: str = ""
    """The version of what runs the model, where it is another than OpenVINO's."""

    @classmethod
    def of(
        cls,
        core: str,
        options: ServesModel,
        candidates: tuple[Precision, ...],
        model: ModelFolder,
        draft: ModelFolder | None = None,
        runtime: str = "",
    ) -> Self:
        return cls(
            core=core,
            candidates=list(candidates),
            model=ModelContent.of(model),
            draft=None if draft is None else ModelContent.of(draft),
            machine=Machine.of_device(options.device),
            device=options.device,
            properties=options.device_properties,
            max_num_batched_tokens=options.max_num_batched_tokens,
            max_num_seqs=min(options.max_num_seqs, options.max_num_batched_tokens),
            runtime=runtime,
        )

    @property
    def key(self) -> str:
        """A short name of it."""
        return hashlib.sha256(msgspec.json.encode(self, order="deterministic")).hexdigest()[:16]
