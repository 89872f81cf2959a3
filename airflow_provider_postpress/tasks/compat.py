"""A name that Airflow 3.1 keeps elsewhere, and that common-compat does not bridge."""

from __future__ import annotations

try:
    from airflow.sdk.exceptions import TaskDeferralTimeout
except ImportError:  # Airflow 3.1
    from airflow.exceptions import TaskDeferralTimeout  # type: ignore[no-redef]  # mypy sees both

__all__ = ["TaskDeferralTimeout"]
