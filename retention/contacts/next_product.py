"""What to offer next: products (or categories) that go with what a customer has bought.

A linear item-item model with a closed form (Steck 2019, Embarrassingly Shallow Autoencoders for Sparse Data, eq. 8):
with X customers × items and ``P = (X'X + lambda I)^-1``, the weights are ``B = -P / diag(P)`` with a zero diagonal,
and ``X B`` scores every item for every customer. A purchase counts less the longer ago it was. For what to offer anew,
items already bought are left out; for what to reorder, the customer's own purchases are added.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configs.catalogue import LANGUAGES, text
from configs.errors import NotEnoughDataError

if TYPE_CHECKING:
    from features.engine import Tables

Floats = NDArray[np.float64]
Item = Literal["product_id", "category"]
MIN_CUSTOMERS = 50


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
    """

    max_items: int = 2_000
    half_life_days: float = 180.0
    ridge: float = 2.0
    own_weight: float = 1.0


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

        Returns
        -------
        DataFrame
            customer_id, rank (1 …), item, name, score, because (the own item that speaks for it most, None for best
            sellers), text_en, text_zh.
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
        parts = [
            self._top(matrix[start : start + 2_000], count, new_only, settings) for start in range(0, len(known), 2_000)
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
        reasons = [None if name is None else shown.get(name, name) for name in table["because"].tolist()]
        table.insert(3, "name", [shown.get(name, name) for name in table["item"].tolist()])
        for lang in LANGUAGES:
            table[f"text_{lang}"] = [
                text("next_product.goes_with", lang, name=name) if name else text("next_product.best_seller", lang)
                for name in reasons
            ]
        return table

    def _top(
        self, matrix: Any, count: int, new_only: bool, settings: NextProductSettings
    ) -> tuple[NDArray[np.int64], Floats, NDArray[np.int64]]:
        scores = np.asarray(matrix @ self.weights_, dtype=np.float64)
        dense = np.asarray(matrix.todense(), dtype=np.float64)
        if new_only:
            scores[dense > 0] = -np.inf
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
