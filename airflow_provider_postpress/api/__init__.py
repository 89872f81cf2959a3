"""Postpress over HTTP. Knows nothing of Airflow."""
