"""Structural check of LightGBM model text, before LightGBM reads a byte of it.

LightGBM trusts its text: sizes, child indices and category tables are used as array positions unchecked, and a cut or
altered file ends the process or writes outside its memory (CVE-2026-92786). This parser accepts only the text that
`models.boosting.booster.canonical_text` writes: known keys in their order, numbers in range, every tree a proper tree
whose counts add up, every declared size the real one. It cannot see a changed but well-formed number: that is the work
of the manifest's hash.
"""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import dataclass
from itertools import pairwise

from configs.errors import BundleError

OBJECTIVES = ("binary sigmoid:1", "poisson", "gamma", "tweedie")
MAX_BYTES = 64 * 1024 * 1024
MAX_TREES, MAX_LEAVES, MAX_FEATURES = 2_000, 1_024, 10_000
END = "end of trees\n"

_INTEGER = re.compile(r"-?[0-9]{1,10}")
_INTEGERS = re.compile(r"-?[0-9]{1,10}(?: -?[0-9]{1,10})*")
_ONE = r"-?[0-9]{1,20}(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,3})?"
_NUMBERS = re.compile(rf"{_ONE}(?: {_ONE})*")
_NUMBERS_OR_INFINITE = re.compile(rf"(?:{_ONE}|inf)(?: (?:{_ONE}|inf))*")
_INFO = re.compile(r"none|\[[-+.0-9eE]{1,40}:[-+.0-9eE]{1,40}\]|-?[0-9]{1,10}(:-?[0-9]{1,10})*")
_HEADER = ("version", "num_class", "num_tree_per_iteration", "label_index", "max_feature_idx", "objective")
_HEADER_TAIL = ("feature_names", "monotone_constraints", "feature_infos", "tree_sizes")
_NODE_INTEGERS = ("split_feature", "decision_type", "left_child", "right_child")
_TREE = (
    "num_leaves",
    "num_cat",
    "split_feature",
    "split_gain",
    "threshold",
    "decision_type",
    "left_child",
    "right_child",
    "leaf_value",
    "leaf_weight",
    "leaf_count",
    "internal_value",
    "internal_weight",
    "internal_count",
)
_CATEGORIES = ("cat_boundaries", "cat_threshold")


@dataclass(frozen=True)
class TextSummary:
    """What a valid text holds."""

    trees: int
    features: int
    objective: str


_VALID: dict[bytes, TextSummary] = {}
MOST_VALID = 1_000
"""Texts of this process, by SHA-256, that were found valid."""


class _Bad(Exception):
    """The text breaks the grammar; its message says where."""


def validate_text(data: bytes, *, features: int | None = None) -> TextSummary:
    """Check a model text.

    Parameters
    ----------
    data : bytes
        The text as `canonical_text` writes it.
    features : int, optional
        Number of features that it must have.

    Raises
    ------
    BundleError
        With code `bad_model_text`, at the first thing that is wrong.
    """
    try:
        summary = _summary(data)
        if features is not None and summary.features != features:
            raise _Bad(f"{summary.features} features where {features} are expected")
    except _Bad as problem:
        raise BundleError("bundle_model_text_damaged", code="bad_model_text", problem=problem) from None
    return summary


def tree_fields(block: str) -> dict[str, str]:
    """The lines of one tree by name, as written; the text of a tree is read here and nowhere else.

    Examples
    --------
    >>> tree_fields("Tree=0\\nnum_leaves=2\\nleaf_value=0.5 -0.5")
    {'Tree': '0', 'num_leaves': '2', 'leaf_value': '0.5 -0.5'}
    """
    return {name: value for name, _, value in (line.partition("=") for line in block.split("\n"))}


def tree_blocks(data: bytes) -> list[str]:
    """The trees of a checked text, without the empty lines between them."""
    _, _, rest = data.decode("ascii").partition("\n\n")
    return [block for block in rest.split("\n\n\n") if block.startswith("Tree=")]


def _summary(data: bytes) -> TextSummary:
    # The store and the model that is rebuilt both ask; a text that was found valid needs no second reading.
    name = hashlib.sha256(data).digest()
    summary = _VALID.get(name)
    if summary is None:
        summary = _check(data)
        if len(_VALID) >= MOST_VALID:
            _VALID.clear()
        _VALID[name] = summary
    return summary


def _check(data: bytes) -> TextSummary:
    if len(data) > MAX_BYTES:
        raise _Bad(f"{len(data)} bytes")
    if any(byte > 126 or (byte < 32 and byte != 10) for byte in set(data)):
        raise _Bad("a byte that no model text has")
    text = data.decode("ascii")
    head, separator, rest = text.partition("\n\n")
    if not separator:
        raise _Bad("no trees")
    fields = _header(head)
    features = _integer(fields["max_feature_idx"], 0, MAX_FEATURES - 1, "max_feature_idx") + 1
    sizes = [_integer(item, 1, MAX_BYTES, "tree_sizes") for item in fields["tree_sizes"].split(" ")]
    if len(sizes) > MAX_TREES:
        raise _Bad(f"{len(sizes)} trees")
    if rest[sum(sizes) :] != END:
        raise _Bad("the sizes of the trees do not add up")
    start = 0
    for number, size in enumerate(sizes):
        _tree(rest[start : start + size], number, features)
        start += size
    return TextSummary(len(sizes), features, fields["objective"])


def _header(head: str) -> dict[str, str]:
    lines = head.split("\n")
    if lines[0] != "tree":
        raise _Bad("no header")
    names = [line.partition("=")[0] for line in lines[1:]]
    tail = _HEADER_TAIL if "monotone_constraints" in names else tuple(n for n in _HEADER_TAIL if n[0] != "m")
    if tuple(names) != (*_HEADER, *tail):
        raise _Bad("other header lines")
    fields = {name: line.partition("=")[2] for name, line in zip(names, lines[1:], strict=True)}
    for name, wanted in (("version", "v4"), ("num_class", "1"), ("num_tree_per_iteration", "1"), ("label_index", "0")):
        if fields[name] != wanted:
            raise _Bad(f"{name} is not {wanted}")
    if fields["objective"] not in OBJECTIVES:
        raise _Bad("an objective that is not ours")
    features = _integer(fields["max_feature_idx"], 0, MAX_FEATURES - 1, "max_feature_idx") + 1
    if fields["feature_names"].split(" ") != [f"Column_{i}" for i in range(features)]:
        raise _Bad("feature_names")
    infos = fields["feature_infos"].split(" ")
    if len(infos) != features or not all(_INFO.fullmatch(item) for item in infos):
        raise _Bad("feature_infos")
    if "monotone_constraints" in fields:
        signs = fields["monotone_constraints"].split(" ")
        if len(signs) != features or not set(signs) <= {"-1", "0", "1"}:
            raise _Bad("monotone_constraints")
    return fields


def _tree(block: str, number: int, features: int) -> None:
    if not block.endswith("\n\n\n"):
        raise _Bad(f"tree {number} ends elsewhere")
    lines = block[:-3].split("\n")
    if lines[0] != f"Tree={number}":
        raise _Bad(f"tree {number} has another number")
    fields = tree_fields("\n".join(lines[1:]))
    leaves = _integer(fields.get("num_leaves", ""), 1, MAX_LEAVES, f"num_leaves of tree {number}")
    categories = _integer(fields.get("num_cat", ""), 0, MAX_LEAVES, f"num_cat of tree {number}")
    wanted = (*_TREE, *(_CATEGORIES if categories else ()), "is_linear", "shrinkage")
    if tuple(fields) != wanted or len(lines) - 1 != len(wanted):
        raise _Bad(f"other lines in tree {number}")
    if fields["is_linear"] != "0":
        raise _Bad(f"tree {number} is linear")
    _numbers(fields["shrinkage"], 1, f"shrinkage of tree {number}")
    nodes = leaves - 1
    for name in ("split_gain", "internal_value", "internal_weight"):
        _numbers(fields[name], nodes, f"{name} of tree {number}")
    for name in ("leaf_value", "leaf_weight"):
        _numbers(fields[name], leaves if nodes or name == "leaf_value" else None, f"{name} of tree {number}")
    if not nodes:
        if any(fields[name] for name in (*_NODE_INTEGERS, "threshold", "internal_count")) or categories:
            raise _Bad(f"a split in tree {number}, which has one leaf")
        _integers(fields["leaf_count"], 1, f"leaf_count of tree {number}")
        return
    thresholds = _numbers(fields["threshold"], nodes, f"threshold of tree {number}", infinite=True)
    values = {name: _integers(fields[name], nodes, f"{name} of tree {number}") for name in _NODE_INTEGERS}
    if not all(0 <= feature < features for feature in values["split_feature"]):
        raise _Bad(f"split_feature of tree {number}")
    _children(values["left_child"], values["right_child"], leaves, number)
    _counts(fields, values["left_child"], values["right_child"], leaves, number)
    _decisions(fields, values["decision_type"], thresholds, categories, number)


def _children(left: list[int], right: list[int], leaves: int, number: int) -> None:
    """Every node but the root and every leaf has one parent, and a node comes after its parent: no loop, no gap."""
    seen = set()
    for node, pair in enumerate(zip(left, right, strict=True)):
        for child in pair:
            inside = node < child < leaves - 1 if child >= 0 else ~child < leaves
            if not inside or child in seen:
                raise _Bad(f"a child of tree {number}")
            seen.add(child)
    if len(seen) != 2 * (leaves - 1):
        raise _Bad(f"a child of tree {number}")


def _counts(fields: dict[str, str], left: list[int], right: list[int], leaves: int, number: int) -> None:
    """Counts are weights of the contributions: each positive, each node the sum of its children."""
    at_leaf = _integers(fields["leaf_count"], leaves, f"leaf_count of tree {number}")
    at_node = _integers(fields["internal_count"], leaves - 1, f"internal_count of tree {number}")
    if min(at_leaf) < 1:
        raise _Bad(f"leaf_count of tree {number}")
    for node, pair in enumerate(zip(left, right, strict=True)):
        if at_node[node] != sum(at_node[child] if child >= 0 else at_leaf[~child] for child in pair):
            raise _Bad(f"internal_count of tree {number}")


def _decisions(
    fields: dict[str, str], decisions: list[int], thresholds: list[float], categories: int, number: int
) -> None:
    """Bit 0: categorical, bit 1: missing goes left, bits 2 and 3: kind of missing (none, zero, NaN)."""
    if not all(0 <= kind < 12 for kind in decisions):
        raise _Bad(f"decision_type of tree {number}")
    used = [threshold for kind, threshold in zip(decisions, thresholds, strict=True) if kind & 1]
    if sorted(used) != list(range(categories)):
        raise _Bad(f"a category split of tree {number}")
    if not categories:
        return
    edges = _integers(fields["cat_boundaries"], categories + 1, f"cat_boundaries of tree {number}")
    if edges[0] != 0 or any(b <= a or b - a > 64 for a, b in pairwise(edges)):
        raise _Bad(f"cat_boundaries of tree {number}")
    words = _integers(fields["cat_threshold"], edges[-1], f"cat_threshold of tree {number}")
    if any(not 0 <= word < 2**32 for word in words):
        raise _Bad(f"cat_threshold of tree {number}")


def _integer(text: str, low: int, high: int, what: str) -> int:
    if not _INTEGER.fullmatch(text) or not low <= int(text) <= high:
        raise _Bad(what)
    return int(text)


def _integers(text: str, count: int, what: str) -> list[int]:
    items = text.split(" ")
    if len(items) != count or not _INTEGERS.fullmatch(text):
        raise _Bad(what)
    return [int(item) for item in items]


def _numbers(text: str, count: int | None, what: str, *, infinite: bool = False) -> list[float]:
    """Numbers; a threshold may be `inf`, where every known value goes left and a missing one right."""
    items = text.split(" ") if text else []
    grammar = _NUMBERS_OR_INFINITE if infinite else _NUMBERS
    if (count is not None and len(items) != count) or (text and not grammar.fullmatch(text)):
        raise _Bad(what)
    values = [float(item) for item in items]
    # a number may be written that is too large to be held
    if not all(map(math.isfinite, values)) and values.count(math.inf) + values.count(-math.inf) != items.count("inf"):
        raise _Bad(what)
    return values
