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
scripted against. The command line and the service render the same object.
"""

from __future__ import annotations

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
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        return f"{self.message}; {self.remedy}."

    def as_dict(self) -> dict[str, Any]:
        """The error's one shape, for JSON."""
        return {"code": self.code, "message": self.message, "remedy": self.remedy, "place": self.place}


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
