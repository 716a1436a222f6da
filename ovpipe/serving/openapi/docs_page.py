"""The page at /docs: it shows /openapi.json, sends requests for trial, and asks nothing of other servers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Final

from aiohttp import web

FILES: Final = {
    "/docs": ("docs.html", "text/html"),
    "/docs/docs.css": ("docs.css", "text/css"),
    "/docs/docs.js": ("docs.js", "text/javascript"),
}
HEADERS: Final = {
    # Nothing from elsewhere, nothing inline, no eval: only the files above, and requests to this server.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
HEADERS_BELOW: Final = HEADERS | {
    "Content-Security-Policy": HEADERS["Content-Security-Policy"].replace(
        "base-uri 'none'", "base-uri 'self'"
    )
}


def pages() -> dict[str, Callable[[web.Request], Awaitable[web.Response]]]:
    """What answers at the paths of the page and of what it loads."""
    return {path: _file(name, media_type) for path, (name, media_type) in FILES.items()}


def _file(name: str, media_type: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    body = (files("ovpipe.serving.openapi") / "page" / name).read_bytes()
    below = body.replace(b"<head>", b'<head>\n  <base href="../">', 1)

    async def answer(request: web.Request) -> web.Response:
        if not request.path.endswith("/"):
            return web.Response(body=body, content_type=media_type, charset="utf-8", headers=HEADERS)
        # Its links are relative, for servers behind a prefix; at /docs/ they begin one level above.
        return web.Response(body=below, content_type=media_type, charset="utf-8", headers=HEADERS_BELOW)

    return answer
