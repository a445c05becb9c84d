"""The inner split in time."""

from __future__ import annotations

import numpy as np

from models.validation import fold_of, inner_split


def keys(customers: int, cutoffs: int, step: int) -> tuple[np.ndarray, np.ndarray]:
    start = np.datetime64("2020-01-01", "ns")
    as_of = np.repeat(start + np.arange(cutoffs) * np.timedelta64(step, "D"), customers)
    return np.tile(np.array([f"c{i}" for i in range(customers)], dtype=object), cutoffs), as_of


def test_label_windows_do_not_overlap() -> None:
    customer, as_of = keys(400, 12, 30)
    split = inner_split(customer, as_of, np.ones(len(as_of), dtype=bool), 90)
    assert split.kind == "purged"
    assert as_of[split.learn].max() + np.timedelta64(90, "D") <= as_of[split.validation].min()
    assert as_of[split.validation].max() == as_of.max()


def test_a_short_log_keeps_customers_apart() -> None:
    customer, as_of = keys(900, 4, 30)
    split = inner_split(customer, as_of, np.ones(len(as_of), dtype=bool), 365)
    assert split.kind == "customers"
    assert not set(customer[split.learn]) & set(customer[split.validation])
    assert (as_of[split.validation] == as_of.max()).all()


def test_too_little_is_not_split() -> None:
    customer, as_of = keys(100, 1, 30)
    split = inner_split(customer, as_of, np.ones(100, dtype=bool), 30)
    assert split.kind == "none" and len(split.validation) == 0 and len(split.learn) == 100


def test_a_split_among_fewer_rows() -> None:
    customer, as_of = keys(400, 12, 30)
    split = inner_split(customer, as_of, np.ones(len(as_of), dtype=bool), 90)
    kept = np.arange(len(as_of)) % 3 == 0
    inside = split.within(kept)
    np.testing.assert_array_equal(np.flatnonzero(kept)[inside.validation], split.validation[kept[split.validation]])


def test_folds_are_stable() -> None:
    ids = np.array([f"customer-{i}" for i in range(3000)], dtype=object)
    folds = fold_of(ids)
    np.testing.assert_array_equal(folds, fold_of(ids[::-1])[::-1])
    assert folds[:8].tolist() == fold_of(ids[:8]).tolist()
    assert (np.abs(np.bincount(folds) / 1000 - 1) < 0.1).all()
