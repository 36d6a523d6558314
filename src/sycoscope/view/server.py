"""The server: pages on loopback, for reading alone; labels are written by `view.labelling` behind the same guard.

A page of another site can make a browser ask any address of this machine. So only requests are answered whose host is a
name of loopback with this port (a name that was bound anew to it is none), that no other site made in the background,
and that ask for reading. Where something is written, the page that asks for it must be one of this server's own.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from sycoscope.core.errors import ConfigError, MissingError, SycoscopeError
from sycoscope.view.address import Links, listing_of, pick_of
from sycoscope.view.assets import assets
from sycoscope.view.opened import Opened
from sycoscope.view.pages import POLICY, Pages

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOST = "127.0.0.1"
NAMES = (HOST, "localhost", "[::1]")
HEADERS = {
    "content-security-policy": f"{POLICY}; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
ENDINGS = {".css": "text/css", ".js": "text/javascript"}


class Guard:
    """Refuses what is not asked by this machine's own browser for reading, and gives every answer its headers.

    Attributes:
        writes: Paths that may be posted to, by a form of this server's own pages.
    """

    def __init__(self, app: ASGIApp, port: int, writes: Collection[str] = ()) -> None:
        self._app, self.writes = app, frozenset(writes)
        # a form of a page that tells no referrer has no origin
        self._headers = HEADERS | ({"referrer-policy": "same-origin"} if writes else {})
        self._hosts = {f"{name}:{port}" for name in NAMES} | (set(NAMES) if port == 80 else set())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        from starlette.responses import PlainTextResponse

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = [(name.encode(), value.encode()) for name, value in self._headers.items()]
                message["headers"] = [*message.get("headers", ()), *added]
            await send(message)

        if scope["type"] != "http":
            return
        status, reason = self._refusal(scope)
        app = PlainTextResponse(f"{reason}\n", status) if status else self._app
        await app(scope, receive, with_headers)

    def _refusal(self, scope: Scope) -> tuple[int, str]:
        """Status and reason; 0 where nothing is wrong."""
        headers: dict[str, list[str]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1").lower())
        hosts = headers.get("host", [])
        if len(hosts) != 1 or hosts[0] not in self._hosts:
            return 421, "this server answers under a name of this machine and its own port only"
        if any(origin != f"http://{hosts[0]}" for origin in headers.get("origin", [])):
            return 403, "asked by another site"
        if scope["method"] == "POST" and scope["path"] in self.writes:
            site = headers.get("sec-fetch-site", ["same-origin"])
            own = len(headers.get("origin", [])) == 1 and site == ["same-origin"]
            return (0, "") if own else (403, "asked by another site")
        if scope["method"] not in ("GET", "HEAD"):
            return 405, "pages are read here, and nothing is written"
        site = headers.get("sec-fetch-site", ["none"])
        to_page = headers.get("sec-fetch-mode") == ["navigate"] and headers.get("sec-fetch-dest") == [
            "document"
        ]
        if site not in (["none"], ["same-origin"]) and not to_page:
            return 403, "asked by another site"
        return 0, ""


def static(request: Request) -> Response:
    """A style or a script, by its name."""
    from starlette.exceptions import HTTPException
    from starlette.responses import Response as Plain

    name, files = request.path_params["name"], assets()
    if name not in files:
        raise HTTPException(404)
    return Plain(files[name], media_type=ENDINGS[name[name.rindex(".") :]])


def application(opened: Opened, port: int) -> ASGIApp:
    """All pages over some runs, as they are served under a port."""
    from starlette.applications import Starlette
    from starlette.responses import HTMLResponse
    from starlette.routing import Route

    pages = Pages(opened, Links())

    def page(make: Callable[[dict[str, str]], str]) -> Callable[[Request], Response]:
        return lambda request: HTMLResponse(make(dict(request.query_params)))

    def fault(status: int, title: str) -> Callable[[Request, Any], Response]:
        return lambda _, told: HTMLResponse(pages.message(title, str(told)), status)

    def lost(_: Request, told: Any) -> Response:
        return HTMLResponse(pages.message("No such page", "Nothing lies at this address."), told.status_code)

    return Guard(
        Starlette(
            routes=[
                Route("/", page(lambda _: pages.home())),
                Route("/items", page(lambda query: pages.items(listing_of(query)))),
                Route("/item", page(lambda query: pages.item(pick_of(query), listing_of(query)))),
                Route("/training", page(lambda _: pages.training())),
                Route("/help", page(lambda _: pages.help())),
                Route("/static/{name}", static),
            ],
            exception_handlers={
                MissingError: fault(404, "Not in this run"),
                ConfigError: fault(400, "This address asks for nothing"),
                SycoscopeError: fault(500, "The run cannot be read"),
                404: lost,
            },
        ),
        port,
    )


def listening(port: int) -> socket.socket:
    """A socket on loopback. port: 0 for a free one.

    Raises:
        ConfigError: the port is in use, or may not be used.
    """
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((HOST, port))
        found.listen()
    except OSError as fault:
        found.close()
        reason = fault.strerror or str(fault)
        raise ConfigError(f"--port {port}: {reason}; give another port, or none for a free one") from fault
    return found


def serve(make: Callable[[int], ASGIApp], port: int, ready: Callable[[str], None]) -> None:
    """Serve until told to stop.

    Args:
        make: Port -> what answers there. ready: called with the address once it can be asked.

    Raises:
        ConfigError: as for `listening`.
    """
    import uvicorn

    with listening(port) as found:
        number = found.getsockname()[1]
        config = uvicorn.Config(
            make(number), http="h11", ws="none", lifespan="off", log_config=None, access_log=False,
            server_header=False, proxy_headers=False, timeout_graceful_shutdown=1,
        )  # fmt: skip
        ready(f"http://{HOST}:{number}/")
        uvicorn.Server(config).run(sockets=[found])
