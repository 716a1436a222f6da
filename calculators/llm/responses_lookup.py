"""ResponsesLookupCalculator: what is asked about responses that are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.llm.openai_responses import openapi
from ovpipe.calculators.llm.openai_responses.asking import owner_of
from ovpipe.calculators.llm.openai_responses.item_pages import page_of
from ovpipe.calculators.llm.openai_responses.store import KeptResponse, ResponseStore
from ovpipe.calculators.llm.parameters.errors import unsupported
from ovpipe.calculators.llm.responses.shared import encode
from ovpipe.calculators.llm.responses_packets import FoundResponse
from ovpipe.errors import RequestError
from ovpipe.http import HttpRequest, ModelIn, Route
from ovpipe.ports import Input, Output, SideInput
from ovpipe.registry import register

ID: Final = "response_id"
ONE: Final = "/responses/{response_id}"
ITEMS: Final = f"{ONE}/input_items"
CANCEL: Final = f"{ONE}/cancel"


@register
class ResponsesLookupCalculator(Calculator):
    """Answers GET and DELETE of a response, GET of its input items, and refuses to cancel it.

    Input `http_request`; output `found`, an answer that ResponsesSerializerCalculator writes. Side input
    `response_store`. Each client sees its own responses: those of others are 404, as those that never were.
    Requests of other paths are another node's: of those it makes nothing.

        lookup:
          calculator: ResponsesLookupCalculator
          side_inputs: {response_store: response_store}
          inputs: {http_request: http_request}
          outputs: {found: found}
    """

    http_request = Input[HttpRequest]()
    found = Output[FoundResponse]()
    response_store = SideInput[ResponseStore]()

    def routes(self) -> Sequence[Route]:
        """See DeclaresRoutes. They name no model: they are for the one whose store holds the response."""
        return [
            Route(method, f"/v1{pattern}", model=ModelIn("holder", ID))
            for method, pattern in (("GET", ONE), ("GET", ITEMS), ("DELETE", ONE), ("POST", CANCEL))
        ]

    def openapi(self) -> Mapping[str, Any]:
        """See DescribesHttp."""
        return openapi.lookups(ONE, ITEMS, CANCEL)

    async def process(self, cx: Context) -> None:
        """Sends the answer; raises RequestError."""
        http = cx[self.http_request]
        if ID not in http.path_parameters:
            return
        store, owner, id_ = cx[self.response_store], owner_of(http.client), http.path_parameters[ID]
        kept = await store.get(owner, id_)
        if kept is None:
            raise RequestError(
                404, "The response is not kept here, or not any more.", code="response_not_found", param=ID
            )
        if http.path.endswith("/cancel"):
            raise RequestError(
                400, "Only responses made in the background can be cancelled.", code="not_in_background"
            )
        if http.method == "DELETE":
            await store.delete(owner, id_)
            answer: Mapping[str, Any] = {"id": id_, "object": "response", "deleted": True}
        elif http.path.endswith("/input_items"):
            answer = page_of(await self._input(store, owner, kept), http.query)
        elif next(iter(http.query.get("stream", ())), "false").lower() not in ("false", "0"):
            raise unsupported("stream", "is not supported: a response that is kept comes in one piece")
        else:
            answer = kept.response
        cx.send(self.found, FoundResponse(encode(answer)))

    async def _input(self, store: ResponseStore, owner: str, kept: KeptResponse) -> list[Mapping[str, Any]]:
        """All that the response was made from, as far back as it is kept."""
        before = None if kept.previous is None else await store.conversation(owner, kept.previous)
        return [*(before or ()), *kept.input]
