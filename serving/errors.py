"""One shape for every error of the service, and the status that goes with it.

::

    {"error": {"code": "…", "message": "…", "remedy": "…", "place": {…}, "request_id": "…"}}

What went wrong on our side is told by its code and the request id alone: a message of ours may hold a path or a value.
"""

from __future__ import annotations

import json
import logging
import re
import traceback
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from configs.catalogue import Lang as Language
from configs.catalogue import Phrase
from configs.errors import (
    BundleError,
    BusyError,
    DataError,
    HoldfastError,
    InputError,
    InvariantError,
    NotEnoughDataError,
    RequestError,
    SettingsError,
    UnknownCustomerError,
)
from serving.texts import ERRORS, OTHER_PROBLEM, PROBLEMS

if TYPE_CHECKING:
    from pydantic import ValidationError

logger = logging.getLogger("holdfast.serving")

STATUS: Final[dict[type[HoldfastError], int]] = {
    HoldfastError: 500,
    InputError: 400,
    RequestError: 400,
    DataError: 422,
    NotEnoughDataError: 422,
    UnknownCustomerError: 404,
    SettingsError: 500,
    BundleError: 503,
    BusyError: 503,
    InvariantError: 500,
}
"""Status by error class; a subclass that is not named takes its nearest ancestor's."""

STATUS_BY_CODE: Final[dict[str, int]] = {
    "not_found": 404,
    "method_not_allowed": 405,
    "body_timeout": 408,
    "body_too_large": 413,
    "too_many_values": 413,
    "unsupported_media_type": 415,
    "encoded_body": 415,
    "history_needed": 422,
    "as_of_out_of_range": 422,
    "mixed_currencies": 422,
    "internal": 500,
    "not_ready": 503,
    "data_missing": 503,
    "data_changed": 503,
    "overloaded": 503,
    "timed_out": 504,
}
"""Status of the codes that differ from their class's."""

CODE_BY_STATUS: Final[dict[int, str]] = {
    404: "not_found",
    405: "method_not_allowed",
    408: "body_timeout",
    413: "body_too_large",
    415: "unsupported_media_type",
    429: "overloaded",
    503: "overloaded",
    504: "timed_out",
}
"""What a status that another layer set means in our codes."""

MAX_PROBLEMS = 10
MAX_PLACE = 200


def request_error(code: str, **place: Any) -> RequestError:
    """A caller's mistake, with its text from `serving.texts`."""
    fields = {name: _short(value) for name, value in place.items()}
    return RequestError(code, code=code, **fields, **_problem(fields))


def status_of(error: HoldfastError) -> int:
    """HTTP status of an error: by its code, else by its class or the nearest ancestor's."""
    if error.code in STATUS_BY_CODE:
        return STATUS_BY_CODE[error.code]
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def error_body(error: HoldfastError, lang: Language = "en", request_id: str = "") -> dict[str, Any]:
    """The envelope of an error.

    Parameters
    ----------
    error : HoldfastError
        What happened.
    lang : {"en", "zh"}
        Language of message and remedy.
    request_id : str
        Given back to the caller and written to the log.

    Examples
    --------
    >>> error_body(request_error("duplicate_key"), "zh", "r1")["error"]["message"]
    '请求体中有对象包含重复的键'
    """
    place = {key: _short(value) for key, value in error.place.items()}
    if status_of(error) >= 500:
        place = {}
        message, remedy = ERRORS.get(error.code, ERRORS["internal"])[lang]
    else:
        message, remedy = error.said(lang)
    return {
        "error": {
            "code": error.code,
            "message": message,
            "remedy": remedy,
            "place": {key: value for key, value in place.items() if key not in {"type", "context", "problem"}},
            "request_id": request_id,
        }
    }


def error_bytes(error: HoldfastError, lang: Language = "en", request_id: str = "") -> bytes:
    """The envelope as JSON."""
    return json.dumps(error_body(error, lang, request_id), ensure_ascii=False, default=str).encode()


def invalid_request(error: ValidationError) -> RequestError:
    """A schema violation as our error: the first field in the message, the next ones in the place; no values."""
    violations = error.errors(include_url=False, include_input=False, include_context=True)
    first = violations[0]
    context = {key: _short(value) for key, value in first.get("ctx", {}).items() if key != "error"}
    place: dict[str, Any] = {"field": field_name(first["loc"]), "type": first["type"], "context": context}
    if len(violations) > 1:
        place["also"] = [field_name(item["loc"]) for item in violations[1:MAX_PROBLEMS]]
    return request_error("invalid_request", **place)


def field_name(location: Sequence[int | str]) -> str:
    """``("customers", 3, "orders")`` as ``customers[3].orders``, cut to a bounded length."""
    name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")
    return str(_short(name or "the body"))


def log_failure(error: BaseException, request_id: str) -> None:
    """Write an unexpected error to the log: its type and where, never its text, which may hold a customer's data."""
    frames = traceback.extract_tb(error.__traceback__)
    where = " < ".join(
        f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}" for frame in frames[::-1][:12]
    )
    code = f" {error.code}" if isinstance(error, HoldfastError) else ""
    logger.error("request %s failed: %s%s at %s", request_id, type(error).__name__, code, where)


def language_of(header: str) -> Language:
    """Language of an Accept-Language header: Chinese if its first choice is, else English."""
    return "zh" if header.strip().lower().startswith("zh") else "en"


def _problem(place: dict[str, Any]) -> dict[str, Phrase]:
    if "type" not in place:
        return {}
    both = PROBLEMS.get(str(place["type"]), OTHER_PROBLEM)
    return {"problem": Phrase(*(_filled(words, place.get("context", {})) for words in both))}


def _filled(text: str, place: dict[str, Any]) -> str:
    """Fill the placeholders that the place knows; never interprets what is filled in."""
    return re.sub(r"\{(\w+)\}", lambda match: str(place.get(match.group(1), "…")), text)


def _short(value: Any) -> Any:
    if isinstance(value, str) and len(value) > MAX_PLACE:
        return value[:MAX_PLACE] + "…"
    if isinstance(value, list):
        return [_short(item) for item in value[:MAX_PROBLEMS]]
    return value
