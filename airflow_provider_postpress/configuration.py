"""What is configured for this package: the section ``[postpress]`` of Airflow's configuration."""

from __future__ import annotations

import logging
import math

SECTION = "postpress"

log = logging.getLogger(__name__)


def seconds(option: str, default: float) -> float:
    """
    Read a number of seconds.

    :param option: its name
    :param default: what counts where it is not set; where it is no such number, too, which the log tells
    """
    from airflow.configuration import conf

    written = conf.get(SECTION, option, fallback="") or default
    try:
        read = float(written)
    except ValueError:
        read = math.nan
    if 0 <= read < math.inf:
        return read
    log.error("[%s] %s is no number of seconds; %s is used.", SECTION, option, default)
    return default
