"""What is to happen later, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Appointment(NamedTuple):
    """
    Something that is to happen.

    :param due: when, in epoch milliseconds
    :param happen: makes it happen
    """

    due: int
    happen: Callable[[], None]


class Agenda:
    """The appointments to come, in the order in which they were made."""

    def __init__(self) -> None:
        self._appointments: list[Appointment] = []

    def add(self, due: int, happen: Callable[[], None]) -> Appointment:
        """Make an appointment."""
        appointment = Appointment(due, happen)
        self._appointments.append(appointment)
        return appointment

    def cancel(self, appointment: Appointment | None) -> None:
        """Let an appointment not happen; one that is over, or none, is left as it is."""
        self._appointments = [other for other in self._appointments if other is not appointment]

    @property
    def appointments(self) -> Sequence[Appointment]:
        """All of them."""
        return self._appointments

    def keep(self, appointment: Appointment) -> None:
        """Let one happen."""
        self.cancel(appointment)
        appointment.happen()
