"""How the page is set, by this package and by who runs Airflow."""

from __future__ import annotations

from airflow_provider_postpress.configuration import seconds

GRACE_SECONDS = 6 * 3600.0

MOST_KEPT = 5000
"""What has been read, put together or worked out for so many accounts is kept, as long as nothing is new."""


def grace_milliseconds() -> int:
    """Give how long after its window's end a sync may take until the window counts as missing."""
    return round(seconds("coverage_grace_seconds", GRACE_SECONDS) * 1000)
