"""What to offer next: products (or categories) that go with what a customer has bought.

A linear item-item model with a closed form (Steck 2019, Embarrassingly Shallow Autoencoders for Sparse Data, eq. 8):
with X customers × items and ``P = (X'X + lambda I)^-1``, the weights are ``B = -P / diag(P)`` with a zero diagonal,
and ``X B`` scores every item for every customer. A purchase counts less the longer ago it was. For what to offer anew,
items already bought are left out; for what to reorder, the customer's own purchases are added. What a customer looked
at lately and did not buy counts beside it, less the longer ago the look was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configs import formats
from configs.catalogue import LANGUAGES
from configs.catalogue import text as message
from configs.errors import NotEnoughDataError
from configs.timestamps import local_time

if TYPE_CHECKING:
    from features.engine import Tables

Floats = NDArray[np.float64]
Item = Literal["product_id", "category"]
MIN_CUSTOMERS = 50
LOOK_DAYS = 60
"""Days for which a look at something counts."""
BLOCK = 2_000
"""Customers ranked at a time."""


@dataclass(frozen=True)
class NextProductSettings:
    """Constants of the model.

    Attributes
    ----------
    max_items : int
        Most-bought items that are modelled; rarer ones are never offered.
    half_life_days : float
        Age at which a purchase counts half.
    ridge : float
        Lambda as a share of the mean of the diagonal of X'X.
    own_weight : float
        Weight of the customer's own purchases when reorders are wanted.
    look_weight : float
        What a look of today at something not bought since adds, in units of the customer's best score from purchases
        (of one, where there is none).
    look_half_life_days : float
        Age at which a look counts half.
    """

    max_items: int = 2_000
    half_life_days: float = 180.0
    ridge: float = 2.0
    own_weight: float = 1.0
    look_weight: float = 1.0
    look_half_life_days: float = 14.0


def purchases(tables: Tables, as_of: datetime, *, item: Item = "product_id", days: int = 730) -> pd.DataFrame:
    """Who bought what, how often and when last, in the days before `as_of`; returns and cancellations left out.

    Returns
    -------
    DataFrame
        customer_id, item, orders (int), last_at (timestamp); sorted by customer and item.

    Raises
    ------
    NotEnoughDataError
        The log has no such column, and for a category the products have none either.
    """
    from features.extracts import has_item, purchases_before

    if not has_item(tables, item):
        raise NotEnoughDataError(
            "nothing_to_recommend_from", field=item, other="category" if item == "product_id" else "product_id"
        )
    return purchases_before(tables, as_of, item, days)


def looked_at(tables: Tables, as_of: datetime, *, item: Item = "product_id") -> pd.DataFrame:
    """What each customer looked at in the last `LOOK_DAYS` days and has not bought since.

    Returns
    -------
    DataFrame
        customer_id, item, looks (int), looked_at (timestamp); empty where the interactions name no such item.
    """
    from features.people_extracts import looked_at_only

    return looked_at_only(tables, as_of, item, LOOK_DAYS)


def _moments_of(table: pd.DataFrame, looks: pd.DataFrame | None) -> pd.Series[Any]:
    """When the item of each row was looked at, NaT where it was not."""
    if looks is None or looks.empty:
        return pd.Series(pd.NaT, index=table.index, dtype="datetime64[us]")
    moments = looks.set_index(["customer_id", "item"])["looked_at"]
    wanted = pd.MultiIndex.from_frame(table[["customer_id", "item"]])
    return pd.Series(moments.reindex(wanted).to_numpy(), index=table.index)


class NextProduct:
    """Item-item weights learned from all customers.

    Parameters
    ----------
    settings : NextProductSettings, optional
        Constants.
    """

    def __init__(self, settings: NextProductSettings | None = None) -> None:
        self.settings = settings

    def fit(self, bought: pd.DataFrame, as_of: datetime) -> NextProduct:
        """Learn from `purchases`.

        Raises
        ------
        NotEnoughDataError
            Fewer than `MIN_CUSTOMERS` customers with two different items.
        """
        settings = self.settings or NextProductSettings()
        per_item = bought.groupby("item").size()
        ranked = per_item.sort_index().sort_values(ascending=False, kind="stable")
        self.items_ = [str(name) for name in ranked.index[: settings.max_items]]
        self.buyers_ = ranked.to_numpy(dtype=np.int64)[: settings.max_items]
        matrix, _ = self._matrix(bought, as_of, settings)
        several = int((matrix.getnnz(axis=1) >= 2).sum())
        if several < MIN_CUSTOMERS:
            raise NotEnoughDataError("too_few_buyers_to_recommend", count=several, needed=MIN_CUSTOMERS)
        gram = np.asarray((matrix.T @ matrix).todense(), dtype=np.float64)
        gram[np.diag_indices_from(gram)] += settings.ridge * max(float(np.diag(gram).mean()), 1e-12)
        inverse = np.linalg.inv(gram)
        self.weights_ = -inverse / np.diag(inverse)[None, :]
        np.fill_diagonal(self.weights_, 0.0)
        return self

    def _matrix(self, bought: pd.DataFrame, as_of: datetime, settings: NextProductSettings) -> tuple[Any, list[str]]:
        from scipy import sparse

        place = {name: column for column, name in enumerate(self.items_)}
        column = bought["item"].map(place)
        kept = bought[column.notna().to_numpy()]
        columns = column.dropna().to_numpy(dtype=np.int64)
        rows, customers = pd.factorize(bought["customer_id"].astype("object"))
        age = (pd.Timestamp(as_of.replace(tzinfo=None)) - kept["last_at"]).dt.total_seconds().to_numpy() / 86_400
        weight = np.log1p(kept["orders"].to_numpy(dtype=np.float64)) * 0.5 ** (age / settings.half_life_days)
        shape = (len(customers), len(self.items_))
        matrix = sparse.csr_matrix((weight, (rows[column.notna().to_numpy()], columns)), shape=shape)
        return matrix, [str(name) for name in customers]

    def recommend(
        self,
        bought: pd.DataFrame,
        as_of: datetime,
        *,
        customers: Sequence[str] | None = None,
        count: int = 5,
        new_only: bool = True,
        names: dict[str, str] | None = None,
        looks: pd.DataFrame | None = None,
        timezone: str = "UTC",
    ) -> pd.DataFrame:
        """The best items for each customer.

        Parameters
        ----------
        bought : DataFrame
            `purchases` of the customers asked for.
        as_of : datetime
            Now.
        customers : sequence of str, optional
            Those asked for; all in `bought` by default. A customer without purchases gets what sells best.
        count : int
            Items per customer.
        new_only : bool
            Leave out what the customer has bought in the span of `bought`.
        names : dict, optional
            Item → name shown beside it and in the texts; an item without one is shown by its code.
        looks : DataFrame, optional
            `looked_at`: what the customers looked at and did not buy since. An item bought earlier is offered again if
            it was looked at.
        timezone : str
            Business zone, in which the day of a look is told.

        Returns
        -------
        DataFrame
            customer_id, rank (1 …), item, name, score, because (the own item that speaks for it most, None for best
            sellers and for what was looked at), looked_at (NaT unless the look speaks for it), text_en, text_zh.
        """
        settings = self.settings or NextProductSettings()
        matrix, known = self._matrix(bought, as_of, settings)
        if customers is not None:
            place = {name: row for row, name in enumerate(known)}
            empty = matrix.shape[0]
            from scipy import sparse

            matrix = sparse.vstack([matrix, sparse.csr_matrix((1, matrix.shape[1]))]).tocsr()
            matrix = matrix[[place.get(name, empty) for name in customers]]
            known = list(customers)
        seen = self._looked(looks, known, as_of, settings)
        parts = [
            self._top(matrix[start : start + BLOCK], seen[start : start + BLOCK], count, new_only, settings)
            for start in range(0, len(known), BLOCK)
        ]
        top = np.concatenate([part[0] for part in parts]) if parts else np.zeros((0, count), dtype=np.int64)
        score = np.concatenate([part[1] for part in parts]) if parts else np.zeros((0, count))
        because = np.concatenate([part[2] for part in parts]) if parts else np.zeros((0, count), dtype=np.int64)
        width = top.shape[1]
        items = np.array([*self.items_, None], dtype=object)
        table: pd.DataFrame = pd.DataFrame(
            {
                "customer_id": np.repeat(np.array(known, dtype=object), width),
                "rank": np.tile(np.arange(1, width + 1), len(known)),
                "item": items[top.ravel()],
                "score": np.round(score.ravel(), 6),
                "because": items[because.ravel()],
            }
        )
        table = table.loc[np.isfinite(score.ravel())].reset_index(drop=True)
        shown = names or {}
        table.insert(3, "name", [shown.get(name, name) for name in table["item"].tolist()])
        table["looked_at"] = _moments_of(table, looks)
        looked = table["looked_at"].notna().tolist()
        own = [None if seen_it else name for seen_it, name in zip(looked, table["because"].tolist(), strict=True)]
        table["because"] = pd.Series(own, index=table.index, dtype=object)
        return self._in_words(table, shown, timezone)

    @staticmethod
    def _in_words(table: pd.DataFrame, names: dict[str, str], timezone: str) -> pd.DataFrame:
        pairs = list(zip(table["because"].tolist(), table["looked_at"].tolist(), strict=True))
        for lang in LANGUAGES:
            told = []
            for name, looked in pairs:
                if not pd.isna(looked):
                    day = local_time(looked.to_pydatetime(), timezone)
                    told.append(message("next_product.looked", lang, day=formats.day_of_year(day, lang)))
                elif name is not None:
                    told.append(message("next_product.goes_with", lang, name=names.get(name, name)))
                else:
                    told.append(message("next_product.best_seller", lang))
            table[f"text_{lang}"] = told
        return table

    def _looked(
        self, looks: pd.DataFrame | None, known: Sequence[str], as_of: datetime, settings: NextProductSettings
    ) -> Any:
        """Customers × items: how much a look still counts, from 0 to 1."""
        from scipy import sparse

        shape = (len(known), len(self.items_))
        if looks is None or looks.empty:
            return sparse.csr_matrix(shape)
        rows = pd.Index(known).get_indexer(pd.Index(looks["customer_id"]))
        columns = pd.Index(self.items_).get_indexer(pd.Index(looks["item"]))
        kept = (rows >= 0) & (columns >= 0)
        age = (pd.Timestamp(as_of.replace(tzinfo=None)) - looks["looked_at"]).dt.total_seconds().to_numpy() / 86_400
        weight = 0.5 ** (age / settings.look_half_life_days)
        return sparse.csr_matrix((weight[kept], (rows[kept], columns[kept])), shape=shape)

    def _top(
        self, matrix: Any, looks: Any, count: int, new_only: bool, settings: NextProductSettings
    ) -> tuple[NDArray[np.int64], Floats, NDArray[np.int64]]:
        scores = np.asarray(matrix @ self.weights_, dtype=np.float64)
        dense = np.asarray(matrix.todense(), dtype=np.float64)
        seen = np.asarray(looks.todense(), dtype=np.float64)
        best_own = np.where(dense > 0, 0.0, scores).max(axis=1, keepdims=True, initial=0.0)
        scores += settings.look_weight * seen * np.where(best_own > 0, best_own, 1.0)
        if new_only:
            scores[(dense > 0) & (seen == 0)] = -np.inf
        else:
            scores += settings.own_weight * dense
        # popularity decides between equals, and speaks alone where nothing is known
        scores += 1e-9 * self.buyers_ / max(int(self.buyers_.max(initial=1)), 1)
        width = min(count, scores.shape[1])
        top = np.argsort(-scores, axis=1, kind="stable")[:, :width]
        best = np.take_along_axis(scores, top, axis=1)
        because = np.full(top.shape, len(self.items_), dtype=np.int64)
        for rank in range(width):
            support = dense * self.weights_[:, top[:, rank]].T
            strongest = support.argmax(axis=1)
            speaks = np.take_along_axis(support, strongest[:, None], axis=1)[:, 0] > 0
            because[speaks, rank] = strongest[speaks]
        return top.astype(np.int64), best, because
