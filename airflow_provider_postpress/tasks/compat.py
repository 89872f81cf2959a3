"""Names that Airflow 3.1 keeps elsewhere, and that common-compat does not bridge."""

from __future__ import annotations

try:
    from airflow.sdk.exceptions import AirflowRescheduleException, TaskDeferralTimeout
except ImportError:  # Airflow 3.1
    from airflow.exceptions import (  # type: ignore[no-redef]  # mypy sees both
        AirflowRescheduleException,
        TaskDeferralTimeout,
    )

__all__ = ["AirflowRescheduleException", "TaskDeferralTimeout"]
