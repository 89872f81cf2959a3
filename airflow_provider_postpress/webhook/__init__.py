"""What Postpress tells by webhook becomes asset events, in Airflow's API server."""
