"""The value of an order, and orders at another level of activity."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from models.encoding import Encoded, Encoder
from models.level.leveling import orders_at_activity
from models.order_value import OrderValue


def test_parts_and_state(world) -> None:
    encoded = Encoder(world.context.feature_set).fit(world.frame).transform(world.test_frame)
    value = OrderValue.fit(encoded)
    assert value is not None
    log_value = value.log_value(encoded)
    np.testing.assert_allclose(np.log(value.contributions(encoded).predict()), log_value, rtol=1e-12)
    own = world.test_frame["mean_order_value_ever"].to_numpy()
    many = world.test_frame["orders_ever"].to_numpy() > 20
    assert np.corrcoef(log_value[many], np.log(own[many]))[0, 1] > 0.98
    assert np.ptp(log_value[world.test_frame["orders_ever"].to_numpy() == 0]) == 0
    again = OrderValue.from_state(value.state())
    np.testing.assert_array_equal(again.log_value(encoded), log_value)
    with pytest.raises(ValueError, match="order value"):
        OrderValue.from_state(value.state() | {"q": -1.0})


def test_a_log_without_spend_has_no_value_of_an_order() -> None:
    assert OrderValue.fit(Encoded(np.zeros((3, 1)), ("noise",), pd.RangeIndex(3), None, None)) is None


@pytest.mark.parametrize(("shape", "mean", "factor"), [(0.45, 3.7, 0.5), (1.0, 0.8, 1.6), (5.0, 2.0, 0.8)])
def test_unequal_buyers_follow_the_level_as_their_rates_do(shape: float, mean: float, factor: float) -> None:
    def active(orders: float) -> float:
        return 1 - (1 + orders / shape) ** -shape

    moved = orders_at_activity(active(mean), active(mean * factor), mean)
    assert moved == pytest.approx(mean * factor, rel=1e-6)


def test_equal_and_regular_buyers_follow_the_poisson_law() -> None:
    assert orders_at_activity(1 - np.exp(-2.0), 1 - np.exp(-1.0), 2.0) == pytest.approx(1.0, rel=1e-4)
    assert orders_at_activity(0.9, 0.8, 1.0) == pytest.approx(np.log(0.2) / np.log(0.1))
    assert orders_at_activity(0.4, 0.4, 3.0) == pytest.approx(3.0, rel=1e-6)
