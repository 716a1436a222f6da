"""Routes: what can be one, and what is refused where it is declared."""

from __future__ import annotations

import pytest

from ovpipe.http import ModelIn, Route


def test_a_route_knows_its_parameters() -> None:
    route = Route("POST", "/v2/models/{name:path}/versions/{version}:infer")
    assert route.parameters == ("name", "version")


def test_equal_routes_are_equal_errors_included() -> None:
    assert Route("GET", "/v1/things/{id}") == Route("GET", "/v1/things/{id}")


@pytest.mark.parametrize(
    ("method", "pattern", "why"),
    [
        ("get", "/things", "'get' is no HTTP method; methods are in capitals, as in 'GET'"),
        ("GET", "things", "the pattern 'things' does not begin with a slash"),
        ("GET", "/things/{id", "the pattern '/things/{id' cannot be read; a parameter is written {name}"),
        ("GET", "/things/{id:int}", "cannot be read; .* or {name:path} when it may hold slashes"),
        ("GET", "/{id}/{id}", "each has a name of its own"),
    ],
)
def test_what_can_be_no_route_is_refused(method: str, pattern: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Route(method, pattern)


def test_a_limit_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="body_bytes is 0; a limit is 1 or more"):
        Route("POST", "/things", body="bytes", body_bytes=0)


@pytest.mark.parametrize(
    ("model", "why"),
    [
        (ModelIn("body"), "names its model in the body, which needs body='json', not 'bytes'"),
        (ModelIn("form"), "names its model in the form, which needs body='multipart', not 'bytes'"),
        (ModelIn("path", "name"), "the pattern '/things' has no parameter 'name' to name the model"),
        (ModelIn("holder", "id"), "the pattern '/things' has no parameter 'id' to name the model"),
    ],
)
def test_a_model_is_named_where_there_is_something_to_name_it_in(model: ModelIn, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Route("POST", "/things", body="bytes", model=model)
