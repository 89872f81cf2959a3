"""The tests on every Airflow that is supported, see ``python -m versions --help``."""
