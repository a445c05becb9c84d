"""Chance that is the same in every run and on every machine: drawn from hashes of ids, not from a generator's state."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_MIX = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))


def hash_share(customer_id: str, salt: str) -> float:
    """A customer's fixed place in [0, 1), the same on every machine.

    Examples
    --------
    >>> round(hash_share("C1", "2024"), 6) == round(hash_share("C1", "2024"), 6)
    True
    """
    return _hash(customer_id, salt) / 2**64


def uniform_draws(ids: Sequence[str], names: Sequence[str], salt: str) -> Floats:
    """A number in [0, 1) per id × name, as if drawn independently; shape (n, m).

    The hashes of id and name are mixed by the finaliser of SplitMix64 (Steele, Lea and Flood 2014), so that a million
    pairs cost a million multiplications and not a million hashes.
    """
    own = np.array([_hash(one, salt) for one in ids], dtype=np.uint64)
    other = np.array([_hash(one, salt) for one in names], dtype=np.uint64)
    mixed = own[:, None] ^ other[None, :]
    for shift, factor in _MIX:
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    mixed ^= mixed >> np.uint64(31)
    return np.asarray((mixed >> np.uint64(11)).astype(np.float64) / 2**53)


def _hash(text: str, salt: str) -> int:
    digest = hashlib.blake2b(f"{salt}\x1f{text}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")
