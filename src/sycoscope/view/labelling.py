"""The labelling pages: one response at a time, what a person may say of it, and where they are.

They know the queue and what a person is shown, and nothing else of the run: no subject, no condition, no score, no
title. A label is posted by a form of the page itself, which holds a word that other sites cannot read.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from sycoscope.core.errors import ConfigError, DataError, MissingError, SycoscopeError
from sycoscope.report import labels
from sycoscope.run.labelling import Labelling
from sycoscope.view.pages import templates
from sycoscope.view.server import Guard, serve, static
from sycoscope.view.words import Message, message

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp

SAY, UNDO = "/say", "/undo"
# Most bytes of a form: a note of characters that take twelve bytes each as they are sent.
MOST_BYTES = 12 * Labelling.most_note + 2_000


class LabelPages:
    """What a person sees of their queue. token: what a form must hold."""

    def __init__(self, queue: Labelling) -> None:
        self.queue, self.token = queue, secrets.token_urlsafe(24)
        self._templates = templates()

    def page(self) -> str:
        """The next response, or that there is none left."""
        shown = self.queue.current()
        return self._render(
            "label.html.j2",
            "Labelling",
            queue=self.queue,
            shown=shown,
            turns=[(who, _whole(text)) for who, text in shown.turns] if shown else [],
            response=_whole(shown.response) if shown else None,
            note=self.queue.draft(shown.id) if shown else "",
        )

    def message(self, title: str, text: str) -> str:
        """A page that says why there is no other."""
        return self._render("label_message.html.j2", title, text=text)

    def _render(self, template: str, title: str, **values: Any) -> str:
        text: str = self._templates.get_template(template).render(
            title=title, token=self.token, labels=labels, say=SAY, undo=UNDO, **values
        )
        return text


def _whole(text: str) -> Message:
    return message(text, limit=None)


def label_application(queue: Labelling, port: int) -> ASGIApp:
    """The labelling pages as they are served under a port."""
    from starlette.applications import Starlette
    from starlette.responses import HTMLResponse
    from starlette.routing import Route

    pages = LabelPages(queue)

    def fault(status: int, title: str) -> Callable[[Request, Any], Response]:
        return lambda _, told: HTMLResponse(pages.message(title, str(told)), status)

    def lost(_: Request, told: Any) -> Response:
        return HTMLResponse(pages.message("No such page", "Nothing lies at this address."), told.status_code)

    app = Starlette(
        routes=[
            Route("/", lambda _: HTMLResponse(pages.page())),
            Route(SAY, _posted(pages, _say), methods=["POST"]),
            Route(UNDO, _posted(pages, _undo), methods=["POST"]),
            Route("/static/{name}", static),
        ],
        exception_handlers={
            MissingError: fault(404, "Not to be labelled here"),
            ConfigError: fault(400, "This asks for nothing"),
            DataError: fault(400, "This is no label"),
            SycoscopeError: fault(500, "The label was not kept"),
            404: lost,
        },
    )
    return Guard(app, port, writes=(SAY, UNDO))


def _posted(pages: LabelPages, act: Callable[[Labelling, dict[str, str]], str]) -> Any:
    """What a form asks for; then the browser asks for the next page anew, so that reloading it says nothing twice."""
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import PlainTextResponse, RedirectResponse

    async def answer(request: Request) -> Response:
        data = bytearray()
        async for part in request.stream():
            data += part
            if len(data) > MOST_BYTES:
                return PlainTextResponse("a form of this page is never so long\n", 413)
        form = {name: values[-1] for name, values in parse_qs(data.decode("utf-8", "replace"), True).items()}
        if not hmac.compare_digest(form.get("token", "").encode(), pages.token.encode()):
            told = (
                "This page is of a labelling that has ended, or of another site; open the first page again."
            )
            return PlainTextResponse(f"{told}\n", 403)
        return RedirectResponse(await run_in_threadpool(act, pages.queue, form), 303)

    return answer


def _say(queue: Labelling, form: dict[str, str]) -> str:
    name, note = form.get("id", ""), form.get("note", "")
    if form.get("skip"):
        queue.skip(name, note)
    else:
        queue.label(name, form.get("value", ""), note)
    return "/"


def _undo(queue: Labelling, _: dict[str, str]) -> str:
    queue.undo()
    return "/"


def serve_labelling(queue: Labelling, port: int, ready: Callable[[str], None]) -> None:
    """Serve a person's queue until told to stop; nobody else writes into their log meanwhile.

    Args:
        ready: Called with the address once it can be asked.

    Raises:
        ConfigError: the port is in use. BusyError: the log is. StoreError: it cannot be written.
    """
    with queue:
        serve(lambda number: label_application(queue, number), port, ready)
