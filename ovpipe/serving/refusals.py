"""What the front door refuses, in words: each status that the server itself answers is worded here.

How an error is written is its route's family's matter (ovpipe/http_errors.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from ovpipe.errors import RequestError
from ovpipe.http import Route

SHUTTING_DOWN: Final = "shutting_down"
TOO_MANY_CONNECTIONS: Final = "too_many_connections"
UNKNOWN_CODING: Final = "unsupported_content_encoding"
MOST_ROUTES: Final = 8
"""How many routes a 404 names."""


def no_model_named(route: Route, name: object, models: Iterable[str]) -> RequestError:
    """The 400 of a request that names no model where its route has it named; `models` are those there."""
    assert route.model is not None
    field = route.model.name
    return RequestError(
        400,
        f"{field!r} is required and must be the name of a model, a string. Models here: {', '.join(models)}.",
        code="missing_required_parameter" if name is None else "invalid_type",
        param=field,
    )


def broken_body(*, cut: bool) -> RequestError:
    """The 400 of a body that has ended too early, or whose chunks are none."""
    wrong = "is cut short: it ends before its Content-Length or its last chunk"
    return RequestError(
        400, f"The request body {wrong if cut else 'has malformed chunks'}.", code="invalid_body"
    )


def broken_coding(coding: str, wrong: str) -> RequestError:
    """The 400 of a body that is not in the coding that its Content-Encoding names."""
    return RequestError(400, f"The request body is not valid {coding}: it {wrong}.", code="invalid_body")


def too_many_codings(most: int) -> RequestError:
    """The 400 of a body that is compressed again and again."""
    return RequestError(
        400, f"The request body has more than {most} codings in its Content-Encoding.", code="invalid_body"
    )


def unknown_coding(name: str | None, taken: Iterable[str]) -> RequestError:
    """The 415 of a body in a coding that this server cannot read; the header Accept-Encoding has the same."""
    return RequestError(
        415,
        f"The request body is in {name or 'a Content-Encoding'}, which this server does not read. "
        f"Send it without Content-Encoding, or in one of: {', '.join(taken)}.",
        code=UNKNOWN_CODING,
    )


def unknown_url(routes: Sequence[str]) -> RequestError:
    """The 404 of a path that no route has; `routes` are those there are."""
    *most, last = [*routes[:MOST_ROUTES], "GET /v1/models"]
    there = f"{', '.join(most)} and {last}" if most else last
    more = "" if len(routes) <= MOST_ROUTES else " GET /openapi.json describes all."
    return RequestError(404, f"Unknown request URL. There are {there}.{more}", code="unknown_url")


def unknown_model(models: Iterable[str]) -> RequestError:
    """The 404 of a model there is not; `models` are those there are."""
    return RequestError(
        404,
        f"This model does not exist. Models served: {', '.join(models) or 'none'}.",
        code="model_not_found",
        param="model",
    )


def unknown_variant(model: str, variants: Iterable[str]) -> RequestError:
    """The 404 of a variant that a model has not; `variants` are those it has."""
    names = ", ".join(f"{model}:{variant}" for variant in variants)
    return RequestError(
        404,
        f"The model {model!r} has no such variant. There are: {model}{', ' if names else ''}{names}.",
        code="model_not_found",
        param="model",
    )


def not_served_by(model: str, others: Iterable[str]) -> RequestError:
    """The 404 of a model that there is, but not behind this route; `others` are behind it."""
    names = ", ".join(others)
    return RequestError(
        404,
        f"The model {model!r} does not serve this path. Models that do: {names or 'none'}.",
        code="model_not_found",
        param="model",
    )


def wrong_method(allowed: Iterable[str]) -> RequestError:
    """The 405 of a path that has routes for other methods only."""
    return RequestError(
        405,
        f"The request's method is not allowed here; allowed: {', '.join(sorted(allowed))}.",
        code="method_not_allowed",
    )


def body_too_slow() -> RequestError:
    """The 408 of a body that did not come in time."""
    return RequestError(408, "The request body did not arrive in time.", code="request_timeout")


def body_too_large(limit: int) -> RequestError:
    """The 413 of a body that is, once decompressed, over the limit."""
    return RequestError(
        413, f"The request body is larger than the limit of {limit} bytes.", code="request_too_large"
    )


def wrong_content_type(kind: str, media_type: str) -> RequestError:
    """The 415 of a body that is not declared as what the route takes."""
    return RequestError(
        415,
        f"The request body must be {kind}, sent with 'Content-Type: {media_type}'.",
        code="unsupported_media_type",
    )


def unknown_expectation() -> RequestError:
    """The 417 of an Expect header that asks for anything but 100-continue."""
    return RequestError(417, "The only expectation understood is '100-continue'.", code="expectation_failed")


def server_overloaded(what: str, retry_after: float) -> RequestError:
    """The 429 of a server that has no room for one more; `what` there is too much of."""
    return RequestError(
        429,
        f"The server has too many {what}; try again later.",
        code="server_overloaded",
        retry_after=retry_after,
    )


def model_overloaded(retry_after: float) -> RequestError:
    """The 429 of a model of which as many requests wait as may."""
    return RequestError(
        429,
        "Too many requests for this model are waiting; try again later.",
        code="model_overloaded",
        param="model",
        retry_after=retry_after,
    )


def prompt_queue_full(retry_after: float) -> RequestError:
    """The 429 of a prompt before which as many prompt tokens wait as may."""
    return RequestError(
        429,
        "Too many prompt tokens for this model are waiting; try again later.",
        code="prompt_queue_full",
        param="model",
        retry_after=retry_after,
    )


def over_share(retry_after: float) -> RequestError:
    """The 429 of a client that has its share of what all clients compete for."""
    return RequestError(
        429,
        "This client has as much in progress as one client may have now; try again later.",
        code="client_share_exceeded",
        retry_after=retry_after,
    )


def internal_error() -> RequestError:
    """The 500 of a failure that is not the client's: it says nothing of the inside."""
    return RequestError(500, "The server had an error while processing your request.", code="internal_error")


def model_loading(model: str) -> RequestError:
    """The 503 of a model that is not open yet."""
    return RequestError(
        503, f"The model {model!r} is loading.", code="model_loading", param="model", retry_after=5
    )


def no_room_for_model(model: str) -> RequestError:
    """The 503 of a model that is not loaded, and for which others leave no memory."""
    return RequestError(
        503,
        f"The model {model!r} is not loaded, and models in use leave no memory for it.",
        code="model_unloaded",
        param="model",
        retry_after=5,
    )


def model_failed(model: str) -> RequestError:
    """The 503 of a model that could not be opened."""
    return RequestError(
        503,
        f"The model {model!r} failed to load; the server's log says why.",
        code="model_unavailable",
        param="model",
        retry_after=60,
    )


def model_replaced(model: str) -> RequestError:
    """The 503 of a request that has outlasted the graph it began with, which a reload replaced or removed."""
    return RequestError(
        503,
        f"The model {model!r} was replaced, and the request did not end in time.",
        code="model_replaced",
        param="model",
        retry_after=1,
    )


def only_from_this_machine() -> RequestError:
    """The 403 of what changes or shows the server's configuration, asked from elsewhere."""
    return RequestError(403, "This path answers only clients on the server's machine.", code="forbidden")


def nothing_to_reload() -> RequestError:
    """The 400 of a reload where there is no file."""
    return RequestError(
        400,
        "This server was started without a server.yaml, so there is nothing to reload.",
        code="no_configuration",
    )


def refused_configuration(why: str) -> RequestError:
    """The 400 of a reload whose configuration has mistakes."""
    return RequestError(
        400, f"The configuration is refused, and nothing has changed:\n{why}", code="invalid_configuration"
    )


def models_not_loaded(reasons: Mapping[str, str]) -> RequestError:
    """The 500 of a reload after which some models could not be loaded, with the reasons by model."""
    told = "\n".join(f"model {name!r}: {why}" for name, why in reasons.items())
    return RequestError(
        500,
        "The configuration is in force, but these could not be loaded; of a model that served before, the "
        f"former graph serves on:\n{told}",
        code="model_unavailable",
    )


def too_many_connections() -> RequestError:
    """The 503 on a connection that is beyond the limit."""
    return RequestError(503, "The server has too many connections.", code=TOO_MANY_CONNECTIONS, retry_after=5)


def queue_timeout(retry_after: float) -> RequestError:
    """The 503 of a request that has waited too long for its turn."""
    return RequestError(
        503,
        "The request has waited too long for its turn; try again later.",
        code="queue_timeout",
        retry_after=retry_after,
    )


def request_too_slow(seconds: float) -> RequestError:
    """The 503 of a request that has taken longer than any may."""
    return RequestError(
        503, f"The request was not done within {seconds:g} s.", code="request_deadline_exceeded"
    )


def shutting_down() -> RequestError:
    """The 503 of a server that drains."""
    return RequestError(503, "The server is shutting down.", code=SHUTTING_DOWN, retry_after=5)
