"""From an Airflow connection to a Postpress client."""
