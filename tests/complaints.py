"""Complaints of Airflow that are not about this package."""

COMMON_COMPATS_OWN = {"PYTHONWARNINGS": "ignore:::airflow.providers.common.compat._compat_utils"}
"""
What keeps a process from telling that common-compat itself uses what is deprecated: the newest does on Airflow 3.1, for
branching operators, wherever the standard provider is imported.
"""
