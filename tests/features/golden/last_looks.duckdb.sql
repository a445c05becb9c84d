SELECT
  *
FROM (
  SELECT
    "t8"."customer_id",
    "t8"."looked_at",
    "t9"."bought_at"
  FROM (
    SELECT
      "t4"."customer_id",
      MAX("t4"."occurred_at") AS "looked_at"
    FROM (
      SELECT
        *
      FROM (
        SELECT
          *
        FROM "interactions" AS "t0"
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
      ) AS "t2"
      WHERE
        "t2"."kind" IN ('browse', 'search', 'cart')
    ) AS "t4"
    GROUP BY
      1
  ) AS "t8"
  LEFT OUTER JOIN (
    SELECT
      "t5"."customer_id" AS "buyer",
      MAX("t5"."occurred_at") AS "bought_at"
    FROM (
      SELECT
        *
      FROM (
        SELECT
          *
        FROM "transactions" AS "t1"
        WHERE
          "t1"."occurred_at" < MAKE_TIMESTAMP(2024, 3, 1, 0, 0, 0.0)
          AND (
            (
              "t1"."recorded_at" IS NULL
            )
            OR (
              "t1"."recorded_at" <= MAKE_TIMESTAMP(2024, 3, 1, 0, 0, 0.0)
            )
          )
      ) AS "t3"
      WHERE
        "t3"."amount" > 0
    ) AS "t5"
    GROUP BY
      1
  ) AS "t9"
    ON "t8"."customer_id" = "t9"."buyer"
) AS "t10"
ORDER BY
  "t10"."customer_id" ASC
