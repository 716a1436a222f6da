"""What the doors refuse, in words. They say what to do, and nothing of the keys and names that would do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ovpipe.errors import RequestError
from ovpipe.serving.security.roles import Role

HOW: Final = "Send it as 'Authorization: Bearer KEY'"


def no_key() -> RequestError:
    """The 401 of a request without a key."""
    return _unauthorized(f"This server needs an API key. {HOW}, or in the header x-api-key.")


def unknown_scheme() -> RequestError:
    """The 401 of an Authorization header that holds something else."""
    return _unauthorized(f"The Authorization header has no API key. {HOW}.")


def several_keys() -> RequestError:
    """The 401 of headers that disagree."""
    return _unauthorized("The request has several API keys that differ. Send one.")


def wrong_key() -> RequestError:
    """The 401 of a key that there is not, or no longer."""
    return _unauthorized("The API key is not valid.")


def wrong_role(needed: Iterable[Role]) -> RequestError:
    """The 403 of a key that may do something else."""
    roles = " or ".join(repr(str(role)) for role in sorted(needed))
    return RequestError(
        403,
        f"This API key may not be used here: this needs the role {roles}.",
        code="insufficient_permissions",
    )


def malformed_host() -> RequestError:
    """The 400 of a request whose Host header is missing or is none."""
    return RequestError(400, "The request's Host header is missing or is no host.", code="invalid_host")


def unknown_host() -> RequestError:
    """The 421 of a name that this server does not answer to."""
    return RequestError(
        421,
        "This server does not answer to the host name that the request has. If it should, start it with "
        "--allowed-hosts and that name, or list the name as security.allowed_hosts in server.yaml.",
        code="host_not_allowed",
    )


def unknown_origin() -> RequestError:
    """The 403 of a web page that may not use this server."""
    return RequestError(
        403,
        "Web pages of this origin may not use this server. If they should, start it with --cors-origin and "
        "the origin, or list the origin as security.cors_origins in server.yaml.",
        code="origin_not_allowed",
    )


def _unauthorized(message: str) -> RequestError:
    return RequestError(401, message, code="invalid_api_key")
