"""Measurements against a real Airflow on this machine, each a command: ``python -m benchmarks.webhook``."""
