"""Postpress over HTTP: its routes, and under ``/_control`` what tests and demos do to it."""

from __future__ import annotations

import json
from functools import partial
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount
from starlette.routing import Route as Path

from airflow_provider_postpress.emulator.answers import Answer, ProblemError
from airflow_provider_postpress.emulator.fault_responses import Disconnection, json_response, wire_response
from airflow_provider_postpress.emulator.options import BASE_PATHS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from airflow_provider_postpress.emulator.fault_book import Route
    from airflow_provider_postpress.emulator.faults import Fault
    from airflow_provider_postpress.emulator.request_log import LoggedRequest
    from airflow_provider_postpress.emulator.world import World

_ROUTES: dict[str, dict[str, Route]] = {
    "/accounts": {"GET": "list_accounts"},
    "/accounts/{object_id}": {"GET": "get_account", "POST": "reconnect_account"},
    "/accounts/{object_id}/sync": {"GET": "account_sync"},
    "/chats/{object_id}/sync": {"GET": "chat_sync"},
}


def create_app(world: World, changed: Callable[[], None]) -> Starlette:
    """
    Make the ASGI application of an emulator.

    :param world: what it serves
    :param changed: told whenever a request may have changed something in it
    """
    postpress = _Postpress(world, changed)
    return Starlette(
        routes=[
            *(
                Path(base + path, partial(postpress.answer, base=base, routes=routes), methods=list(routes))
                for base in BASE_PATHS
                for path, routes in _ROUTES.items()
            ),
            Mount(
                "/_control", routes=[Path("/{verb}", partial(_control, world=world, changed=changed), methods=["POST"])]
            ),
        ],
        exception_handlers={HTTPException: postpress.answer_unknown},
        middleware=[Middleware(_EncodedPath)],
    )


class _EncodedPath:
    """Routes by the path as it was sent, so that an id with an encoded slash stays one segment."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope = {**scope, "path": scope["raw_path"].decode("ascii")}
        await self._app(scope, receive, send)


class _Postpress:
    """The routes of Postpress: keep the log, ask for the key, let faults happen, and answer what the engine says."""

    def __init__(self, world: World, changed: Callable[[], None]) -> None:
        self._world = world
        self._changed = changed

    async def answer(self, request: Request, *, base: str, routes: Mapping[str, Route]) -> Response:
        """Answer a request on one of the routes, which a path has by their methods."""
        if base not in self._world.engine.options.base_paths:
            raise HTTPException(404)
        if request.method not in routes:
            raise HTTPException(405, headers={"Allow": ", ".join(routes)})
        route = routes[request.method]
        object_id = unquote(request.path_params.get("object_id", ""))
        body = await request.body()  # before it is logged: what is in the log has come whole
        entry = self._log(request, route, object_id or None)
        try:
            self._check_key(request, route)
        except ProblemError as problem:
            return self._send(entry, problem.answer)
        fault = self._world.faults.take(route, object_id or None)
        answer = None
        if fault is None or fault.effect:
            answer = self._ask_engine(entry, route, object_id, request, body)
            self._changed()
        return self._send(entry, answer, fault)

    async def answer_unknown(self, request: Request, error: Exception) -> Response:
        """Answer what is no route, or not by this method."""
        if not isinstance(error, HTTPException):
            raise error
        entry = self._log(request)
        entry["status"] = error.status_code
        error_type = "errors/method_not_allowed" if error.status_code == 405 else "errors/resource_not_found"
        problem = ProblemError(error.status_code, error_type, f"Cannot {request.method} {entry['path']}")
        look = self._world.engine.options.unknown_route
        response: Response = json_response(problem.answer, entry["instance"], second=look == "second")
        if look == "html":
            response = HTMLResponse(f"<html><body>{escape(problem.detail)}</body></html>", problem.status)
        if problem.status == 405:
            response.headers["Allow"] = _without_head(error)
        return response

    def _log(self, request: Request, route: Route | None = None, object_id: str | None = None) -> LoggedRequest:
        return self._world.log.add(
            at=round(self._world.now() * 1000),
            method=request.method,
            path=request.scope["path"],
            query=request.scope["query_string"].decode("latin-1"),
            route=route,
            object_id=object_id,
        )

    def _check_key(self, request: Request, route: Route) -> None:
        key = request.headers.get("X-API-KEY")
        if not key:
            # the page of the reconnect knows no other type than this one
            error_type = f"errors/{'invalid' if route == 'reconnect_account' else 'missing'}_credentials"
            raise ProblemError(401, error_type, "The X-API-KEY header is missing.")
        if key != self._world.api_key:
            raise ProblemError(401, "errors/invalid_credentials", "There is no such API key.")

    def _ask_engine(self, entry: LoggedRequest, route: Route, object_id: str, request: Request, body: bytes) -> Answer:
        try:
            answer = self._engines_answer(route, object_id, request, body)
        except ProblemError as problem:
            return problem.answer
        if route in ("account_sync", "chat_sync") and answer.status_code == 200:
            entry["sync_status"] = answer.body["status"]
        return answer

    def _engines_answer(self, route: Route, object_id: str, request: Request, body: bytes) -> Answer:
        engine = self._world.engine
        match route:
            case "list_accounts":
                return engine.list_accounts(_only_once_each(request))
            case "get_account":
                return engine.get_account(object_id)
            case "reconnect_account":
                return engine.reconnect_account(object_id, _json_alone(request, body))
            case "account_sync":
                return engine.account_sync(object_id, _only_once_each(request))
            case "chat_sync":
                return engine.chat_sync(object_id)

    def _send(self, entry: LoggedRequest, answer: Answer | None, fault: Fault | None = None) -> Response:
        response = wire_response(answer, fault, entry["instance"])
        entry["fault"] = fault.kind if fault else None
        entry["status"] = None if isinstance(response, Disconnection) else response.status_code
        return response


def _without_head(error: HTTPException) -> str:
    """Tell what a path allows, which Starlette thinks is HEAD too wherever it is GET."""
    methods = (error.headers or {})["Allow"].split(", ")
    return ", ".join(sorted(set(methods) - {"HEAD"}))


def _only_once_each(request: Request) -> dict[str, str]:
    query = request.query_params.multi_items()
    parameters = dict(query)
    if len(parameters) < len(query):
        raise ProblemError(400, "errors/invalid_parameters", "A parameter comes more than once.")
    return parameters


def _json_alone(request: Request, body: bytes) -> bytes:
    media_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise ProblemError(400, "errors/invalid_request", "The body is application/json, and says so.")
    return body


async def _control(request: Request, *, world: World, changed: Callable[[], None]) -> Response:
    verbs = world.verbs
    verb = request.path_params["verb"]
    if verb not in verbs:
        return JSONResponse({"error": f"There is no {verb!r}; there are {', '.join(verbs)}."}, 404)
    try:
        arguments = json.loads(await request.body() or b"{}")
        result = verbs[verb](**arguments)
    except (TypeError, ValueError) as error:
        return JSONResponse({"error": str(error)}, 400)
    changed()
    return JSONResponse({"result": result})
