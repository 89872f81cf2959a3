"""A backfill that can be watched: a real Airflow against an emulated Postpress, with faults on."""
