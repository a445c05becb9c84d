"""Exact contributions of small trees, fast in bulk and for a single row, the same to the last bit in both.

Path-dependent TreeSHAP (Lundberg et al. 2020, algorithm 2), the same numbers as LightGBM's ``pred_contrib``. A leaf
whose path tests m different features gives feature j

    v (o_j - z_j) sum_s w(s, m) e_s,    w(s, m) = s! (m - s - 1)! / m!

where v is the leaf's value, o_j is 1 where the row passes all tests of feature j on the path (else 0), z_j is the share
of training rows that do, and e_s are the coefficients of prod_{k != j} (z_k + o_k y). Trees are small, so a leaf has
few patterns of o and everything is tabulated once; a row needs its patterns only. In bulk, rows that take the same
turns in a tree share one answer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import factorial

import numpy as np
from numpy.typing import NDArray

from configs.errors import BundleError
from models.boosting.lightgbm_text import tree_blocks, tree_fields

Floats = NDArray[np.float64]
BULK_ROWS = 200
CHUNK = 32_768
MAX_NODES, MAX_PATH = 20, 8
"""Nodes of a tree and features of a path that tables are made for.

`models.boosting.booster.size_parameters` stays below.
"""


@dataclass(frozen=True)
class _Tree:
    """One tree of a model text."""

    feature: list[int]
    threshold: list[float]
    kind: list[int]
    left: list[int]
    right: list[int]
    value: list[float]
    leaf_count: list[int]
    node_count: list[int]
    categories: list[frozenset[int]]


@dataclass(frozen=True)
class _Leaf:
    """A leaf's path: per feature the nodes tested, the turns wanted, and the share of rows that pass."""

    features: tuple[int, ...]
    nodes: tuple[tuple[int, ...], ...]
    turns: tuple[tuple[bool, ...], ...]
    shares: tuple[float, ...]
    value: float


class TreeContributions:
    """Tables of one model text.

    Parameters
    ----------
    text : bytes
        A text that `models.boosting.lightgbm_text.validate_text` accepts.
    features : int
        Number of features, k.
    """

    def __init__(self, text: bytes, features: int) -> None:
        self.features = features
        self.trees = _read(text)
        largest = max(len(tree.feature) for tree in self.trees)
        if largest > MAX_NODES or any(kind & 12 == 4 for tree in self.trees for kind in tree.kind):
            raise BundleError("bundle_trees_not_ours", count=largest + 1)
        self.base = math.fsum(_expected(tree) for tree in self.trees)
        self._leaves = [_paths(tree) for tree in self.trees]
        if any(len(leaf.features) > MAX_PATH for leaves in self._leaves for leaf in leaves):
            raise BundleError("bundle_paths_too_long", count=MAX_PATH)
        self._tables = _tabulate(self._leaves)

    @cached_property
    def _flat(self) -> _Flat:
        return _Flat(self.trees, self._leaves, self._tables)

    def values(self, matrix: Floats) -> Floats:
        """Contributions per feature, shape (n, k); they and `base` add up to the raw prediction."""
        if len(matrix) < BULK_ROWS:
            return self._few(matrix)
        parts = [self._bulk(matrix[start : start + CHUNK]) for start in range(0, len(matrix), CHUNK)]
        return np.concatenate(parts)

    def _bulk(self, matrix: Floats) -> Floats:
        columns = np.ascontiguousarray(matrix.T)
        total = np.zeros((self.features, len(matrix)))
        for tree, leaves, tables in zip(self.trees, self._leaves, self._tables, strict=True):
            if not tree.feature:
                continue
            turns = np.zeros(len(matrix), dtype=np.int64)
            for node in range(len(tree.feature)):
                turns |= _goes_left(tree, node, columns[tree.feature[node]]).astype(np.int64) << node
            seen = np.zeros(1 << len(tree.feature), dtype=np.int64)
            seen[turns] = 1
            codes = np.flatnonzero(seen)
            seen[codes] = np.arange(len(codes))
            which = seen[turns]
            per_code = np.zeros((self.features, len(codes)))
            used: dict[int, None] = {}
            for leaf, table in zip(leaves, tables, strict=True):
                pattern = np.zeros(len(codes), dtype=np.int64)
                for slot, (nodes, wanted) in enumerate(zip(leaf.nodes, leaf.turns, strict=True)):
                    mask = sum(1 << node for node in nodes)
                    match = sum(1 << node for node, left in zip(nodes, wanted, strict=True) if left)
                    pattern |= ((codes & mask) == match).astype(np.int64) << slot
                parts = table[pattern]
                for slot, feature in enumerate(leaf.features):
                    per_code[feature] += parts[:, slot]
                    used[feature] = None
            for feature in used:
                total[feature] += per_code[feature][which]
        return np.ascontiguousarray(total.T)

    def _few(self, matrix: Floats) -> Floats:
        """The same sums in the same order, all trees at once per row."""
        flat = self._flat
        result = np.zeros((len(matrix), self.features))
        if not len(flat.leaf_of):
            return result
        left = flat.turns(matrix)
        passed = (left[:, flat.test_node] == flat.test_turn) | flat.test_blank
        bits = passed.all(axis=2).astype(np.int64) << flat.slot_of
        patterns = np.add.reduceat(bits, flat.leaf_start, axis=1)
        for row in range(len(matrix)):
            parts = flat.table[flat.offset + patterns[row, flat.leaf_of] * flat.stride]
            per_tree = np.bincount(flat.pair_of, weights=parts, minlength=len(flat.pair_feature))
            result[row] = np.bincount(flat.pair_feature, weights=per_tree, minlength=self.features)
        return result


class _Flat:
    """All (leaf, feature) slots of all trees side by side, in the order in which bulk adds them up."""

    def __init__(
        self, trees: Sequence[_Tree], leaves: Sequence[Sequence[_Leaf]], tables: Sequence[Sequence[Floats]]
    ) -> None:
        repeats = max((len(nodes) for tree in leaves for leaf in tree for nodes in leaf.nodes), default=1)
        leaf_of: list[int] = []
        slot_of: list[int] = []
        pair_of: list[int] = []
        offset: list[int] = []
        stride: list[int] = []
        starts: list[int] = []
        node: list[int] = []
        turn: list[bool] = []
        tests: list[int] = []
        flat: list[Floats] = []
        pairs: dict[tuple[int, int], int] = {}
        self._nodes = [(tree, number) for tree in trees for number in range(len(tree.feature))]
        first, start, count = 0, 0, 0
        for number, (tree, paths) in enumerate(zip(trees, leaves, strict=True)):
            for leaf, table in zip(paths, tables[number], strict=True):
                if not leaf.features:
                    continue
                flat.append(table.ravel())
                starts.append(len(slot_of))
                slots = len(leaf.features)
                leaf_of.extend([count] * slots)
                slot_of.extend(range(slots))
                pair_of.extend([pairs.setdefault((number, feature), len(pairs)) for feature in leaf.features])
                offset.extend(range(start, start + slots))
                stride.extend([slots] * slots)
                for places, turns in zip(leaf.nodes, leaf.turns, strict=True):
                    tests.append(len(places))
                    node.extend([first + place for place in places])
                    turn.extend(turns)
                start += table.size
                count += 1
            first += len(tree.feature)
        self.leaf_start = np.array(starts, dtype=np.int64)
        self.leaf_of, self.slot_of = np.array(leaf_of, dtype=np.int64), np.array(slot_of, dtype=np.int64)
        self.pair_of = np.array(pair_of, dtype=np.int64)
        self.pair_feature = np.array([feature for _, feature in pairs], dtype=np.int64)
        self.offset, self.stride = np.array(offset, dtype=np.int64), np.array(stride, dtype=np.int64)
        # a row per slot, as wide as the most tests of one; what is left of it is blank
        used = np.arange(repeats) < np.array(tests, dtype=np.int64)[:, None]
        self.test_node, self.test_turn = np.zeros(used.shape, dtype=np.int64), np.zeros(used.shape, dtype=bool)
        self.test_node[used], self.test_turn[used] = node, turn
        self.test_blank = ~used
        self.table = np.concatenate(flat) if flat else np.zeros(0)
        numeric = [i for i, (tree, place) in enumerate(self._nodes) if not tree.kind[place] & 1]
        self._numeric = np.array(numeric, dtype=np.int64)
        self._categorical = [i for i, (tree, place) in enumerate(self._nodes) if tree.kind[place] & 1]
        self._feature = np.array([tree.feature[place] for tree, place in self._nodes], dtype=np.int64)
        self._threshold = np.array([tree.threshold[place] for tree, place in self._nodes])
        kinds = np.array([tree.kind[place] for tree, place in self._nodes], dtype=np.int64)
        self._left_if_missing = (kinds & 2) > 0
        self._knows_missing = (kinds >> 2) & 3 == 2

    def turns(self, matrix: Floats) -> NDArray[np.bool_]:
        """Whether each row goes left at each node, shape (n, nodes)."""
        result = np.zeros((len(matrix), len(self._nodes)), dtype=bool)
        at = self._numeric
        values = matrix[:, self._feature[at]]
        missing = np.isnan(values)
        with np.errstate(invalid="ignore"):
            below = values <= self._threshold[at]
        result[:, at] = np.where(
            missing, np.where(self._knows_missing[at], self._left_if_missing[at], self._threshold[at] >= 0), below
        )
        for place in self._categorical:
            tree, node = self._nodes[place]
            result[:, place] = _goes_left(tree, node, matrix[:, tree.feature[node]])
        return result


def _goes_left(tree: _Tree, node: int, column: Floats) -> NDArray[np.bool_]:
    """LightGBM's decision at one node, shape (n,)."""
    kind, threshold = tree.kind[node], tree.threshold[node]
    if kind & 1:
        members = tree.categories[int(threshold)]
        codes = np.where(np.isnan(column), -1, column).astype(np.int64)
        table = np.zeros(max(members, default=0) + 2, dtype=bool)
        table[list(members)] = True
        return np.asarray(table[np.where((codes < 0) | (codes >= len(table)), len(table) - 1, codes)])
    with np.errstate(invalid="ignore"):
        if (kind >> 2) & 3 != 2:
            return np.asarray(np.nan_to_num(column, nan=0.0) <= threshold)
        return np.asarray(~(column > threshold) if kind & 2 else column <= threshold)


def _paths(tree: _Tree) -> list[_Leaf]:
    """The leaves in order of their number."""
    leaves: dict[int, _Leaf] = {}

    def walk(node: int, passed: list[tuple[int, bool, float]]) -> None:
        if node < 0:
            leaves[~node] = _leaf(tree, passed, tree.value[~node])
            return
        for child, left in ((tree.left[node], True), (tree.right[node], False)):
            count = tree.node_count[child] if child >= 0 else tree.leaf_count[~child]
            walk(child, [*passed, (node, left, count / tree.node_count[node])])

    walk(0 if tree.feature else -1, [])
    return [leaves[number] for number in sorted(leaves)]


def _leaf(tree: _Tree, passed: list[tuple[int, bool, float]], value: float) -> _Leaf:
    of: dict[int, list[tuple[int, bool, float]]] = {}
    for step in passed:
        of.setdefault(tree.feature[step[0]], []).append(step)
    nodes = tuple(tuple(node for node, _, _ in steps) for steps in of.values())
    turns = tuple(tuple(left for _, left, _ in steps) for steps in of.values())
    shares = tuple(math.prod(share for _, _, share in steps) for steps in of.values())
    return _Leaf(tuple(of), nodes, turns, shares, value)


def _tabulate(trees: Sequence[Sequence[_Leaf]]) -> list[list[Floats]]:
    """Per leaf the contributions for every pattern, shape (2^m, m); leaves of equal m are computed together."""
    tables: list[list[Floats]] = [[np.zeros((1, 0)) for _ in leaves] for leaves in trees]
    places: dict[int, list[tuple[int, int]]] = {}
    for number, leaves in enumerate(trees):
        for place, leaf in enumerate(leaves):
            places.setdefault(len(leaf.features), []).append((number, place))
    for m, where in places.items():
        if m == 0:
            continue
        shares = np.array([trees[number][place].shares for number, place in where])[:, None, :]
        value = np.array([trees[number][place].value for number, place in where])[:, None]
        passes = ((np.arange(1 << m)[:, None] >> np.arange(m)) & 1).astype(np.float64)[None, :, :]
        table = np.empty((len(where), 1 << m, m))
        for j in range(m):
            coefficients = np.zeros((len(where), 1 << m, m))
            coefficients[:, :, 0] = 1.0
            for k in (k for k in range(m) if k != j):
                shifted = np.zeros_like(coefficients)
                shifted[:, :, 1:] = coefficients[:, :, :-1]
                coefficients = coefficients * shares[:, :, k : k + 1] + shifted * passes[:, :, k : k + 1]
            weights = np.array([factorial(s) * factorial(m - s - 1) / factorial(m) for s in range(m)])
            table[:, :, j] = value * (passes[:, :, j] - shares[:, :, j]) * (coefficients @ weights)
        for (number, place), one in zip(where, table, strict=True):
            tables[number][place] = one
    return tables


def _expected(tree: _Tree) -> float:
    total = sum(tree.leaf_count)
    if len(tree.value) == 1 or not total:
        return tree.value[0]
    return math.fsum(value * count / total for value, count in zip(tree.value, tree.leaf_count, strict=True))


def _read(text: bytes) -> list[_Tree]:
    trees = []
    for block in tree_blocks(text):
        fields = tree_fields(block)
        integers = {
            name: [int(item) for item in fields.get(name, "").split()]
            for name in ("split_feature", "decision_type", "left_child", "right_child", "leaf_count", "internal_count")
        }
        edges = [int(item) for item in fields.get("cat_boundaries", "").split()]
        words = [int(item) for item in fields.get("cat_threshold", "").split()]
        categories = [
            frozenset(32 * i + bit for i, word in enumerate(words[a:b]) for bit in range(32) if word >> bit & 1)
            for a, b in pairwise(edges)
        ]
        trees.append(
            _Tree(
                integers["split_feature"],
                [float(item) for item in fields["threshold"].split()],
                integers["decision_type"],
                integers["left_child"],
                integers["right_child"],
                [float(item) for item in fields["leaf_value"].split()],
                integers["leaf_count"],
                integers["internal_count"],
                categories,
            )
        )
    return trees
