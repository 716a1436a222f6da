"""Things that a model keeps, and that are asked for by their ids alone."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ovpipe.calculator import Calculator, Context
from ovpipe.http import HttpRequest, ModelIn, ResponseBody, ResponsePart, ResponseStart, Route
from ovpipe.ports import Input, Output, SideInput, SideOutput
from ovpipe.registry import register


class Kept:
    """What is kept; asked for "fault" it fails."""

    def __init__(self, ids: Sequence[str]) -> None:
        self.ids = ids

    def holds(self, id: str) -> bool:
        if id == "fault":
            raise OSError("the drawer is stuck")
        return id in self.ids


@register
class KeeperCalculator(Calculator):
    kept = SideOutput[Kept]()

    def __init__(self, *, ids: list[str]) -> None:
        self.ids = ids

    def open(self, cx: Context) -> None:
        cx.set_side(self.kept, Kept(self.ids))


@register
class KeptCalculator(Calculator):
    """Says what its model keeps."""

    kept = SideInput[Kept]()
    request = Input[HttpRequest]()
    response = Output[ResponsePart](streaming=True)

    def routes(self) -> Sequence[Route]:
        return [Route("GET", "/v1/kept/{id}", model=ModelIn("holder", "id"))]

    def process(self, cx: Context) -> None:
        cx.send(self.response, ResponseStart(200, {"content-type": "application/json"}))
        cx.send(self.response, ResponseBody(json.dumps(cx[self.kept].ids).encode()))
