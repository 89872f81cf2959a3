"""Which message history is synced, and which is missing. Pure: no Airflow, no I/O, no clock."""
