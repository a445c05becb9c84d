SELECT
  *
FROM (
  SELECT
    "t2"."product_id" AS "item",
    CAST(SUM("t2"."amount") AS DOUBLE) AS "spent",
    SUM("t2"."quantity") AS "quantity",
    MAX("t2"."category") AS "line_category"
  FROM (
    SELECT
      *
    FROM (
      SELECT
        *
      FROM "transactions" AS "t0"
      WHERE
        "t0"."occurred_at" < MAKE_TIMESTAMP(2024, 3, 1, 0, 0, 0.0)
        AND (
          (
            "t0"."recorded_at" IS NULL
          )
          OR (
            "t0"."recorded_at" <= MAKE_TIMESTAMP(2024, 3, 1, 0, 0, 0.0)
          )
        )
    ) AS "t1"
    WHERE
      "t1"."amount" > 0 AND "t1"."product_id" IS NOT NULL
  ) AS "t2"
  GROUP BY
    1
) AS "t3"
ORDER BY
  "t3"."item" ASC
