"""The control API from outside: what tests and demos do to an emulator that runs in another thread or process."""

from __future__ import annotations

import http.client
import inspect
import json
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, cast
from urllib.parse import urlsplit

from airflow_provider_postpress.emulator.engine import Engine
from airflow_provider_postpress.emulator.fault_book import FaultBook
from airflow_provider_postpress.emulator.faults import Fault, to_json
from airflow_provider_postpress.emulator.request_log import RequestLog
from airflow_provider_postpress.emulator.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_P = ParamSpec("_P")
_R = TypeVar("_R")

_TIMEOUT_SECONDS = 30.0


class Verb(Generic[_P, _R]):
    """A method of what an emulator is made of, called through the control API with the same arguments."""

    def __init__(self, method: Callable[Concatenate[Any, _P], _R]) -> None:
        self._name = method.__name__
        self._signature = inspect.signature(method)
        self.__doc__ = method.__doc__

    def __get__(self, control: EmulatorControl, _owner: type[EmulatorControl]) -> Callable[_P, _R]:
        return cast("Callable[_P, _R]", partial(self._call, control))

    def _call(self, control: EmulatorControl, /, *args: Any, **kwargs: Any) -> Any:
        bound = self._signature.bind(None, *args, **kwargs)
        arguments = {}
        for name, value in list(bound.arguments.items())[1:]:
            if self._signature.parameters[name].kind is inspect.Parameter.VAR_KEYWORD:
                arguments.update(value)
            else:
                arguments[name] = value
        return control.call(self._name, arguments)


class EmulatorControl:
    """
    An emulator's controls, over HTTP.

    Every verb raises ``ValueError`` for an account, a chat or a value that cannot be, and ``OSError`` where the
    emulator cannot be reached. Results are of JSON's own types.

    :param url: where the emulator is, as ``http://127.0.0.1:8765``
    """

    add_account = Verb(Engine.add_account)
    add_chat = Verb(Engine.add_chat)
    add_messages = Verb(Engine.add_messages)
    scatter_messages = Verb(Engine.scatter_messages)
    delete_chat = Verb(Engine.delete_chat)
    delete_account = Verb(Engine.delete_account)
    set_source_status = Verb(Engine.set_source_status)
    require_checkpoint = Verb(Engine.require_checkpoint)
    solve_checkpoint = Verb(Engine.solve_checkpoint)
    expect_credentials = Verb(Engine.expect_credentials)
    logins = Verb(Engine.logins)
    register_webhook = Verb(Engine.register_webhook)
    unregister_webhook = Verb(Engine.unregister_webhook)
    send_webhook = Verb(Engine.send_webhook)
    hold_webhooks = Verb(Engine.hold_webhooks)
    release_webhooks = Verb(Engine.release_webhooks)
    deliveries = Verb(Engine.deliveries)
    account_ids = Verb(Engine.account_ids)
    chat_ids = Verb(Engine.chat_ids)
    missing = Verb(Engine.missing)
    count_messages = Verb(Engine.count_messages)
    starts = Verb(Engine.starts)
    configure = Verb(Engine.configure)
    set_duration = Verb(Engine.set_duration)
    fail_next_sync = Verb(Engine.fail_next_sync)
    leave_leftover = Verb(Engine.leave_leftover)
    foreign_sync = Verb(Engine.foreign_sync)
    inject = Verb(FaultBook.inject)
    pending_faults = Verb(FaultBook.pending_faults)
    clear_faults = Verb(FaultBook.clear_faults)
    requests = Verb(RequestLog.requests)
    advance = Verb(World.advance)
    populate = Verb(World.populate)
    reset = Verb(World.reset)

    def __init__(self, url: str) -> None:
        self.url = url

    def call(self, verb: str, arguments: Mapping[str, Any]) -> Any:
        """
        Call a verb of the control API by its name.

        :param verb: its name
        :param arguments: its arguments by name
        """
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=_TIMEOUT_SECONDS)
        try:
            connection.request("POST", f"/_control/{verb}", json.dumps(arguments, default=_to_json))
            answer = json.load(connection.getresponse())
        finally:
            connection.close()
        if "error" in answer:
            raise ValueError(answer["error"])
        return answer["result"]


def _to_json(value: object) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Fault):
        return to_json(value)
    if isinstance(value, range | set | frozenset | tuple):
        return list(value)
    raise TypeError(f"An emulator's control API takes JSON, datetimes and faults, not {value!r}.")
