"""What is configured for the page."""

from __future__ import annotations

import logging
import math

from airflow.configuration import conf

SECTION = "postpress"
GRACE_SECONDS = 6 * 3600.0

log = logging.getLogger(__name__)


def grace_milliseconds() -> int:
    """Give how long after its window's end a sync may take until the window counts as missing."""
    written = conf.get(SECTION, "coverage_grace_seconds", fallback="") or GRACE_SECONDS
    try:
        grace = float(written)
    except ValueError:
        grace = math.nan
    if 0 <= grace < math.inf:
        return round(grace * 1000)
    log.error("[%s] coverage_grace_seconds is no number of seconds; %s is used.", SECTION, GRACE_SECONDS)
    return round(GRACE_SECONDS * 1000)
