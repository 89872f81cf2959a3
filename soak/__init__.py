"""Nothing lost, under faults: a real Airflow backfills from an emulated Postpress while its processes are killed."""
