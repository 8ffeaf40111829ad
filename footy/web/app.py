"""The application: routes, page and guard, over what is live."""

import contextlib
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp

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
    routes = [
        Route(path, Endpoint(handler), methods=["GET"], name=path) for path, handler in handlers.items()
    ]
    files = page_files()
    routes.append(Route("/", files[INDEX], methods=["GET"], name="/"))
    routes += [
        Route(f"/page/{name}", file, methods=["GET"], name=name)
        for name, file in files.items()
        if name != INDEX
    ]

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with live.running():
            yield

    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers={HTTPException: _refusal})
    app.router.redirect_slashes = False
    return Guard(app, access)


async def _refusal(request: Request, error: Exception) -> JSONResponse:
    """Answer what Starlette refuses as everything else is refused."""
    assert isinstance(error, HTTPException)  # noqa: S101 - of the handler's table
    sentences = {404: "There is nothing at this path.", 405: "Only GET and HEAD are answered here."}
    del request
    sentence = sentences.get(error.status_code, error.detail)
    return JSONResponse({"error": sentence}, error.status_code, error.headers)
