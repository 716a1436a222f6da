"""The model's name in a request: read from where its route says, and put there where a client left it out.

The request's priority is read so, too.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from ovpipe.http import FormData, HttpRequest, ModelIn, Route


def name_in(request: HttpRequest, where: ModelIn) -> object:
    """What stands there, which may be no name at all; None when nothing does."""
    match where.place:
        case "body":
            return request.json.get(where.name)
        case "holder":
            return None
        case "path":
            return request.path_parameters[where.name]
        case "query":
            return next(iter(request.query.get(where.name, ())), None)
        case "form":
            fields = {} if request.form is None else request.form.fields
            return next(iter(fields.get(where.name, ())), None)
        case _:
            assert_never(where.place)


def priority_in(request: HttpRequest, route: Route) -> object:
    """What stands where the route has its requests say their priority; None when nothing does."""
    return None if route.priority is None else request.json.get(route.priority)


def with_name(request: HttpRequest, where: ModelIn, name: str) -> HttpRequest:
    """The request with that name there. A path always has one."""
    if where.place == "body":
        return replace(request, json={**request.json, where.name: name})
    if where.place == "query":
        return replace(request, query={**request.query, where.name: (name,)})
    if where.place == "form" and request.form is not None:
        fields = {**request.form.fields, where.name: (name,)}
        return replace(request, form=FormData(fields, request.form.files))
    return request
