"""The page and what it reads, as an ASGI application: it answers GET and HEAD, and changes nothing."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.common.db.common import SessionDep
from airflow.api_fastapi.core_api.security import (
    GetUserDep,
    bearer_scheme,
    get_user,
    oauth2_scheme,
    requires_access_asset,
)
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query
from fastapi.security import HTTPAuthorizationCredentials
from sqlalchemy.exc import OperationalError
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from airflow_provider_postpress.api.products import LINKEDIN_PRODUCTS
from airflow_provider_postpress.coverage.evidence import Product, is_product
from airflow_provider_postpress.coverage.intervals import Interval
from airflow_provider_postpress.headers import WithHeaders
from airflow_provider_postpress.page.dags import dags_for
from airflow_provider_postpress.page.detail import detail
from airflow_provider_postpress.page.notices import no_access, signed_out
from airflow_provider_postpress.page.overview import overview
from airflow_provider_postpress.page.rights import UserRights
from airflow_provider_postpress.page.settings import grace_milliseconds
from airflow_provider_postpress.page.spans import SpanError, milliseconds_of, span_of

if TYPE_CHECKING:
    from starlette.types import ASGIApp

STATIC = Path(__file__).parent / "static"
PAGE = "coverage.html"
RETRY_SECONDS = 5

_READ = ["GET", "HEAD"]
_LONGEST_ID_SHOWN = 100

router = APIRouter()
_static = StaticFiles(directory=STATIC, check_dir=False)


def create_app() -> ASGIApp:
    """Make the application."""
    app = FastAPI(
        title="Postpress coverage",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.add_exception_handler(OperationalError, _busy)
    app.add_exception_handler(Exception, _failed)
    app.include_router(router)
    return WithHeaders(app)


async def _user_or_none(
    request: Request,
    oauth_token: Annotated[str | None, Depends(oauth2_scheme)],
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer_scheme)],
) -> BaseUser | None:
    try:
        return await get_user(request, oauth_token, bearer)
    except HTTPException:
        return None


def _span(
    first: Annotated[str | None, Query(alias="from")] = None, last: Annotated[str | None, Query(alias="to")] = None
) -> Interval:
    try:
        return span_of(first or None, last or None, _now())
    except SpanError as error:
        raise HTTPException(422, str(error)) from None


def _gap(start: str | None = None, end: str | None = None) -> Interval | None:
    if not start and not end:
        return None
    if not start or not end:
        raise HTTPException(422, "A gap has a start and an end: give both, or neither.")
    try:
        gap = milliseconds_of("start", start), milliseconds_of("end", end)
    except SpanError as error:
        raise HTTPException(422, str(error)) from None
    if gap[0] >= gap[1]:
        raise HTTPException(422, f"start={start[:50]!r} is not before end={end[:50]!r}.")
    return gap


def _product(product: str | None = None) -> Product:
    if is_product(product or None):
        return product or None
    raise HTTPException(
        422, f"product={(product or '')[:50]!r} is none of LinkedIn's. Allowed: {', '.join(LINKEDIN_PRODUCTS)}."
    )


Span = Annotated[Interval, Depends(_span)]
Gap = Annotated[Interval | None, Depends(_gap)]
OfProduct = Annotated[Product, Depends(_product)]
MayReadAssets = Depends(requires_access_asset(method="GET"))


@router.api_route("/coverage", methods=_READ)
def _page(request: Request, user: Annotated[BaseUser | None, Depends(_user_or_none)]) -> Response:
    if user is None:
        if request.headers.get("sec-fetch-dest") == "iframe":
            return signed_out()
        return RedirectResponse(_login(str(request.url)))
    if not get_auth_manager().is_authorized_asset(method="GET", user=user):
        return no_access()
    return FileResponse(STATIC / PAGE)


@router.api_route("/static/{path:path}", methods=_READ, dependencies=[Depends(get_user)])
async def _file(request: Request, path: str) -> Response:
    answer = await _static.get_response(path, request.scope)
    answer.headers["Cache-Control"] = "private, no-cache"  # asked for anew each time, sent anew when it has changed
    return answer


@router.api_route("/api/coverage", methods=_READ, dependencies=[MayReadAssets])
def _overview(
    session: SessionDep,
    user: GetUserDep,
    span: Span,
    product: OfProduct,
    account: Annotated[list[str] | None, Query()] = None,
) -> Response:
    rights = UserRights(user)
    told = overview(session, rights, span, now=_now(), grace=grace_milliseconds(), only=account, product=product)
    return _json(told)


@router.api_route("/api/coverage/{account_id:path}", methods=_READ, dependencies=[MayReadAssets])
def _detail(account_id: str, session: SessionDep, user: GetUserDep, span: Span, product: OfProduct) -> Response:
    rights = UserRights(user)
    told = detail(session, rights, account_id, span, now=_now(), grace=grace_milliseconds(), product=product)
    if told is None:
        raise HTTPException(
            404,
            f"No account {account_id[:_LONGEST_ID_SHOWN]!r} is known: no DAG of Airflow's that you may see has an "
            "asset of it, or has synced it.",
        )
    return _json(told)


@router.api_route("/api/dags", methods=_READ, dependencies=[MayReadAssets])
def _dags(session: SessionDep, user: GetUserDep, gap: Gap, account: str | None = None) -> Response:
    return _json({"dags": dags_for(session, UserRights(user), account, gap, now=_now())})


def _login(and_then: str) -> str:
    url = get_auth_manager().get_url_login(next_url=and_then)
    if "next=" in url:
        return url
    # not all auth managers make use of it, and Airflow itself (/api/v2/auth/login) appends it for them
    return f"{url}{'&' if '?' in url else '?'}{urlencode({'next': and_then})}"


def _json(told: Any) -> Response:
    return Response(json.dumps(told, separators=(",", ":")), media_type="application/json")


def _now() -> int:
    return round(time.time() * 1000)


def _busy(_: Request, __: Exception) -> Response:
    told = "Airflow's database does not answer now. Try again in a moment."
    return JSONResponse({"detail": told}, 503, {"Retry-After": str(RETRY_SECONDS)})


def _failed(_: Request, __: Exception) -> Response:
    told = "The coverage cannot be told: an error of ours, which the log of Airflow's API server shows in full."
    return JSONResponse({"detail": told}, 500)
