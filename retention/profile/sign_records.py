"""Which early signs are warnings in this company: those whose customers were lost clearly more often than others.

The record of a sign is learned at training on the company's own closed windows (`evaluation.sign_standing`) and kept in
the bundle's baseline. A sign that does not stand the comparison is still shown, as a note.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

SILENCE = frozenset({"overdue", "overdue_few"})
"""Signs that warn unless the company's record speaks against them; all others need one that speaks for them."""
SMALLEST_RECORD = 30
"""Customers with a sign, and customers without any, below which it is not judged."""
ODDS = 2.0
"""Customers with a sign must have had at least so many times the odds of being lost as those without any."""
ONE_SIDED = 1.645
"""Standard errors by which their share must lie above that of others: a chance of 5 %."""


@dataclass(frozen=True)
class SignRecord:
    """How customers with a sign fared at the company's own closed windows.

    Attributes
    ----------
    warned : int
        Customers who showed the sign, once per window.
    lost : float
        Share of them that did not order in the horizon.
    alike, others : float
        The same of customers who showed no sign: of those with as many orders, and of all.
    stays : bool
        Whether the sign is a warning; else it is a note.
    """

    warned: int
    lost: float
    alike: float
    others: float
    stays: bool


def judged(sign: str, warned: int, lost: float, unwarned: int, alike: float, others: float) -> SignRecord | None:
    """The record of a sign; None where too few customers have shown it.

    A sign stays if its customers were lost more often than those alike by more than chance explains, and at twice the
    odds of those alike or of all without a sign. Beside those alike, because who comes for the first time is lost more
    often, with a sign or without; beside all, because where those alike are mostly lost nothing doubles their odds.
    Silence is how customers leave, so it stays as long as those who showed it were lost more often than those alike.

    Parameters
    ----------
    sign : str
        Code of the sign.
    warned, unwarned : int
        Customers with the sign, and customers with as many orders and without any sign.
    lost, alike, others : float
        Share that did not order: of those with the sign, of those alike, and of all without any sign.

    Examples
    --------
    >>> rising = "complaints_rising"
    >>> judged(rising, 200, 0.4, 2_000, 0.15, 0.15).stays, judged(rising, 200, 0.2, 2_000, 0.15, 0.15).stays
    (True, False)
    >>> judged(rising, 200, 0.4, 2_000, 0.39, 0.15).stays, judged(rising, 20, 0.9, 2_000, 0.15, 0.15)
    (False, None)
    >>> judged("overdue", 200, 0.4, 2_000, 0.39, 0.15).stays, judged("overdue", 200, 0.4, 2_000, 0.41, 0.15).stays
    (True, False)
    """
    if min(warned, unwarned) < SMALLEST_RECORD:
        return None
    error = math.sqrt(lost * (1 - lost) / warned + alike * (1 - alike) / unwarned)
    clear = lost - alike > ONE_SIDED * error
    least = min(alike, others)
    often = lost * (1 - least) >= ODDS * least * (1 - lost)
    stays = lost > alike if sign in SILENCE else clear and often
    return SignRecord(warned, lost, alike, others, stays)


def is_warning(sign: str, records: Mapping[str, SignRecord]) -> bool:
    """Whether a sign is a warning in the company that the records are of."""
    record = records.get(sign)
    return sign in SILENCE if record is None else record.stays
