"""The application: routes, page and guard, over what is live."""

import contextlib
from collections.abc import AsyncIterator, Mapping

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from footy.web.api import Api, Endpoint, Handler
from footy.web.live import Live
from footy.web.page_files import INDEX, page_files
from footy.web.security import Access, Guard


def create_app(live: Live, access: Access) -> ASGIApp:
    """Return the ASGI application."""
    api = Api(live)
    handlers: dict[str, Handler] = {
        "/api/matches": api.matches,
        "/api/matches/{match_id}": api.match,
        "/api/matches/{match_id}/odds": api.history.odds,
        "/api/matches/{match_id}/minutes": api.history.minutes,
        "/api/live": api.live,
        "/api/events": api.events,
        "/api/alerts": api.alerts,
        "/api/status": api.status,
        "/api/fixtures": api.fixtures,
        "/healthz": api.health,
        "/readyz": api.ready,
        "/metrics": api.metrics,
        "/api/schema": api.schema,
        "/openapi.json": api.openapi,
    }
    files = page_files()
    answers: dict[str, ASGIApp] = {
        **{path: Endpoint(handler) for path, handler in handlers.items()},
        "/": files[INDEX],
        **{f"/page/{name}": file for name, file in files.items() if name != INDEX},
    }
    routes = [Route(path, app, methods=["GET"], name=path) for path, app in answers.items()]

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with live.running():
            yield

    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers={HTTPException: _refusal})
    app.router.redirect_slashes = False
    return Guard(Direct(app, answers), access)


class Direct:
    """Answers a path without parameters at once: the way through Starlette takes as long as the answer."""

    def __init__(self, app: ASGIApp, answers: Mapping[str, ASGIApp]) -> None:
        self._app = app
        self._answers = {path: answer for path, answer in answers.items() if "{" not in path}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let Starlette do it."""
        if scope["type"] == "http" and scope["method"] in {"GET", "HEAD"}:
            await self._answers.get(scope["path"], self._app)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


async def _refusal(request: Request, error: Exception) -> JSONResponse:
    """Answer what Starlette refuses as everything else is refused."""
    assert isinstance(error, HTTPException)  # noqa: S101 - of the handler's table
    sentences = {404: "There is nothing at this path.", 405: "Only GET and HEAD are answered here."}
    del request
    sentence = sentences.get(error.status_code, error.detail)
    return JSONResponse({"error": sentence}, error.status_code, error.headers)
