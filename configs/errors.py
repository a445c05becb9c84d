"""Every error a user can meet, in one tree.

::

    HoldfastError                 exit code 1: the work failed
    ├── InputError                exit code 2: what was given is wrong
    │   ├── SettingsError         holdfast.yaml or an option
    │   ├── DataError             a table, a row, a value
    │   ├── NotEnoughDataError    right in form, too little to answer
    │   ├── UnknownCustomerError  an id that the data does not hold
    │   └── RequestError          a request to the service
    ├── BundleError               a model folder that must not be loaded
    ├── BusyError                 another run holds the work folder
    └── InvariantError            our own result breaks its promise

A message is one sentence that names the place, the value and the remedy; `code` is stable and may be
scripted against. The command line and the service render the same object. Where several things are wrong at once, the
error is the worst of them and carries the others as `further`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class HoldfastError(Exception):
    """Base of all errors.

    Parameters
    ----------
    message : str
        What is wrong, where and with which value: a sentence without the final full stop.
    remedy : str
        What to do about it: a sentence without the final full stop.
    code : str
        Stable snake_case identifier; defaults to the class's own.
    **place
        Where it is: ``file``, ``line``, ``row``, ``field``, ``value``, ``customer_id`` … kept as data.

    Attributes
    ----------
    further : tuple of HoldfastError
        What else is wrong, worst first.

    Examples
    --------
    >>> error = DataError("orders.csv has no column 'amount'", "map it under data.transactions.columns", field="amount")
    >>> print(error)
    orders.csv has no column 'amount'; map it under data.transactions.columns.
    >>> error.as_dict()["code"]
    'bad_data'
    """

    code = "failed"
    exit_code = 1

    def __init__(self, message: str, remedy: str, *, code: str | None = None, **place: Any) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.place = place
        self.further: tuple[HoldfastError, ...] = ()
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        return f"{self.message}; {self.remedy}."

    def as_dict(self) -> dict[str, Any]:
        """The error's one shape, for JSON; `further` only where there is more than one error."""
        shape = {"code": self.code, "message": self.message, "remedy": self.remedy, "place": self.place}
        return shape | {"further": [error.as_dict() for error in self.further]} if self.further else shape

    def all(self) -> list[HoldfastError]:
        """This error and all further ones, worst first."""
        return [self, *(one for error in self.further for one in error.all())]


class InputError(HoldfastError):
    """What was given is wrong; nothing was done."""

    code = "bad_input"
    exit_code = 2


class SettingsError(InputError):
    """A setting is missing, unknown or out of range."""

    code = "bad_settings"


class DataError(InputError):
    """A table, a row or a value cannot be used."""

    code = "bad_data"


class NotEnoughDataError(InputError):
    """The data is right in form but too little for what was asked."""

    code = "not_enough_data"


class UnknownCustomerError(InputError):
    """The data holds no such customer."""

    code = "unknown_customer"


class RequestError(InputError):
    """A request to the service breaks its schema."""

    code = "bad_request"


class BundleError(HoldfastError):
    """A model bundle is changed, incomplete, of another feature set or of a newer format."""

    code = "bad_bundle"


class BusyError(HoldfastError):
    """Another process works in the same folder."""

    code = "busy"


class InvariantError(HoldfastError):
    """A result breaks a promise that we check on every answer (sums, ranges, order)."""

    code = "broken_promise"


def together(errors: Sequence[HoldfastError]) -> HoldfastError:
    """Several errors as one: the first carries the others.

    Examples
    --------
    >>> error = together([DataError("a is empty", "fill it"), DataError("b is empty", "fill it")])
    >>> [one.message for one in error.all()]
    ['a is empty', 'b is empty']
    """
    first, *others = [one for error in errors for one in error.all()]
    first.further = tuple(others)
    for other in others:
        other.further = ()
    return first
