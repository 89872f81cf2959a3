"""
The connection form as Airflow 3.1 reads it: from methods of the hook.

Later versions read the provider's metadata, which is the one place where the form is written.
"""

from __future__ import annotations

from typing import Any

from airflow_provider_postpress import get_provider_info


def widgets() -> dict[str, Any]:
    """
    Give the fields that are kept in the extra, as WTForms fields.

    Airflow calls this where it has put stand-ins for WTForms in place, and expects its absence elsewhere.

    :raises ImportError: WTForms is not there
    """
    from wtforms import IntegerField, PasswordField, StringField  # type: ignore[import-untyped]  # comes with some Airflows
    from wtforms.validators import any_of  # type: ignore[import-untyped]  # as above

    def widget(field: dict[str, Any]) -> Any:
        schema = field["schema"]
        kind = IntegerField if "integer" in schema["type"] else StringField
        return (PasswordField if schema.get("format") == "password" else kind)(
            field["label"],
            validators=[any_of(schema["enum"])] if "enum" in schema else [],
            description=field["description"],
            default=schema.get("default"),
        )

    return {name: widget(field) for name, field in _connection_type()["conn-fields"].items()}


def field_behaviour() -> dict[str, Any]:
    """Give the hidden fields, the labels and the placeholders of the fields that every connection has."""
    behaviour: dict[str, Any] = _connection_type()["ui-field-behaviour"]
    return {key.replace("-", "_"): value for key, value in behaviour.items()}


def _connection_type() -> dict[str, Any]:
    info: Any = get_provider_info()
    (connection_type,) = info["connection-types"]
    return dict(connection_type)
