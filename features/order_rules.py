"""The amount rule and the return rule of an order line: once, for files and for histories sent in a call.

**Amount.** Where a line has no amount, it is quantity (nine decimals) by unit price, less the discount, in four
decimals, halves away from zero. **Return.** A line whose order id starts with the prefix of the settings is one, and
its amount is negative whatever its sign was; any other negative amount is a return only where the settings allow it.

Files are read in bulk by the engine and calls row by row, so each rule has two forms that stand side by side: an SQL
expression and a function. A test holds the two to the same answers.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

from configs.settings import ReturnRule
from features.connection import literal

MONEY_PLACES = Decimal("0.0001")
QUANTITY_PLACES = Decimal("0.000000001")
DIGITS = 500
"""Digits that are counted with; no number of a call is longer."""


def round_money(amount: Decimal) -> Decimal:
    """An amount as the tables keep it: four decimals, halves away from zero, however many digits it has before."""
    with localcontext(prec=DIGITS):
        return amount.quantize(MONEY_PLACES, rounding=ROUND_HALF_UP)


def gross_sql(quantity: str, unit_price: str) -> str:
    """Quantity by price, exact; null where it is out of range."""
    return f"TRY({quantity}::DECIMAL(28,9) * {unit_price}::DECIMAL(18,4))"


def derived_amount_sql(quantity: str, unit_price: str, discount: str | None) -> str:
    """The amount of a line that has none; null where it is out of range."""
    less = f" - coalesce({discount}, 0)" if discount else ""
    return f"TRY(({gross_sql(quantity, unit_price)}{less})::DECIMAL(18,4))"


def derived_amount(quantity: float, unit_price: Decimal, discount: Decimal | None) -> Decimal:
    """The amount of a line that has none.

    Examples
    --------
    >>> derived_amount(3.0, Decimal("1.2500"), Decimal("0.5"))
    Decimal('3.2500')
    """
    with localcontext(prec=60):  # a quantity of 13 digits and 9 decimals times a price of 14 and 4 is exact
        counted = Decimal(repr(quantity)).quantize(QUANTITY_PLACES, rounding=ROUND_HALF_UP)
        gross = counted * unit_price - (discount or Decimal(0))
    return round_money(gross)


def marked_sql(order_id: str, rules: ReturnRule) -> str | None:
    """Whether an order id marks a return; None where the settings have no prefix."""
    return f"starts_with({order_id}, {literal(rules.order_prefix)})" if rules.order_prefix else None


def is_marked(order_id: str, rules: ReturnRule) -> bool:
    """Whether an order id marks a return."""
    return bool(rules.order_prefix) and order_id.startswith(str(rules.order_prefix))


def signed_sql(amount: str, order_id: str, rules: ReturnRule) -> str:
    """The amount with the sign that the order id asks for."""
    marked = marked_sql(order_id, rules)
    return f"CASE WHEN {marked} THEN -abs({amount}) ELSE {amount} END" if marked else amount


def signed(amount: Decimal, order_id: str, rules: ReturnRule) -> Decimal:
    """The amount with the sign that the order id asks for."""
    return -abs(amount) if is_marked(order_id, rules) else amount


def refused_sql(amount: str, order_id: str | None, rules: ReturnRule) -> str | None:
    """Whether an amount is negative though nothing makes it a return; None where every negative amount may be one."""
    if rules.negative_amount:
        return None
    marked = marked_sql(order_id, rules) if order_id else None
    return f"{amount} < 0 AND NOT {marked}" if marked else f"{amount} < 0"


def is_refused(amount: Any, order_id: str, rules: ReturnRule) -> bool:
    """Whether an amount is negative though nothing makes it a return."""
    return bool(amount < 0) and not rules.negative_amount and not is_marked(order_id, rules)
