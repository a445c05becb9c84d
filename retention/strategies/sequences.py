"""Steps that follow one another: a lost customer is asked first, then called, then gets an offer, then is left alone.

Where a customer stands follows from the contacts since the last order, so nothing has to be kept beside them: a step is
done once it was used as often as the catalogue says; the next one waits its days after the last contact of the steps
before. A step that is not for this customer, or would cost more than it brings, is passed over, the first one aside.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retention.conditions.expressions import Table
from retention.strategies.catalogue import Catalogue
from retention.strategies.catalogue_entries import Sequence
from retention.strategies.vetoes import Contacts

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Standing:
    """Where customers stand in one sequence.

    Attributes
    ----------
    sequence : Sequence
    inside : ndarray of bool, shape (n,)
        Whom it is for.
    step : ndarray of int, shape (n,)
        Place of the next step; -1 where all are done.
    wait : ndarray, shape (n,)
        Days until it may be taken, 0 for now.
    """

    sequence: Sequence
    inside: Flags
    step: NDArray[np.int8]
    wait: Floats


def standings(
    table: Table, catalogue: Catalogue, contacts: Contacts | None, silence: Floats, possible: Flags
) -> list[Standing]:
    """Where every customer stands in every sequence of the catalogue.

    Parameters
    ----------
    table : Table
        The scores.
    catalogue : Catalogue
    contacts : Contacts or None
        Earlier contacts; None: there are none.
    silence : ndarray, shape (n,)
        Days since the last order; contacts before it do not count. NaN: all count.
    possible : ndarray of bool, shape (n, s)
        Strategies whose condition holds and that are worth their cost.
    """
    found = []
    for sequence in catalogue.sequences:
        inside = sequence.condition.holds(table)
        step = np.full(len(inside), -1, dtype=np.int8)
        wait = np.zeros(len(inside))
        last_done = np.full(len(inside), np.inf)
        searching = inside.copy()
        for place, one in enumerate(sequence.steps):
            days, number = _contacts_of(contacts, one.strategy, len(inside))
            done = (days < np.where(np.isnan(silence), np.inf, silence)) & (number >= one.times)
            asked = searching & ~done & (possible[:, catalogue.codes.index(one.strategy)] | (place == 0))
            step[asked] = place
            wait[asked] = np.where(np.isfinite(last_done), np.maximum(one.wait_days - last_done, 0.0), 0.0)[asked]
            searching &= ~asked
            last_done = np.where(done, np.minimum(last_done, days), last_done)
        found.append(Standing(sequence, inside, step, np.ceil(wait)))
    return found


def _contacts_of(contacts: Contacts | None, code: str, rows: int) -> tuple[Floats, Floats]:
    known = contacts.by_strategy.get(code) if contacts is not None else None
    return known if known is not None else (np.full(rows, np.inf), np.zeros(rows))
