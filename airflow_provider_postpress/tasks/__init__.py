"""What operators and sensors share: a run's window, the look at the account, a failure as Airflow's exception."""
