"""A repository whose server.yaml changes, with an engine that says what opens and closes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from ovpipe.calculator import Calculator, Context
from ovpipe.http import HttpRequest, ModelIn, ResponsePart, Route
from ovpipe.ports import Input, Output, SideInput, SideOutput
from ovpipe.registry import Registry
from ovpipe.serving.config_file import read_server_config
from ovpipe.serving.limits import Limits
from ovpipe.serving.models.change import Change
from ovpipe.serving.models.declared import Declared
from ovpipe.serving.models.repository import Repository


class LoadedMotor:
    """What an engine makes."""

    def metrics(self) -> dict[str, float]:
        """One metric."""
        return {"motor_turns": 3.0}


class MotorCalculator(Calculator):
    """Opens at once, never with the mood "slow", and fails with the mood "bad"."""

    motor = SideOutput[LoadedMotor]()

    def __init__(self, *, mood: str = "good", path: str = "") -> None:
        self.mood = mood
        self.path = path

    async def open(self, cx: Context) -> None:
        if self.mood == "bad":
            LIFE.append("try bad")
            raise MemoryError("no room")
        if self.mood == "slow":
            await asyncio.Event().wait()
        LIFE.append(f"open {self.mood}")
        cx.set_side(self.motor, LoadedMotor())

    def close(self, cx: Context) -> None:
        LIFE.append(f"close {self.mood}")


class MotorDoorCalculator(Calculator):
    motor = SideInput[LoadedMotor]()
    request = Input[HttpRequest]()
    response = Output[ResponsePart]()

    def __init__(self, *, path: str = "/v1/chat/completions") -> None:
        self.path = path

    def routes(self) -> list[Route]:
        return [Route("POST", self.path, body="json", model=ModelIn("body"))]


LIFE: list[str] = []
"""What opened and closed, in order; each test begins with none."""

MODEL = """version: 1
parameters: {mood: {type: string, default: good}, path: {type: string, default: /v1/chat/completions}}
inputs: [request]
outputs: [response]
nodes:
  motor: {calculator: MotorCalculator, side_outputs: {motor: motor}, options: {mood: "${mood}"}}
  door:
    calculator: MotorDoorCalculator
    side_inputs: {motor: motor}
    inputs: {request: request}
    outputs: {response: response}
    options: {path: "${path}"}
"""
SHARED = """version: 1
parameters: {mood: {type: string, default: good}}
side_outputs: [motor]
nodes: {motor: {calculator: MotorCalculator, side_outputs: {motor: motor}, options: {mood: "${mood}"}}}
"""


class Quiet:
    """Hears how models load, and says nothing of it."""

    def loading(self, title: str, node: str, message: str, fraction: float | None) -> None: ...

    def available(self, title: str, seconds: float) -> None: ...

    def failed(self, title: str, reason: str) -> None: ...


class Served:
    """A repository whose server.yaml is written anew again and again."""

    registry = Registry.of(MotorCalculator, MotorDoorCalculator)

    def __init__(self, folder: Path, text: str, **limits: Any) -> None:
        self.now = 0.0
        LIFE.clear()
        (folder / "model.yaml").write_text(MODEL)
        (folder / "shared.yaml").write_text(SHARED)
        self._file = folder / "server.yaml"
        self.repository = Repository(self.declared(text), Limits(**limits), clock=lambda: self.now)

    def declared(self, text: str) -> Declared:
        self._file.write_text(f"version: 1\n{text}\n")
        config = read_server_config(self._file)
        known = self.repository.resources if hasattr(self, "repository") else {}
        return Declared.load(config.models, config.resources, self.registry, known, config.memory_bytes)

    async def change(self, text: str) -> Change:
        """All that opens has opened, or failed to; what drains may drain on."""
        change, opening = self.repository.change(self.declared(text), Quiet())
        if opening:
            await asyncio.wait(opening)
        return change

    def motor(self, model: str) -> Any:
        return self.repository.find(model).ready().side_packets()["motor"]


def played(served: Served, scenario: Callable[[], Awaitable[None]]) -> None:
    """The scenario, between the opening of all models and their close."""

    async def play() -> None:
        await served.repository.open(Quiet())
        try:
            await scenario()
        finally:
            await served.repository.close(1)

    asyncio.run(play())
