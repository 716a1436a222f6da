"""What passes between the front door and the graphs behind it, and the routes by which it gets there."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol, runtime_checkable
from uuid import uuid4

from ovpipe.errors import RequestError
from ovpipe.http_errors import OPENAI_ERRORS, ErrorFamily

METHOD: Final = re.compile(r"[A-Z]+")
PARAMETER: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(:path)?\}")
"""A named parameter of a pattern."""


@dataclass(frozen=True, slots=True)
class ModelIn:
    """Where a request names its model: a field of its JSON body or of its form, its path, or its query.

    With "holder" it names none: its parameter of the path, `name`, is the id of something that one model
    keeps. It is for the model with a side packet whose method `holds(id)` says so; where there is none, for
    the first that is available.
    """

    place: Literal["body", "form", "path", "query", "holder"]
    name: str = "model"


@dataclass(frozen=True, slots=True)
class Route:
    """An HTTP method and path that a graph answers, and what the front door must know of its requests.

    `pattern` has named parameters: `{id}` is one segment of the path or a part of one, and `{name:path}` may
    hold slashes, as names of models do. What begins with /v1/ is served under /v3/ too. A GET route answers
    HEAD as well. `body_bytes` limits the body, after decompression; None: the server's limit.

    `model` says where a request names its model. Graphs of several models may then declare the same route. A
    route without it belongs to one graph, or to several that share a resource.
    `priority` is a field of a JSON body by which requests that wait for their turn are ordered, lowest first.
    """

    method: str
    pattern: str
    body: Literal["none", "json", "bytes", "multipart"] = "none"
    body_bytes: int | None = None
    model: ModelIn | None = None
    errors: ErrorFamily = OPENAI_ERRORS
    priority: str | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        """Raises ValueError for what can be no route."""
        if not METHOD.fullmatch(self.method):
            raise ValueError(f"{self.method!r} is no HTTP method; methods are in capitals, as in 'GET'")
        if not self.pattern.startswith("/"):
            raise ValueError(f"the pattern {self.pattern!r} does not begin with a slash")
        names = self.parameters
        if len(set(names)) < len(names) or re.search("[{}]", PARAMETER.sub("", self.pattern)):
            raise ValueError(
                f"the pattern {self.pattern!r} cannot be read; a parameter is written {{name}}, or "
                "{name:path} when it may hold slashes, and each has a name of its own"
            )
        if self.body_bytes is not None and self.body_bytes < 1:
            raise ValueError(f"body_bytes is {self.body_bytes}; a limit is 1 or more")
        if self.model is not None:
            _check_model(self, self.model)
        if self.priority is not None and self.body != "json":
            raise ValueError(
                f"the priority {self.priority!r} is a field of a JSON body, not of {self.body!r}"
            )

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the pattern's parameters."""
        return tuple(match[1] for match in PARAMETER.finditer(self.pattern))


def _check_model(route: Route, model: ModelIn) -> None:
    bodies = {"body": "json", "form": "multipart"}
    if model.place in bodies and route.body != bodies[model.place]:
        raise ValueError(
            f"{route.method} {route.pattern} names its model in the {model.place}, which needs "
            f"body={bodies[model.place]!r}, not {route.body!r}"
        )
    if model.place in ("path", "holder") and model.name not in route.parameters:
        raise ValueError(f"the pattern {route.pattern!r} has no parameter {model.name!r} to name the model")


@dataclass(frozen=True, slots=True)
class FormFile:
    """A file of a multipart form. `filename` and `content_type` are the client's words: trust neither."""

    name: str
    """The form's field."""
    filename: str
    content_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class FormData:
    """A multipart form. A field may come several times; its values stay in order."""

    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    files: tuple[FormFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Client:
    """Who a request is from, so that what requests compete for can be shared fairly.

    Two requests with the same `name` count as one client's: the name of its API key as `key:NAME`, else its
    address as `address:...`. It is empty where nobody knows. `priorities` is the range that the operator
    allows it for a request's `priority`, ends included; None: whatever the API takes.
    """

    name: str = ""
    priorities: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as the front door read it: one packet at timestamp 0.

    `path` is without a version prefix: /v1/chat/completions and /v3/chat/completions both come as
    /chat/completions. HEAD comes as GET. Header names are lower-case; headers with credentials are left out.
    `json` is the parsed body, already checked for depth, duplicate keys and numbers that are none. `form` is
    the parsed multipart body. `body` has the bytes of any other one; what is parsed is not kept twice.
    `query` has the values of each name in order; `path_parameters` are those of the route's pattern, decoded.

    `client` is who it is from. `variant` is what stands behind the model's name where a request asks for
    `model:variant`.

    `id` is this request's own; its run has the same. `received` is when it was read, in seconds since 1970.
    Nodes take ids and times of an answer from here, so that a recorded request gives the same ones.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    json: Any = None
    query: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    path_parameters: Mapping[str, str] = field(default_factory=dict)
    form: FormData | None = None
    id: str = field(default_factory=lambda: uuid4().hex)
    received: float = field(default_factory=time.time)
    variant: str | None = None
    client: Client = Client()


@dataclass(frozen=True, slots=True)
class ResponseStart:
    """Status and headers; the first packet of every response.

    An event stream whose API ends a failed answer in a way of its own has `failed`: its last bytes. It is
    called at most once, when all that came before is written; without it the route's family writes an event.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    failed: Callable[[RequestError], bytes] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ResponseBody:
    """A piece of the response's body, to be written at once."""

    data: bytes


ResponsePart = ResponseStart | ResponseBody


@runtime_checkable
class DeclaresRoutes(Protocol):
    """A calculator that says by which routes requests reach its graph.

    It is asked once the graph is checked and before it opens: the routes of a model that loads are known.
    """

    def routes(self) -> Sequence[Route]:
        """The routes. They depend on the calculator's options at most."""


@runtime_checkable
class DescribesModel(Protocol):
    """A calculator that says what its graph can do with the model, for the list of models."""

    def model_capabilities(self, side_packets: Mapping[str, Any]) -> Mapping[str, Any]:
        """By name, in JSON's types. Of one name the first that is neither False nor None counts.

        `side_packets` are those of its node in the open graph, by its ports. `max_model_len`, the most tokens
        of prompt and answer together, stands beside the others in the list, where vLLM has it.
        """


@runtime_checkable
class DescribesHttp(Protocol):
    """A calculator that says what it takes from requests, or gives to responses.

    The fragments of a graph's nodes are put together to what the server publishes at /openapi.json.
    """

    def openapi(self) -> Mapping[str, Any]:
        """A fragment of an OpenAPI 3.1 document: `paths`, without a version prefix, and `components.schemas`.

        Each node says its part: of one operation, one says the request's body and another the responses.
        Parts may overlap where they say the same. What a fragment says of no route of the graph is left out.
        The route's parameters and the names of the models are added. `#/components/schemas/Error` is the
        front door's.
        """
