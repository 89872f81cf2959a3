"""What can go wrong between us and Postpress, one class a way."""

from __future__ import annotations

from airflow_provider_postpress.api.error_types import ERROR_TYPES, Treatment, treatment_of


class PostpressError(Exception):
    """Anything that goes wrong in talking to Postpress. Its text never holds a secret."""


class PostpressInvalidRequest(PostpressError, ValueError):
    """A value was refused before anything was sent; the text names the parameter, the value and what is allowed."""


class PostpressAPIError(PostpressError):
    """
    Postpress (or a proxy before it) answered with an error.

    The documented types are listed under "Errors" on each API page; see
    :data:`~airflow_provider_postpress.api.error_types.ERROR_TYPES`.

    :param route: method and path template of the request, such as ``GET /accounts/{account_id}``
    :param status: HTTP status of the answer
    :param type: Postpress's error type, such as ``errors/expired_credentials``; ``None`` where the answer had none
    :param title: Postpress's short title of the error, if any
    :param detail: Postpress's explanation of this occurrence, if any
    :param instance: Postpress's id of the failed request, to quote to its support, if any
    :param retry_after: seconds after which Postpress wants to be asked again, from ``Retry-After``, if any
    :param hint: what the status alone cannot say, such as where a redirect points, if anything
    """

    def __init__(
        self,
        *,
        route: str,
        status: int,
        type: str | None = None,  # noqa: A002 - the envelope's own name
        title: str | None = None,
        detail: str | None = None,
        instance: str | None = None,
        retry_after: float | None = None,
        hint: str | None = None,
    ) -> None:
        self.route = route
        self.status = status
        self.type = type
        self.title = title
        self.detail = detail
        self.instance = instance
        self.retry_after = retry_after
        self.hint = hint
        super().__init__(self._sentence())

    @property
    def treatment(self) -> Treatment:
        """What may be done about it: by the error's type where that is known, by its status otherwise."""
        return treatment_of(self.type, self.status)

    def _sentence(self) -> str:
        said = f"{self.route} was answered {self.status}"
        if self.type:
            said += f" {self.type}"
        words = list(dict.fromkeys(filter(None, (self.title, self.detail))))
        if words:
            said += f" ({': '.join(words).removesuffix('.')})"
        if self.type in ERROR_TYPES and ERROR_TYPES[self.type].meaning not in words:
            said += f". {ERROR_TYPES[self.type].meaning}"
        if self.hint:
            said = f"{said.removesuffix('.')}. {self.hint}"
        if self.instance:
            said = f"{said.removesuffix('.')}. Postpress's id of this request: {self.instance}"
        return f"{said.removesuffix('.')}."


class PostpressTransportError(PostpressError):
    """
    No answer came.

    :param route: method and path template of the request
    :param problem: what happened, in words
    :param may_have_arrived: whether the request can have reached Postpress and had its effect: ``False`` when the
        connection was never made (DNS, connect, TLS, no free connection in the pool), ``True`` otherwise
    """

    def __init__(self, *, route: str, problem: str, may_have_arrived: bool) -> None:
        self.route = route
        self.problem = problem
        self.may_have_arrived = may_have_arrived
        effect = "it may have had its effect" if may_have_arrived else "it did not reach Postpress"
        super().__init__(f"{route} got no answer: {problem}; {effect}.")


class PostpressProtocolError(PostpressError):
    """An answer that is not what the API pages describe."""


class PostpressUnreadableAnswer(PostpressProtocolError):
    """
    A success status whose body cannot be read: not JSON, cut short, too large, or without the documented fields.

    :param route: method and path template of the request
    :param status: HTTP status of the answer
    :param problem: what is wrong with the body, in words
    """

    def __init__(self, *, route: str, status: int, problem: str) -> None:
        self.route = route
        self.status = status
        self.problem = problem
        super().__init__(f"{route} was answered {status}, but {problem}.")
