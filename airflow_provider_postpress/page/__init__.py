"""The page that shows which message history is synced, in Airflow's API server. Nothing here changes any state."""
