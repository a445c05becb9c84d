"""Reasons as `shap.Explanation`, so that shap's own pictures and a data team's habits work on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from holdfast._calls import Moment, features

if TYPE_CHECKING:
    import pandas as pd

    from configs.settings import Settings
    from features.data import Tables
    from retention.scoring.scorer import Scorer


def explain(
    settings: Settings,
    tables: Tables | None = None,
    *,
    as_of: Moment = None,
    customers: Sequence[str] | None = None,
    frame: pd.DataFrame | None = None,
    what: Literal["churn", "spend", "lifetime"] = "churn",
    scorer: Scorer | None = None,
) -> Any:
    """Why the model says what it says, as an object that shap's pictures take.

    Base and values add up to the prediction on its own scale: log-odds of the churn probability, logarithm of expected
    spend and of lifetime value. They describe the model, not a cause.

    Parameters
    ----------
    settings : Settings
        See `load_settings`.
    tables : Tables, optional
        Of `open_tables` or `tables_from_arrow`; by default those of the settings.
    as_of : str, date or datetime, optional
        Nothing at or after it is seen; by default the midnight after the last event.
    customers : sequence of str, optional
        Only these.
    frame : DataFrame, optional
        Of `features`: explained as it is.
    what : {"churn", "spend", "lifetime"}
        Which prediction.
    scorer : Scorer, optional
        Another model than the one in use, or one loaded before.

    Returns
    -------
    shap.Explanation, shape (customers, parts)
        One column per feature, and per step after the trees (`calibration`, `level`), whose value is empty.

    Raises
    ------
    HoldfastError
        The extra `train`, which brings shap, is not installed; or the log has no amounts and so no spend.

    Examples
    --------
    >>> import holdfast
    >>> explanation = holdfast.explain(holdfast.load_settings("holdfast.yaml"))
    >>> len(explanation.feature_names) == explanation.values.shape[1]
    True
    """
    from configs.errors import SettingsError
    from configs.extras import require
    from reporting.contribution_plots import explanation
    from retention.scoring.scorer import load_scorer

    require("shap", task="`holdfast.explain`")
    chosen = load_scorer(settings) if scorer is None else scorer
    if frame is None:
        frame = features(settings, tables, as_of=as_of, customers=customers, scorer=chosen)
    parts = chosen.suite.contributions(frame)
    if what not in parts:
        raise SettingsError("part_not_explained", code="not_explained", value=what, names=", ".join(parts))
    return explanation(parts[what], frame)
