"""Whom to contact when not everyone can be: the multiple-choice knapsack behind the work list.

    maximise    sum profit[j] x[j]
    subject to  sum over the customer's options x[j] <= 1        for every customer
                sum use[r, j] x[j] <= limit[r]                   for every resource (money, minutes, contacts)
                x[j] in {0, 1}

Small problems are solved exactly (HiGHS through `scipy.optimize.milp`). Large ones are solved as a linear programme; a
basic solution of it splits at most as many customers as there are binding resources (Sinha and Zoltners 1979, The
Multiple-Choice Knapsack Problem), so dropping the split ones and filling up greedily loses almost nothing, and the
programme's value bounds what any list could bring. The bound and the gap are part of the answer. The duals are the
value of one more unit of each resource.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from configs.errors import InvariantError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

EXACT_UP_TO = 2_000
"""Options up to which the integer problem is solved exactly."""


@dataclass(frozen=True)
class Allocation:
    """Chosen options and what is known of the optimum.

    Attributes
    ----------
    chosen : ndarray of int
        Indices of the options taken, ascending.
    value : float
        Sum of their profits.
    bound : float
        No choice can bring more than this.
    duals : ndarray, shape (r,)
        Value of one more unit of every resource, at the linear programme's optimum.
    exact : bool
        Whether the integer optimum was proven.
    """

    chosen: Ints
    value: float
    bound: float
    duals: Floats
    exact: bool

    @property
    def gap(self) -> float:
        """Largest possible loss against the optimum, as a share of the bound."""
        return 0.0 if self.bound <= 0 else max(0.0, (self.bound - self.value) / self.bound)


def allocate(profit: Floats, owner: Ints, use: Floats, limits: Floats, *, exact_up_to: int = EXACT_UP_TO) -> Allocation:
    """Choose at most one option per customer within the limits.

    Parameters
    ----------
    profit : ndarray, shape (m,)
        Expected incremental profit; options without one above zero are never taken.
    owner : ndarray of int, shape (m,)
        Customer of each option.
    use : ndarray, shape (r, m)
        What each option takes of each resource, not negative.
    limits : ndarray, shape (r,)
        What there is; infinity for no limit.
    exact_up_to : int
        Options up to which the integer problem is solved exactly.

    Raises
    ------
    InvariantError
        The solver failed, or its answer breaks a limit.
    """
    useful = np.flatnonzero((profit > 0) & (use <= limits[:, None]).all(axis=0))
    kept = useful[_undominated(profit[useful], owner[useful], use[:, useful])]
    if not len(kept):
        return Allocation(np.zeros(0, dtype=np.int64), 0.0, 0.0, np.zeros(len(limits)), True)
    finite = np.isfinite(limits)
    own_use, own_limits = use[finite][:, kept], limits[finite]
    solution, bound, duals = _relaxation(profit[kept], owner[kept], own_use, own_limits)
    all_duals = np.zeros(len(limits))
    all_duals[finite] = duals
    exact = len(kept) <= exact_up_to
    taken = (
        _exact(profit[kept], owner[kept], own_use, own_limits)
        if exact
        else _rounded(solution, profit[kept], owner[kept], own_use, own_limits, duals)
    )
    chosen = np.sort(kept[taken])
    if (
        len(np.unique(owner[chosen])) != len(chosen)
        or (use[finite][:, chosen].sum(axis=1) > limits[finite] * (1 + 1e-9) + 1e-6).any()
    ):
        raise InvariantError("allocation_breaks_limit")
    value = float(profit[chosen].sum())
    return Allocation(chosen, value, value if exact else max(bound, value), all_duals, exact)


def _undominated(profit: Floats, owner: Ints, use: Floats) -> Ints:
    """Options for which the same customer has no other that brings as much and takes no more of anything."""
    order = np.lexsort((use.sum(axis=0), -profit, owner))
    keep = np.ones(len(order), dtype=np.bool_)
    starts = np.flatnonzero(np.r_[True, owner[order][1:] != owner[order][:-1]]) if len(order) else np.zeros(0, np.int64)
    ends = np.r_[starts[1:], len(order)]
    position = np.arange(len(order)) - np.repeat(starts, ends - starts)
    for step in range(1, int(position.max(initial=0)) + 1):
        here = np.flatnonzero(position >= step)
        before = here - step  # `step` places up the same customer's list: brings at least as much
        beaten = (use[:, order[before]] <= use[:, order[here]]).all(axis=0)
        keep[here[beaten]] = False
    return np.sort(order[keep])


def _constraints(owner: Ints, use: Floats, limits: Floats) -> tuple[object, Floats]:
    from scipy import sparse

    _, codes = np.unique(owner, return_inverse=True)
    per_customer = sparse.csr_matrix((np.ones(len(codes)), (codes, np.arange(len(codes)))))
    matrix = sparse.vstack([per_customer, sparse.csr_matrix(use)]).tocsr()
    return matrix, np.r_[np.ones(per_customer.shape[0]), limits]


def _relaxation(profit: Floats, owner: Ints, use: Floats, limits: Floats) -> tuple[Floats, float, Floats]:
    from scipy.optimize import linprog

    matrix, upper = _constraints(owner, use, limits)
    result = linprog(-profit, A_ub=matrix, b_ub=upper, bounds=(0, 1), method="highs-ds")
    if result.status != 0:
        raise InvariantError("linear_programme_failed", reason=result.message)
    duals = -np.asarray(result.ineqlin.marginals, dtype=np.float64)[len(upper) - len(limits) :]
    return np.asarray(result.x, dtype=np.float64), float(-result.fun), np.maximum(duals, 0.0)


def _exact(profit: Floats, owner: Ints, use: Floats, limits: Floats) -> Ints:
    from scipy.optimize import Bounds, LinearConstraint, milp

    matrix, upper = _constraints(owner, use, limits)
    result = milp(
        -profit,
        constraints=LinearConstraint(matrix, -np.inf, upper),
        integrality=np.ones(len(profit)),
        bounds=Bounds(0, 1),
        # without presolve: its way back prints to standard output in some releases of HiGHS
        options={"mip_rel_gap": 0.0, "presolve": False},
    )
    if result.status != 0:
        raise InvariantError("integer_programme_failed", reason=result.message)
    return np.flatnonzero(np.asarray(result.x) > 0.5)


def _rounded(solution: Floats, profit: Floats, owner: Ints, use: Floats, limits: Floats, duals: Floats) -> Ints:
    taken = solution > 1 - 1e-7
    left = limits - use[:, taken].sum(axis=1)
    _, codes = np.unique(owner, return_inverse=True)
    busy = np.zeros(codes.max() + 1, dtype=np.bool_)
    busy[codes[taken]] = True
    reduced = profit - duals @ use  # what an option brings beyond the value of what it takes
    waiting = np.flatnonzero(~taken & ~busy[codes])
    waiting = waiting[np.argsort(-reduced[waiting], kind="stable")]
    for option in waiting.tolist():
        if not busy[codes[option]] and (use[:, option] <= left + 1e-12).all():
            taken[option] = True
            busy[codes[option]] = True
            left = left - use[:, option]
        elif (left <= 1e-9).all():
            break
    return np.flatnonzero(taken)
