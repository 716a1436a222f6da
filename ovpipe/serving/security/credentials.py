"""The secret that a request brings, from each header that clients of OpenAI, Anthropic and Azure send."""

from __future__ import annotations

from typing import Final

from multidict import CIMultiDict, CIMultiDictProxy

from ovpipe.serving.security.refusals import no_key, several_keys, unknown_scheme

KEY_HEADERS: Final = ("x-api-key", "api-key")
"""Anthropic's clients send the first, Azure's the second."""


def secret_in(headers: CIMultiDict[str] | CIMultiDictProxy[str]) -> str:
    """The one secret of these headers; RequestError 401 for none, or for several that differ.

    A key in the URL is never looked at: URLs are in the logs of every proxy on the way.
    """
    secrets = {value.strip() for name in KEY_HEADERS for value in headers.getall(name, ())}
    others = False
    for value in headers.getall("Authorization", ()):
        scheme, _, secret = value.strip().partition(" ")
        if scheme.lower() == "bearer":
            secrets.add(secret.strip())
        else:
            others = True
    secrets.discard("")
    if len(secrets) > 1:
        raise several_keys()
    if not secrets:
        raise unknown_scheme() if others else no_key()
    return secrets.pop()
