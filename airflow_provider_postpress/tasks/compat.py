"""What differs between Airflows, and common-compat does not bridge."""

from __future__ import annotations

try:
    from airflow.sdk.exceptions import TaskDeferralTimeout
except ImportError:  # Airflow 3.1
    from airflow.exceptions import TaskDeferralTimeout  # type: ignore[no-redef]  # mypy sees both

__all__ = ["TaskDeferralTimeout", "begins_in_triggerer", "counts_deferred"]


def begins_in_triggerer() -> bool:
    """Tell whether a task can begin in the triggerer: from Airflow 3.3 on, where triggers have templates."""
    from airflow.triggers.base import BaseTrigger

    return hasattr(BaseTrigger, "render_template_fields")


def counts_deferred() -> bool:
    """Tell whether ``max_active_tis_per_dag`` and ``max_active_tis_per_dagrun`` count deferred tasks: from 3.2 on."""
    from airflow.ti_deps import dependencies_states

    return hasattr(dependencies_states, "ACTIVE_STATES")
