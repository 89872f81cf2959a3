"""The decisions of a sync. Pure: no I/O, no clock, no randomness, no Airflow."""
