"""What is shown in the page's place to who may not see it: a few words, without scripts or anything else to load."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from html import escape

from starlette.responses import HTMLResponse

_STYLE = """
:root { color-scheme: light dark; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center;
  font: 16px/1.5 system-ui, sans-serif; color: #18181b; background: #fff; }
main { max-width: 30rem; padding: 2rem; }
h1 { margin: 0 0 .5rem; font-size: 1.25rem; font-weight: 600; }
p { margin: 0; color: #52525b; }
@media (prefers-color-scheme: dark) {
  body { color: #fafafa; background: #111; }
  p { color: #a1a1aa; }
}
"""
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


def signed_out() -> HTMLResponse:
    """Say that nobody is signed in: for a frame, in which the form to sign in would help nobody."""
    return _notice(
        401,
        "You are signed out of Airflow",
        "Reload this browser tab to sign in. You will come back to the coverage of your accounts.",
    )


def no_access() -> HTMLResponse:
    """Say that the user may not see assets."""
    return _notice(
        403,
        "You may not see this page",
        "It shows which message history of Postpress accounts is synced. That is read from Airflow's assets, and your "
        "Airflow role may not read assets. Who manages Airflow here can allow it.",
    )


def _notice(status: int, title: str, text: str) -> HTMLResponse:
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1><p>{escape(text)}</p></main></body></html>"
    )
    return HTMLResponse(html, status, {"Content-Security-Policy": _POLICY})
