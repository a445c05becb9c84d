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

An error is raised with the id of its text and the fields that fill it; message and remedy stand under that id in
`configs/texts/errors_*.yaml`, English and Chinese side by side. A message is one sentence that names the place and the
value, the remedy says what to do; `code` is stable and may be scripted against. The command line and the service render
the same object. Where several things are wrong at once, the error is the worst of them and carries the others as
`further`.

>>> error = DataError("rates_lack_column", code="missing_column", file="rates.csv", field="rate")
>>> print(error)
rates.csv has no column 'rate'; give the columns date, currency, rate.
>>> error.said("zh")
("rates.csv 没有列 'rate'", '请给出 date、currency、rate 三列')
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from configs.catalogue import Phrase


class HoldfastError(Exception):
    """Base of all errors.

    Parameters
    ----------
    identity : str
        Id of the text in `configs/texts/errors_*.yaml`. A test finds an id that is not there and a field that a text
        needs and is not given; at run time such an error still says its id and its fields.
    code : str, optional
        Stable snake_case identifier; defaults to the class's own.
    **fields
        What the text names, and where it is: ``file``, ``line``, ``row``, ``field``, ``value``, ``customer_id`` …
        A text of somebody else (a library, the system) is a field too; where its Chinese is known it is a
        `configs.catalogue.Phrase`.

    Attributes
    ----------
    id : str
        As given.
    fields : dict
        As given.
    code : str
        As given, or the class's own.
    further : tuple of HoldfastError
        What else is wrong, worst first.

    Examples
    --------
    >>> error = DataError("file_empty", code="empty_source", file="orders.csv")
    >>> print(error)
    orders.csv is empty; give a file with a header line and rows.
    >>> error.as_dict()["code"]
    'empty_source'
    """

    code = "failed"
    exit_code = 1

    def __init__(self, identity: str, /, *, code: str | None = None, **fields: Any) -> None:
        super().__init__(identity)
        self.id = identity
        self.fields = fields
        self.further: tuple[HoldfastError, ...] = ()
        if code is not None:
            self.code = code

    @property
    def message(self) -> str:
        """What is wrong, where and with which value, in English: a sentence without the final full stop."""
        return self.said("en")[0]

    @property
    def remedy(self) -> str:
        """What to do about it, in English: a sentence without the final full stop."""
        return self.said("en")[1]

    @property
    def place(self) -> dict[str, Any]:
        """Where it is, and all that the text names, as data.

        The fields of the text are in it without exception: the sentence, which goes wherever the place goes, says them
        already, so the place tells nothing about a person that the sentence does not.
        """
        return {name: _plain(value) for name, value in self.fields.items()}

    def said(self, lang: str) -> tuple[str, str]:
        """Message and remedy in `en` or `zh`."""
        # read when an error is shown, not when it is raised: many are caught and never shown
        from configs.catalogue import error_texts, filled, language_of

        try:
            message, remedy = error_texts()[self.id][language_of(lang)]
            return filled(message, lang, self.fields), filled(remedy, lang, self.fields)
        except (LookupError, ValueError, TypeError, AttributeError, OSError):  # an error must not end in another one
            fields = ", ".join(f"{name}={value}" for name, value in self.fields.items())
            return f"{self.id} ({fields})", "report it"

    def phrase(self) -> Phrase:
        """The message in both languages, to be put into another sentence."""
        from configs.catalogue import Phrase

        return Phrase(self.message, self.said("zh")[0])

    def __str__(self) -> str:
        message, remedy = self.said("en")
        return f"{message}; {remedy}."

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
    >>> error = together([DataError("file_empty", file="a.csv"), DataError("file_empty", file="b.csv")])
    >>> [one.message for one in error.all()]
    ['a.csv is empty', 'b.csv is empty']
    """
    first, *others = [one for error in errors for one in error.all()]
    first.further = tuple(others)
    for other in others:
        other.further = ()
    return first


def _plain(value: Any) -> Any:
    """A field as JSON has it; a path, a type or a moment as its text."""
    return value if value is None or isinstance(value, str | int | float | list | tuple | dict) else str(value)
