"""Made-up orders and the forms in which shops export them; what must come out of each is known exactly."""

from __future__ import annotations

import csv
import io
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

Row = dict[str, Any]


@dataclass
class Layout:
    """Files to write and the canonical rows that they hold."""

    files: dict[str, bytes]
    expected: set[tuple[str, ...]]
    columns: tuple[str, ...]
    settings: dict[str, Any] = field(default_factory=dict)

    def write(self, folder: Path) -> list[Path]:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in self.files.items():
            (folder / name).write_bytes(data)
        return [folder / name for name in self.files]


def made_orders(customers: int = 40, seed: int = 3, *, lines: int = 3, start: str = "2023-01-03") -> list[Row]:
    """Orders in time: number, customer, moment, and lines of product, quantity and price."""
    draw = random.Random(seed)
    moments = []
    for customer in range(customers):
        time, pace = draw.uniform(0, 60), draw.uniform(10, 50)
        while time < 500:
            moments.append((time, customer))
            time += draw.expovariate(1 / pace) + 0.5
    orders = []
    for number, (time, customer) in enumerate(sorted(moments)):
        moment = datetime.fromisoformat(start) + timedelta(minutes=int(time * 1440))
        items = [
            {
                "product": f"P{draw.randint(100, 130)}",
                "quantity": draw.choice((1, 1, 2, 3)),
                "price": draw.randint(199, 8999),
            }
            for _ in range(draw.randint(1, lines))
        ]
        orders.append(
            {"number": 1001 + number, "customer": f"{10_000 + customer * 7}", "moment": moment, "items": items}
        )
    return orders


def csv_bytes(
    header: list[str] | None,
    rows: list[list[Any]],
    *,
    delimiter: str = ",",
    encoding: str = "utf-8",
    before: str = "",
    end: str = "\n",
) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end)
    if header is not None:
        writer.writerow(header)
    writer.writerows(rows)
    return (before + text.getvalue()).encode(encoding)


def cents(value: int) -> str:
    return f"{Decimal(value) / 100:.2f}"


def canonical(orders: list[Row], *, hours: int = 0) -> set[tuple[str, ...]]:
    """(customer, order, moment in UTC, product, amount, how often) of every line."""
    counted: dict[tuple[str, ...], int] = {}
    for order in orders:
        for item in order["items"]:
            key = (
                order["customer"], str(order["number"]), str(order["moment"] - timedelta(hours=hours)), item["product"],
                cents(item["quantity"] * item["price"]),
            )  # fmt: skip
            counted[key] = counted.get(key, 0) + 1
    return {(*key, str(count)) for key, count in counted.items()}


LINES = ("customer_id", "order_id", "occurred_at", "product_id", "amount")


def totals(orders: list[Row], *, hours: int = 0) -> set[tuple[str, ...]]:
    """(customer, order, moment, amount, 1) of every order."""
    return {
        (
            order["customer"],
            str(order["number"]),
            str(order["moment"] - timedelta(hours=hours)),
            cents(total(order)),
            "1",
        )
        for order in orders
    }


ORDERS = ("customer_id", "order_id", "occurred_at", "amount")


def total(order: Row) -> int:
    return sum(item["quantity"] * item["price"] for item in order["items"])


def shopify() -> Layout:
    """Order-level cells on the first line only; offsets without a colon; a few refunded orders."""
    orders = made_orders()
    rows = []
    for place, order in enumerate(orders):
        refunded = place % 17 == 5
        for number, item in enumerate(order["items"]):
            first = number == 0
            rows.append([
                f"#{order['number']}", f"{order['customer']}@example.org",
                ("refunded" if refunded else "paid") if first else "", "USD" if first else "",
                cents(total(order)) if first else "", cents(total(order) + 500) if first else "",
                f"{order['moment']:%Y-%m-%d %H:%M:%S} -0500", item["quantity"], f"Thing {item['product']}",
                cents(item["price"]), item["product"],
            ])  # fmt: skip
    header = ["Name", "Email", "Financial Status", "Currency", "Subtotal", "Total", "Created at", "Lineitem quantity",
              "Lineitem name", "Lineitem price", "Lineitem sku"]  # fmt: skip
    kept = [
        order | {"number": f"#{order['number']}", "customer": f"{order['customer']}@example.org"}
        for place, order in enumerate(orders)
        if place % 17 != 5
    ]
    return Layout({"orders_export.csv": csv_bytes(header, rows)}, canonical(kept, hours=-5), LINES, {"currency": "USD"})


def woocommerce() -> Layout:
    """One line an item, the order's total repeated, guests with the customer id 0, states with names."""
    orders = made_orders(seed=8)
    rows = []
    for place, order in enumerate(orders):
        status = "cancelled" if place % 11 == 3 else "completed"
        for number, item in enumerate(order["items"]):
            rows.append([
                order["number"], order["number"], f"{order['moment']:%Y-%m-%d %H:%M:%S}", status, cents(total(order)),
                "EUR",
                0 if place % 3 else order["customer"], f"c{order['customer']}@example.org", item["product"], number + 1,
                item["quantity"], cents(item["quantity"] * item["price"]),
            ])  # fmt: skip
    header = ["order_id", "order_number", "date", "status", "order_total", "order_currency", "customer_id",
              "billing_email",
              "item_sku", "item_number", "item_quantity", "item_total"]  # fmt: skip
    kept = [
        order | {"customer": f"c{order['customer']}@example.org"}
        for place, order in enumerate(orders)
        if place % 11 != 3
    ]
    return Layout({"orders.csv": csv_bytes(header, rows)}, canonical(kept), LINES, {"currency": "EUR"})


def youzan() -> Layout:
    """Chinese export in GB 18030, closed orders, phone numbers as customers."""
    orders = made_orders(seed=21)
    rows = []
    for place, order in enumerate(orders):
        status = "交易关闭" if place % 9 == 4 else "交易完成"
        for item in order["items"]:
            rows.append([
                f"E2023{order['number']}", status, f"{order['moment']:%Y-%m-%d %H:%M:%S}", "张三",
                f"138{order['customer']:0>8}",
                f"商品{item['product']}", item["product"], cents(item["price"]), item["quantity"],
                cents(item["quantity"] * item["price"]),
            ])  # fmt: skip
    header = ["订单号", "订单状态", "订单创建时间", "买家姓名", "买家手机号", "商品名称", "商品编码",
              "商品单价", "商品数量",
              "商品实际成交金额"]  # fmt: skip
    kept = [
        order | {"number": f"E2023{order['number']}", "customer": f"138{order['customer']:0>8}"}
        for place, order in enumerate(orders)
        if place % 9 != 4
    ]
    return Layout(
        {"订单.csv": csv_bytes(header, rows, encoding="gb18030")}, canonical(kept, hours=8), LINES,
        {"currency": "CNY", "timezone": "Asia/Shanghai"},
    )  # fmt: skip


def taobao() -> Layout:
    """One row an order; unpaid orders, ids wrapped as formulas, yuan."""
    orders = made_orders(seed=22)
    rows = []
    for place, order in enumerate(orders):
        unpaid = place % 13 == 6
        rows.append([
            f'="7700{order["number"]}"', f"买家{order['customer']}", cents(total(order) + 800),
            "0.00" if unpaid else cents(total(order)), "等待买家付款" if unpaid else "交易成功",
            f"{order['moment']:%Y-%m-%d %H:%M:%S}", "" if unpaid else f"{order['moment']:%Y-%m-%d %H:%M:%S}", "宝贝",
        ])  # fmt: skip
    header = [
        "订单编号",
        "买家会员名",
        "总金额",
        "买家实际支付金额",
        "订单状态",
        "订单创建时间",
        "订单付款时间",
        "宝贝标题",
    ]
    kept = [
        order | {"number": f"7700{order['number']}", "customer": f"买家{order['customer']}"}
        for place, order in enumerate(orders)
        if place % 13 != 6
    ]
    return Layout(
        {"ExportOrderList.csv": csv_bytes(header, rows, encoding="gb18030", end="\r\n")}, totals(kept, hours=8), ORDERS,
        {"currency": "CNY"},
    )  # fmt: skip


def uci() -> Layout:
    """UCI Online Retail: price × quantity, cancellations with C before the number, month before day."""
    orders = made_orders(seed=31)
    rows, kept = [], []
    for place, order in enumerate(orders):
        back = place % 14 == 7
        number = f"{'C' if back else ''}{530_000 + order['number']}"
        items = []
        for item in order["items"]:
            quantity = -item["quantity"] if back else item["quantity"]
            rows.append([
                number, item["product"], f"SET {item['product']}", quantity, f"{order['moment']:%m/%d/%Y %H:%M}",
                cents(item["price"]), order["customer"], "United Kingdom",
            ])  # fmt: skip
            items.append(item | {"quantity": quantity})
        kept.append(order | {"number": number, "items": items})
    header = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"]
    files = {"online_retail.csv": csv_bytes(header, rows, encoding="cp1252")}
    expected = {(*row[:2], _london(row[2]), *row[3:]) for row in canonical(kept)}
    return Layout(files, expected, LINES, {"currency": "GBP", "timezone": "Europe/London"})


def _london(text: str) -> str:
    from zoneinfo import ZoneInfo

    moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/London"))
    return str(moment.astimezone(ZoneInfo("UTC")).replace(tzinfo=None))


def northwind() -> Layout:
    """Orders, their items, customers and products in files of their own; the discount is a share of the price."""
    orders = made_orders(seed=41)
    heads = [
        [o["number"], o["customer"], f"{o['moment']:%Y-%m-%d %H:%M:%S}", f"{o['moment']:%Y-%m-%d}"] for o in orders
    ]
    items, kept = [], []
    for place, order in enumerate(orders):
        share = Decimal("0.25") if place % 4 == 1 else Decimal(0)
        sold = []
        # one line a product, as in the original
        for item in {item["product"]: item for item in order["items"]}.values():
            item = item | {"price": item["price"] // 4 * 4}
            items.append([order["number"], item["product"], cents(item["price"]), item["quantity"], share])
            sold.append(item | {"price": int(item["price"] * (1 - share))})
        kept.append(order | {"items": sold})
    people = sorted({order["customer"] for order in orders})
    files = {
        "Orders.csv": csv_bytes(["OrderID", "CustomerID", "OrderDate", "RequiredDate"], heads),
        "Order Details.csv": csv_bytes(["OrderID", "ProductID", "UnitPrice", "Quantity", "Discount"], items),
        "Customers.csv": csv_bytes(
            ["CustomerID", "CompanyName", "Country"], [[name, f"Firm {name}", "Germany"] for name in people]
        ),
        "Products.csv": csv_bytes(["ProductID", "ProductName"], [[f"P{n}", f"Tea {n}"] for n in range(100, 131)]),
    }
    return Layout(files, canonical(kept), LINES)


def olist() -> Layout:
    """The public Olist files: the ready mapping fits."""
    orders = made_orders(seed=51)
    statuses = ["canceled" if place % 19 == 2 else "delivered" for place in range(len(orders))]
    numbers = {order["number"]: f"o{order['number']}" for order in orders}
    files = {
        "olist_orders_dataset.csv": csv_bytes(
            ["order_id", "customer_id", "order_status", "order_purchase_timestamp", "order_estimated_delivery_date",
             "order_delivered_customer_date"],
            [[numbers[o["number"]], f"t{o['number']}", status, o["moment"], o["moment"].date(), o["moment"].date()]
             for o, status in zip(orders, statuses, strict=True)],
        ),
        "olist_order_items_dataset.csv": csv_bytes(
            ["order_id", "order_item_id", "product_id", "price", "freight_value"],
            [[numbers[o["number"]], place + 1, item["product"], cents(item["quantity"] * item["price"]), "9.90"]
             for o in orders for place, item in enumerate(o["items"])],
        ),
        "olist_customers_dataset.csv": csv_bytes(
            ["customer_id", "customer_unique_id", "customer_state"],
            [[f"t{o['number']}", o["customer"], "SP"] for o in orders]
        ),
        "olist_products_dataset.csv": csv_bytes(
            ["product_id", "product_category_name"], [[f"P{n}", "toys"] for n in range(100, 131)]
        ),
        "olist_order_reviews_dataset.csv": csv_bytes(
            ["review_id", "order_id", "review_score", "review_comment_message", "review_creation_date",
             "review_answer_timestamp"],
            [[f"r{o['number']}", numbers[o["number"]], 4, "bom", o["moment"], o["moment"]] for o in orders],
        ),
    }  # fmt: skip
    kept = [
        order | {"number": numbers[order["number"]]}
        for order, status in zip(orders, statuses, strict=True)
        if status == "delivered"
    ]
    return Layout(files, canonical(kept, hours=-3), LINES, {"mapping": "olist"})


def german() -> Layout:
    """A German till: semicolons, decimal comma, days with dots, a title above, walk-ins as one customer."""
    orders = made_orders(seed=61)
    rows = [
        [o["number"], f"{o['moment']:%d.%m.%Y %H:%M}", "Laufkunde" if place % 8 == 1 else o["customer"],
         item["product"], item["quantity"], cents(item["quantity"] * item["price"]).replace(".", ",")]
        for place, o in enumerate(orders)
        for item in o["items"]
    ]  # fmt: skip
    header = ["Beleg-Nr.", "Belegdatum", "Kundennummer", "Artikelnummer", "Menge", "Betrag (EUR)"]
    kept = [order for place, order in enumerate(orders) if place % 8 != 1]
    files = {
        "umsatz.csv": csv_bytes(header, rows, delimiter=";", encoding="cp1252", before="Umsätze der Filiale Köln\n\n")
    }
    return Layout(files, canonical(kept), LINES, {"currency": "EUR", "nobody": ["Laufkunde"]})


def spanish() -> Layout:
    orders = made_orders(seed=71)
    rows = [[o["number"], f"{o['moment']:%d/%m/%Y}", o["customer"], cents(total(o)).replace(".", ",")] for o in orders]
    header = ["Número de pedido", "Fecha de compra", "Código de cliente", "Importe total"]
    kept = [o | {"moment": o["moment"].replace(hour=0, minute=0)} for o in orders]
    return Layout({"ventas.csv": csv_bytes(header, rows, delimiter=";", encoding="cp1252")}, totals(kept), ORDERS)


def french() -> Layout:
    orders = made_orders(seed=81)
    rows = [[o["number"], f"{o['moment']:%d/%m/%Y %H:%M}", o["customer"], cents(total(o))] for o in orders]
    header = ["N° commande", "Date d'achat", "Numéro client", "Montant TTC"]
    return Layout({"commandes.tsv": csv_bytes(header, rows, delimiter="\t")}, totals(orders), ORDERS)


def chinese_till() -> Layout:
    """Money with ¥, days in Chinese, walk-ins, UTF-16."""
    orders = made_orders(seed=91)
    rows = [
        ["散客" if place % 7 == 2 else f"VIP{o['customer']}",
         f"{o['moment'].year}年{o['moment'].month}月{o['moment'].day}日",
         o["number"], f"¥{Decimal(total(o)) / 100:,.2f}"]
        for place, o in enumerate(orders)
    ]  # fmt: skip
    kept = [
        o | {"customer": f"VIP{o['customer']}", "moment": o["moment"].replace(hour=0, minute=0)}
        for place, o in enumerate(orders)
        if place % 7 != 2
    ]
    return Layout(
        {"流水.csv": csv_bytes(["会员卡号", "消费日期", "小票号", "实收金额"], rows, encoding="utf-16")},
        totals(kept, hours=8), ORDERS,
        {"currency": "CNY"},
    )  # fmt: skip


def bare() -> Layout:
    """No header, blanks between the cells: only the values tell what is what."""
    orders = made_orders(seed=101)
    text = "".join(
        f" {o['customer']} {o['moment']:%Y%m%d} {sum(i['quantity'] for i in o['items'])} {cents(total(o))}\n"
        for o in orders
    )
    expected: dict[tuple[str, ...], int] = {}
    for o in orders:
        day = o["moment"].replace(hour=0, minute=0)
        key = (o["customer"], f"{o['customer']}@{day.isoformat()}", str(day), cents(total(o)))
        expected[key] = expected.get(key, 0) + 1
    return Layout({"log.txt": text.encode()}, {(*key, str(n)) for key, n in expected.items()}, ORDERS)


def order_totals() -> Layout:
    """Items without prices, the order's total on each of its lines: it counts once."""
    orders = list(made_orders(seed=111))
    rows = [
        [o["customer"], o["number"], f"{o['moment']:%Y-%m-%d %H:%M:%S}", i["product"], cents(total(o))]
        for o in orders
        for i in o["items"]
    ]
    header = ["customer", "order", "date", "sku", "order total"]
    expected: dict[tuple[str, ...], int] = {}
    for o in orders:
        for place, item in enumerate(o["items"]):
            key = (
                o["customer"],
                str(o["number"]),
                str(o["moment"]),
                item["product"],
                cents(total(o)) if place == 0 else "0.00",
            )
            expected[key] = expected.get(key, 0) + 1
    return Layout({"orders.csv": csv_bytes(header, rows)}, {(*key, str(n)) for key, n in expected.items()}, LINES)


def months() -> Layout:
    """One file a month, all of the same columns."""
    orders = made_orders(seed=121)
    header = ["client id", "order no", "ordered at", "total"]
    by_month: dict[str, list[list[Any]]] = {}
    for o in orders:
        row = [o["customer"], o["number"], f"{o['moment']:%Y-%m-%dT%H:%M:%S}", cents(total(o))]
        by_month.setdefault(f"{o['moment']:%Y-%m}", []).append(row)
    return Layout(
        {f"sales-{month}.csv": csv_bytes(header, rows) for month, rows in by_month.items()}, totals(orders), ORDERS
    )


LAYOUTS = {
    made.__name__: made
    for made in (shopify, woocommerce, youzan, taobao, uci, northwind, olist, german, spanish, french, chinese_till,
                 bare,
                 order_totals, months)
}  # fmt: skip
