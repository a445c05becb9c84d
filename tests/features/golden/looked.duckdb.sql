SELECT
  *
FROM (
  SELECT
    "t12"."customer_id",
    "t12"."item",
    "t12"."looks",
    "t12"."looked_at"
  FROM (
    SELECT
      *
    FROM (
      SELECT
        "t8"."customer_id",
        "t8"."item",
        "t8"."looks",
        "t8"."looked_at",
        "t10"."buyer",
        "t10"."thing",
        "t10"."bought_at"
      FROM (
        SELECT
          "t4"."customer_id",
          "t4"."product_id" AS "item",
          COUNT(*) AS "looks",
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
            AND "t2"."product_id" IS NOT NULL
            AND "t2"."occurred_at" >= MAKE_TIMESTAMP(2024, 1, 1, 0, 0, 0.0)
        ) AS "t4"
        GROUP BY
          1,
          2
      ) AS "t8"
      LEFT OUTER JOIN (
        SELECT
          "t7"."customer_id" AS "buyer",
          "t7"."product_id" AS "thing",
          MAX("t7"."occurred_at") AS "bought_at"
        FROM (
          SELECT
            *
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
          WHERE
            "t5"."product_id" IS NOT NULL
        ) AS "t7"
        GROUP BY
          1,
          2
      ) AS "t10"
        ON "t8"."customer_id" = "t10"."buyer" AND "t8"."item" = "t10"."thing"
    ) AS "t11"
    WHERE
      (
        "t11"."bought_at" IS NULL
      ) OR (
        "t11"."bought_at" < "t11"."looked_at"
      )
  ) AS "t12"
) AS "t13"
ORDER BY
  "t13"."customer_id" ASC,
  "t13"."looked_at" DESC,
  "t13"."item" ASC
