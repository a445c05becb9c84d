SELECT
  *
FROM (
  SELECT
    "t14"."month",
    SUM(CAST("t14"."at" <= MAKE_TIMESTAMP(2024, 2, 23, 0, 0, 0.0) AS BIGINT)) AS "closed",
    SUM(
      CAST((
        "t14"."at" <= MAKE_TIMESTAMP(2024, 2, 23, 0, 0, 0.0)
      )
      AND (
        (
          "t14"."next_at" IS NOT NULL
        )
        AND (
          "t14"."next_at" < (
            "t14"."at" + INTERVAL '7' DAY
          )
        )
      ) AS BIGINT)
    ) AS "ordered",
    SUM(CAST(NOT (
      "t14"."at" <= MAKE_TIMESTAMP(2024, 2, 23, 0, 0, 0.0)
    ) AS BIGINT)) AS "open"
  FROM (
    SELECT
      *
    FROM (
      SELECT
        "t12"."customer_id",
        "t12"."month",
        "t12"."at",
        "t12"."order_at",
        MIN("t12"."order_at") OVER (
          PARTITION BY "t12"."customer_id"
          ORDER BY "t12"."at" ASC, "t12"."order_at" IS NOT NULL ASC
          ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
        ) AS "next_at"
      FROM (
        SELECT
          *
        FROM (
          SELECT
            "t10"."customer_id",
            "t10"."month",
            "t10"."at",
            CAST(NULL AS TIMESTAMP) AS "order_at"
          FROM (
            SELECT
              "t9"."customer_id",
              "t9"."month",
              CAST(FLOOR(
                (
                  DATE_DIFF('MICROSECOND', "t9"."begin", "t9"."occurred_at")
                ) / (
                  86400000000
                )
              ) AS BIGINT) AS "day",
              MIN("t9"."occurred_at") AS "at"
            FROM (
              SELECT
                *
              FROM (
                SELECT
                  "t5"."interaction_id",
                  "t5"."customer_id",
                  "t5"."occurred_at",
                  "t5"."kind",
                  "t5"."channel",
                  "t5"."direction",
                  "t5"."product_id",
                  "t5"."category",
                  "t5"."recorded_at",
                  CASE
                    WHEN (
                      "t5"."occurred_at" >= MAKE_TIMESTAMP(2024, 1, 1, 0, 0, 0.0)
                    )
                    AND (
                      "t5"."occurred_at" < MAKE_TIMESTAMP(2024, 2, 1, 0, 0, 0.0)
                    )
                    THEN '2024-01'
                    ELSE NULL
                  END AS "month",
                  CASE
                    WHEN (
                      "t5"."occurred_at" >= MAKE_TIMESTAMP(2024, 1, 1, 0, 0, 0.0)
                    )
                    AND (
                      "t5"."occurred_at" < MAKE_TIMESTAMP(2024, 2, 1, 0, 0, 0.0)
                    )
                    THEN MAKE_TIMESTAMP(2024, 1, 1, 0, 0, 0.0)
                    ELSE NULL
                  END AS "begin"
                FROM (
                  SELECT
                    *
                  FROM (
                    SELECT
                      *
                    FROM "interactions" AS "t1"
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
                    "t3"."kind" IN ('cart')
                ) AS "t5"
              ) AS "t8"
              WHERE
                "t8"."month" IS NOT NULL
            ) AS "t9"
            GROUP BY
              1,
              2,
              3
          ) AS "t10"
        ) AS "t11"
        UNION ALL
        SELECT
          *
        FROM (
          SELECT
            "t6"."customer_id",
            CAST(NULL AS TEXT) AS "month",
            "t6"."at",
            "t6"."at" AS "order_at"
          FROM (
            SELECT
              "t4"."customer_id",
              "t4"."order_id",
              MIN("t4"."occurred_at") AS "at"
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
              ) AS "t2"
              WHERE
                "t2"."amount" > 0
            ) AS "t4"
            GROUP BY
              1,
              2
          ) AS "t6"
        ) AS "t7"
      ) AS "t12"
    ) AS "t13"
    WHERE
      "t13"."month" IS NOT NULL
  ) AS "t14"
  GROUP BY
    1
) AS "t15"
ORDER BY
  "t15"."month" ASC
