"""Roles: what a key may do, and what each path asks for."""

from __future__ import annotations

import enum
from typing import Final

from ovpipe.serving.routes.health import LIVE, READY
from ovpipe.serving.routes.patterns import VERSIONS


class Role(enum.StrEnum):
    """What the holder of a key may do. An admin may do everything."""

    INFERENCE = "inference"
    METRICS = "metrics"
    ADMIN = "admin"


EVERYBODY: Final = frozenset(Role)
PUBLIC: Final = frozenset((*LIVE, *READY))
"""Load balancers have no key, and health says nothing but whether models are loaded."""
FOR_ADMINS: Final = ("/debug", "/config", *(f"{version}/config" for version in VERSIONS))
"""These paths and all below them: they show, or change, the server itself."""
FOR_ANY_KEY: Final = frozenset(("/", "/version", "/docs", "/openapi.json"))


def is_public(path: str) -> bool:
    """Whether a tidied path is answered without a key."""
    return path in PUBLIC


def roles_for(path: str) -> frozenset[Role]:
    """The roles of which a key needs one for a tidied path. What nobody has declared is inference."""
    if any(path == root or path.startswith(f"{root}/") for root in FOR_ADMINS):
        return frozenset((Role.ADMIN,))
    if path in FOR_ANY_KEY or path.startswith("/docs/"):
        return EVERYBODY
    role = Role.METRICS if path == "/metrics" else Role.INFERENCE
    return frozenset((role, Role.ADMIN))
