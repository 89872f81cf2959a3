"""A DAG for each way in which a task of this package can wait; each has an account, of the DAG's name, of its own."""

from airflow.sdk import DAG

from airflow_provider_postpress.operators.resync import PostpressResyncOperator
from airflow_provider_postpress.sensors.resync import PostpressResyncSensor

WHOLE = {"window": "full", "emit_asset_events": False}
WAYS = {
    "operator_blocking": (PostpressResyncOperator, {**WHOLE, "deferrable": False}),
    "operator_deferred": (PostpressResyncOperator, {**WHOLE, "deferrable": True}),
    "operator_ended_by_the_triggerer": (
        PostpressResyncOperator,
        {**WHOLE, "deferrable": True, "end_from_trigger": True},
    ),
    "sensor_poking": (PostpressResyncSensor, {"window": "full", "deferrable": False}),
    "sensor_deferred": (PostpressResyncSensor, {"window": "full", "deferrable": True}),
    "sensor_in_the_triggerer": (
        PostpressResyncSensor,
        {"window": "full", "deferrable": True, "start_from_trigger": True, "end_from_trigger": True},
    ),
}
for way, (operator, arguments) in WAYS.items():
    with DAG(way, schedule=None) as dag:
        operator(task_id="sync", account_id=way, **arguments)
    globals()[way] = dag
