WITH "t26" AS (
  SELECT
    "t23"."customer_id",
    "t23"."order_id",
    MIN("t23"."occurred_at") AS "occurred_at",
    MAX("t23"."occurred_at") AS "until",
    COALESCE(CAST(SUM("t23"."amount") AS DECIMAL(18, 4)), CAST(0 AS DECIMAL(18, 4))) AS "amount"
  FROM (
    SELECT
      "t22".*
      EXCLUDE ("recorded_at")
    FROM (
      SELECT
        *
      FROM (
        SELECT
          "t12"."customer_id",
          "t12"."order_id",
          "t12"."occurred_at",
          "t12"."amount",
          "t12"."product_id",
          "t12"."quantity",
          "t12"."unit_price",
          "t12"."discount",
          "t12"."channel",
          "t12"."recorded_at",
          "t12"."returns_order_id",
          "t12"."promised_at",
          "t12"."delivered_at"
        FROM "transactions" AS "t12"
        SEMI JOIN "wanted" AS "t10"
          ON "t12"."customer_id" = "t10"."wanted_customer"
      ) AS "t20"
      WHERE
        "t20"."occurred_at" < (
          SELECT
            MAX("t0"."as_of") AS "Max(as_of)"
          FROM "cutoffs" AS "t0"
        )
        AND (
          (
            "t20"."recorded_at" IS NULL
          )
          OR (
            "t20"."recorded_at" <= (
              SELECT
                MAX("t0"."as_of") AS "Max(as_of)"
              FROM "cutoffs" AS "t0"
            )
          )
        )
    ) AS "t22"
  ) AS "t23"
  GROUP BY
    1,
    2
), "t31" AS (
  SELECT
    "t28"."customer_id",
    "t28"."product_id",
    MIN("t28"."occurred_at") AS "occurred_at"
  FROM (
    SELECT
      *
    FROM (
      SELECT
        *
      FROM (
        SELECT
          "t22".*
          EXCLUDE ("recorded_at")
        FROM (
          SELECT
            *
          FROM (
            SELECT
              "t12"."customer_id",
              "t12"."order_id",
              "t12"."occurred_at",
              "t12"."amount",
              "t12"."product_id",
              "t12"."quantity",
              "t12"."unit_price",
              "t12"."discount",
              "t12"."channel",
              "t12"."recorded_at",
              "t12"."returns_order_id",
              "t12"."promised_at",
              "t12"."delivered_at"
            FROM "transactions" AS "t12"
            SEMI JOIN "wanted" AS "t10"
              ON "t12"."customer_id" = "t10"."wanted_customer"
          ) AS "t20"
          WHERE
            "t20"."occurred_at" < (
              SELECT
                MAX("t0"."as_of") AS "Max(as_of)"
              FROM "cutoffs" AS "t0"
            )
            AND (
              (
                "t20"."recorded_at" IS NULL
              )
              OR (
                "t20"."recorded_at" <= (
                  SELECT
                    MAX("t0"."as_of") AS "Max(as_of)"
                  FROM "cutoffs" AS "t0"
                )
              )
            )
        ) AS "t22"
      ) AS "t23"
      WHERE
        "t23"."amount" > 0
    ) AS "t25"
    WHERE
      "t25"."product_id" IS NOT NULL
  ) AS "t28"
  GROUP BY
    1,
    2
), "t52" AS (
  SELECT
    "t48"."customer_id",
    "t48"."order_id",
    "t48"."occurred_at",
    "t48"."amount",
    "t48"."amount" > 0 AS "is_order",
    "t48"."amount" < 0 AS "is_return"
  FROM (
    SELECT
      "t43"."customer_id",
      "t43"."order_id",
      "t43"."occurred_at",
      COALESCE(CAST(SUM("t43"."amount") AS DECIMAL(18, 4)), CAST(0 AS DECIMAL(18, 4))) AS "amount"
    FROM (
      SELECT
        "t24"."customer_id",
        "t24"."order_id",
        "t24"."occurred_at",
        "t24"."amount",
        "t24"."product_id",
        "t24"."quantity",
        "t24"."unit_price",
        "t24"."discount",
        "t24"."channel",
        "t24"."returns_order_id",
        "t24"."promised_at",
        "t24"."delivered_at"
      FROM (
        SELECT
          "t22".*
          EXCLUDE ("recorded_at")
        FROM (
          SELECT
            *
          FROM (
            SELECT
              "t12"."customer_id",
              "t12"."order_id",
              "t12"."occurred_at",
              "t12"."amount",
              "t12"."product_id",
              "t12"."quantity",
              "t12"."unit_price",
              "t12"."discount",
              "t12"."channel",
              "t12"."recorded_at",
              "t12"."returns_order_id",
              "t12"."promised_at",
              "t12"."delivered_at"
            FROM "transactions" AS "t12"
            SEMI JOIN "wanted" AS "t10"
              ON "t12"."customer_id" = "t10"."wanted_customer"
          ) AS "t20"
          WHERE
            "t20"."occurred_at" < (
              SELECT
                MAX("t0"."as_of") AS "Max(as_of)"
              FROM "cutoffs" AS "t0"
            )
            AND (
              (
                "t20"."recorded_at" IS NULL
              )
              OR (
                "t20"."recorded_at" <= (
                  SELECT
                    MAX("t0"."as_of") AS "Max(as_of)"
                  FROM "cutoffs" AS "t0"
                )
              )
            )
        ) AS "t22"
      ) AS "t24"
      SEMI JOIN (
        SELECT
          *
        FROM "t26" AS "t29"
        WHERE
          "t29"."occurred_at" < "t29"."until"
      ) AS "t35"
        ON "t24"."customer_id" = "t35"."customer_id" AND "t24"."order_id" = "t35"."order_id"
    ) AS "t43"
    GROUP BY
      1,
      2,
      3
  ) AS "t48"
), "t82" AS (
  SELECT
    "t81"."customer_id",
    "t81"."as_of",
    CAST(SUM(CAST("t81"."is_order" AS BIGINT)) AS DOUBLE) AS "orders__n__0_ever",
    CAST(SUM(CAST("t81"."is_order" AS BIGINT)) FILTER(WHERE
      "t81"."age" < 90) AS DOUBLE) AS "orders__n__0_90",
    CAST(SUM("t81"."amount") FILTER(WHERE
      "t81"."age" < 90) AS DOUBLE) AS "orders__spend__0_90",
    MAX(
      CASE WHEN "t81"."is_order" THEN "t81"."occurred_at" ELSE CAST(NULL AS TIMESTAMP) END
    ) AS "orders__at__0_ever"
  FROM (
    SELECT
      "t80"."customer_id",
      "t80"."order_id",
      "t80"."occurred_at",
      "t80"."amount",
      "t80"."is_order",
      "t80"."is_return",
      "t80"."age_at_last",
      "t80"."as_of",
      "t80"."log_start",
      "t80"."shift",
      "t80"."age_at_last" - "t80"."shift" AS "age"
    FROM (
      SELECT
        "t78"."customer_id",
        "t78"."order_id",
        "t78"."occurred_at",
        "t78"."amount",
        "t78"."is_order",
        "t78"."is_return",
        "t78"."age_at_last",
        "t7"."as_of",
        "t7"."log_start",
        "t7"."shift"
      FROM (
        SELECT
          "t73"."customer_id",
          "t73"."order_id",
          "t73"."occurred_at",
          "t73"."amount",
          "t73"."is_order",
          "t73"."is_return",
          CAST(FLOOR(
            (
              DATE_DIFF(
                'MICROSECOND',
                "t73"."occurred_at",
                (
                  SELECT
                    MAX("t0"."as_of") AS "Max(as_of)"
                  FROM "cutoffs" AS "t0"
                )
              ) - 1
            ) / (
              86400000000
            )
          ) AS BIGINT) AS "age_at_last"
        FROM (
          SELECT
            *
          FROM (
            SELECT
              "t39"."customer_id",
              "t39"."order_id",
              "t39"."occurred_at",
              "t39"."amount",
              "t39"."is_order",
              "t39"."is_return"
            FROM (
              SELECT
                "t32"."customer_id",
                "t32"."order_id",
                "t32"."occurred_at",
                "t32"."until",
                "t32"."amount",
                "t32"."amount" > 0 AS "is_order",
                "t32"."amount" < 0 AS "is_return"
              FROM (
                SELECT
                  *
                FROM "t26" AS "t29"
                WHERE
                  "t29"."occurred_at" = "t29"."until"
              ) AS "t32"
            ) AS "t39"
          ) AS "t42"
          UNION ALL
          SELECT
            *
          FROM (
            SELECT
              "t70"."customer_id",
              "t70"."order_id",
              "t70"."occurred_at",
              "t70"."amount",
              "t70"."is_order",
              "t70"."is_return"
            FROM (
              SELECT
                "t66"."customer_id",
                "t66"."order_id",
                "t66"."occurred_at",
                "t66"."amount",
                "t66"."is_order" AND (
                  "t66"."occurred_at" = "t66"."started_at"
                ) AS "is_order",
                "t66"."is_return",
                "t66"."started_customer",
                "t66"."started_order",
                "t66"."started_at"
              FROM (
                SELECT
                  "t56"."customer_id",
                  "t56"."order_id",
                  "t56"."occurred_at",
                  "t56"."amount",
                  "t56"."is_order",
                  "t56"."is_return",
                  "t63"."started_customer",
                  "t63"."started_order",
                  "t63"."started_at"
                FROM "t52" AS "t56"
                LEFT OUTER JOIN (
                  SELECT
                    "t58"."customer_id" AS "started_customer",
                    "t58"."order_id" AS "started_order",
                    MIN("t58"."occurred_at") AS "started_at"
                  FROM (
                    SELECT
                      *
                    FROM "t52" AS "t54"
                    WHERE
                      "t54"."is_order"
                  ) AS "t58"
                  GROUP BY
                    1,
                    2
                ) AS "t63"
                  ON "t56"."customer_id" = "t63"."started_customer"
                  AND "t56"."order_id" = "t63"."started_order"
              ) AS "t66"
            ) AS "t70"
          ) AS "t72"
        ) AS "t73"
      ) AS "t78"
      INNER JOIN "cutoffs" AS "t7"
        ON "t78"."occurred_at" < "t7"."as_of"
    ) AS "t80"
  ) AS "t81"
  GROUP BY
    1,
    2
)
SELECT
  *
FROM (
  SELECT
    "t89"."customer_id",
    "t89"."as_of",
    "t89"."orders__n__0_90" AS "orders_90d",
    "t89"."orders__spend__0_90" AS "spend_90d",
    CAST(DATE_DIFF('MICROSECOND', "t89"."orders__at__0_ever", "t89"."as_of") AS DOUBLE) / 86400000000.0 AS "days_since_last_order",
    "t89"."prices__spent__0_ever" / NULLIF("t89"."prices__usual__0_ever", 0.0) AS "price_level",
    "t89"."new_categories__n__0_ever" AS "categories_ever",
    "t89"."new_products__n__0_90" AS "new_products_90d"
  FROM (
    SELECT
      "t88"."customer_id",
      "t88"."as_of",
      "t7"."log_start",
      COALESCE("t87"."orders__n__0_90", 0.0) AS "orders__n__0_90",
      COALESCE("t87"."orders__spend__0_90", 0.0) AS "orders__spend__0_90",
      "t87"."orders__at__0_ever",
      COALESCE("t79"."prices__spent__0_ever", 0.0) AS "prices__spent__0_ever",
      COALESCE("t79"."prices__usual__0_ever", 0.0) AS "prices__usual__0_ever",
      COALESCE("t69"."new_categories__n__0_ever", 0.0) AS "new_categories__n__0_ever",
      COALESCE("t64"."new_products__n__0_90", 0.0) AS "new_products__n__0_90"
    FROM (
      SELECT
        *
      FROM (
        SELECT
          "t83"."customer_id",
          "t83"."as_of"
        FROM "t82" AS "t83"
      ) AS "t84"
      UNION
      SELECT
        *
      FROM (
        SELECT
          "t9"."customer_id",
          "t8"."as_of"
        FROM "customers" AS "t9"
        SEMI JOIN "wanted" AS "t10"
          ON "t9"."customer_id" = "t10"."wanted_customer"
        INNER JOIN "cutoffs" AS "t8"
          ON (
            "t9"."acquired_at" IS NULL
          ) OR (
            "t9"."acquired_at" < "t8"."as_of"
          )
      ) AS "t21"
    ) AS "t88"
    INNER JOIN "cutoffs" AS "t7"
      ON "t88"."as_of" = "t7"."as_of"
    LEFT OUTER JOIN (
      SELECT
        "t75"."customer_id" AS "prices_customer",
        "t75"."as_of" AS "prices_as_of",
        "t75"."prices__spent__0_ever",
        "t75"."prices__usual__0_ever"
      FROM (
        SELECT
          "t74"."customer_id",
          "t74"."as_of",
          "t74"."spent" AS "prices__spent__0_ever",
          "t74"."usual" AS "prices__usual__0_ever"
        FROM (
          SELECT
            *
          FROM (
            SELECT
              "t60"."customer_id",
              "t60"."priced_at" AS "as_of",
              CAST(SUM("t60"."spend_0") AS DOUBLE) AS "spent",
              CAST(SUM(
                CAST(ROUND(
                  CASE
                    WHEN CASE
                      WHEN (
                        (
                          CAST("t60"."items_0" AS DOUBLE) / 1000000.0
                        ) * "t60"."unit_price"
                      ) IS NULL
                      THEN (
                        CAST("t60"."items_0" AS DOUBLE) / 1000000.0
                      ) * "t60"."unit_price"
                      ELSE LEAST(
                        9000000000000.0,
                        (
                          CAST("t60"."items_0" AS DOUBLE) / 1000000.0
                        ) * "t60"."unit_price"
                      )
                    END IS NULL
                    THEN CASE
                      WHEN (
                        (
                          CAST("t60"."items_0" AS DOUBLE) / 1000000.0
                        ) * "t60"."unit_price"
                      ) IS NULL
                      THEN (
                        CAST("t60"."items_0" AS DOUBLE) / 1000000.0
                      ) * "t60"."unit_price"
                      ELSE LEAST(
                        9000000000000.0,
                        (
                          CAST("t60"."items_0" AS DOUBLE) / 1000000.0
                        ) * "t60"."unit_price"
                      )
                    END
                    ELSE GREATEST(
                      -9000000000000.0,
                      CASE
                        WHEN (
                          (
                            CAST("t60"."items_0" AS DOUBLE) / 1000000.0
                          ) * "t60"."unit_price"
                        ) IS NULL
                        THEN (
                          CAST("t60"."items_0" AS DOUBLE) / 1000000.0
                        ) * "t60"."unit_price"
                        ELSE LEAST(
                          9000000000000.0,
                          (
                            CAST("t60"."items_0" AS DOUBLE) / 1000000.0
                          ) * "t60"."unit_price"
                        )
                      END
                    )
                  END * 1000000.0,
                  0
                ) AS BIGINT)
              ) AS DOUBLE) / 1000000.0 AS "usual"
            FROM (
              SELECT
                "t55"."customer_id",
                "t55"."category",
                "t55"."first_at",
                "t55"."spend_0",
                "t55"."items_0",
                "t11"."as_of_0",
                "t15"."priced_at",
                "t15"."priced_category",
                "t15"."unit_price"
              FROM (
                SELECT
                  "t44"."customer_id",
                  "t44"."category",
                  MIN("t44"."occurred_at") AS "first_at",
                  SUM("t44"."amount") FILTER(WHERE
                    (
                      "t44"."occurred_at" < "t44"."as_of_0"
                    )
                    AND (
                      CASE WHEN "t44"."quantity" > 0 THEN "t44"."quantity" ELSE CAST(NULL AS DOUBLE) END IS NOT NULL
                    )) AS "spend_0",
                  SUM(
                    CAST(ROUND(
                      CASE
                        WHEN CASE
                          WHEN CASE WHEN "t44"."quantity" > 0 THEN "t44"."quantity" ELSE CAST(NULL AS DOUBLE) END IS NULL
                          THEN CASE WHEN "t44"."quantity" > 0 THEN "t44"."quantity" ELSE CAST(NULL AS DOUBLE) END
                          ELSE LEAST(
                            9000000000000.0,
                            CASE WHEN "t44"."quantity" > 0 THEN "t44"."quantity" ELSE CAST(NULL AS DOUBLE) END
                          )
                        END IS NULL
                        THEN CASE
                          WHEN CASE WHEN "t44"."quantity" > 0 THEN "t44"."quantity" ELSE CAST(NULL AS DOUBLE) END IS NULL
                          THEN CASE WHEN "t44"."quantity" > 0 THEN "t44"."quantity" ELSE CAST(NULL AS DOUBLE) END
                          ELSE LEAST(
                            9000000000000.0,
                            CASE WHEN "t44"."quantity" > 0 THEN "t44"."quantity" ELSE CAST(NULL AS DOUBLE) END
                          )
                        END
                        ELSE GREATEST(
                          -9000000000000.0,
                          CASE
                            WHEN CASE WHEN "t44"."quantity" > 0 THEN "t44"."quantity" ELSE CAST(NULL AS DOUBLE) END IS NULL
                            THEN CASE WHEN "t44"."quantity" > 0 THEN "t44"."quantity" ELSE CAST(NULL AS DOUBLE) END
                            ELSE LEAST(
                              9000000000000.0,
                              CASE WHEN "t44"."quantity" > 0 THEN "t44"."quantity" ELSE CAST(NULL AS DOUBLE) END
                            )
                          END
                        )
                      END * 1000000.0,
                      0
                    ) AS BIGINT)
                  ) FILTER(WHERE
                    (
                      "t44"."occurred_at" < "t44"."as_of_0"
                    )
                    AND (
                      CASE WHEN "t44"."quantity" > 0 THEN "t44"."quantity" ELSE CAST(NULL AS DOUBLE) END IS NOT NULL
                    )) AS "items_0"
                FROM (
                  SELECT
                    "t40"."customer_id",
                    "t40"."order_id",
                    "t40"."occurred_at",
                    "t40"."amount",
                    "t40"."product_id",
                    "t40"."quantity",
                    "t40"."unit_price",
                    "t40"."discount",
                    "t40"."channel",
                    "t40"."returns_order_id",
                    "t40"."promised_at",
                    "t40"."delivered_at",
                    "t40"."path_product",
                    "t40"."category",
                    "t11"."as_of_0"
                  FROM (
                    SELECT
                      *
                    FROM (
                      SELECT
                        *
                      FROM (
                        SELECT
                          "t24"."customer_id",
                          "t24"."order_id",
                          "t24"."occurred_at",
                          "t24"."amount",
                          "t24"."product_id",
                          "t24"."quantity",
                          "t24"."unit_price",
                          "t24"."discount",
                          "t24"."channel",
                          "t24"."returns_order_id",
                          "t24"."promised_at",
                          "t24"."delivered_at",
                          "t19"."path_product",
                          "t19"."category"
                        FROM (
                          SELECT
                            "t22".*
                            EXCLUDE ("recorded_at")
                          FROM (
                            SELECT
                              *
                            FROM (
                              SELECT
                                "t12"."customer_id",
                                "t12"."order_id",
                                "t12"."occurred_at",
                                "t12"."amount",
                                "t12"."product_id",
                                "t12"."quantity",
                                "t12"."unit_price",
                                "t12"."discount",
                                "t12"."channel",
                                "t12"."recorded_at",
                                "t12"."returns_order_id",
                                "t12"."promised_at",
                                "t12"."delivered_at"
                              FROM "transactions" AS "t12"
                              SEMI JOIN "wanted" AS "t10"
                                ON "t12"."customer_id" = "t10"."wanted_customer"
                            ) AS "t20"
                            WHERE
                              "t20"."occurred_at" < (
                                SELECT
                                  MAX("t0"."as_of") AS "Max(as_of)"
                                FROM "cutoffs" AS "t0"
                              )
                              AND (
                                (
                                  "t20"."recorded_at" IS NULL
                                )
                                OR (
                                  "t20"."recorded_at" <= (
                                    SELECT
                                      MAX("t0"."as_of") AS "Max(as_of)"
                                    FROM "cutoffs" AS "t0"
                                  )
                                )
                              )
                          ) AS "t22"
                        ) AS "t24"
                        INNER JOIN (
                          SELECT
                            "t5"."product_id" AS "path_product",
                            LIST_EXTRACT("t5"."category", 1) AS "category"
                          FROM "products" AS "t5"
                        ) AS "t19"
                          ON "t24"."product_id" = "t19"."path_product"
                      ) AS "t27"
                      WHERE
                        "t27"."category" IS NOT NULL
                    ) AS "t30"
                    WHERE
                      "t30"."amount" > 0
                  ) AS "t40"
                  CROSS JOIN "clock" AS "t11"
                ) AS "t44"
                GROUP BY
                  1,
                  2
              ) AS "t55"
              CROSS JOIN "clock" AS "t11"
              INNER JOIN (
                SELECT
                  "t4"."as_of" AS "priced_at",
                  "t4"."category" AS "priced_category",
                  "t4"."unit_price"
                FROM "prices" AS "t4"
              ) AS "t15"
                ON "t55"."category" = "t15"."priced_category"
                AND "t11"."as_of_0" = "t15"."priced_at"
            ) AS "t60"
            GROUP BY
              1,
              2
          ) AS "t71"
          WHERE
            "t71"."usual" > 0
        ) AS "t74"
      ) AS "t75"
    ) AS "t79"
      ON "t88"."customer_id" = "t79"."prices_customer"
      AND "t88"."as_of" = "t79"."prices_as_of"
    LEFT OUTER JOIN (
      SELECT
        "t83"."customer_id" AS "orders_customer",
        "t83"."as_of" AS "orders_as_of",
        "t83"."orders__n__0_ever",
        "t83"."orders__n__0_90",
        "t83"."orders__spend__0_90",
        "t83"."orders__at__0_ever"
      FROM "t82" AS "t83"
    ) AS "t87"
      ON "t88"."customer_id" = "t87"."orders_customer"
      AND "t88"."as_of" = "t87"."orders_as_of"
    LEFT OUTER JOIN (
      SELECT
        "t67"."customer_id" AS "new_categories_customer",
        "t67"."as_of" AS "new_categories_as_of",
        "t67"."new_categories__n__0_ever"
      FROM (
        SELECT
          "t65"."customer_id",
          "t65"."as_of",
          CAST(SUM("t65"."firsts") AS DOUBLE) AS "new_categories__n__0_ever"
        FROM (
          SELECT
            "t57"."customer_id",
            "t57"."category",
            "t57"."occurred_at",
            "t57"."firsts",
            "t57"."as_of",
            "t57"."log_start",
            "t57"."shift",
            CAST(FLOOR(
              (
                DATE_DIFF('MICROSECOND', "t57"."occurred_at", "t57"."as_of") - 1
              ) / (
                86400000000
              )
            ) AS BIGINT) AS "age"
          FROM (
            SELECT
              "t50"."customer_id",
              "t50"."category",
              "t50"."occurred_at",
              "t50"."firsts",
              "t7"."as_of",
              "t7"."log_start",
              "t7"."shift"
            FROM (
              SELECT
                "t47"."customer_id",
                "t47"."category",
                "t47"."occurred_at",
                1 AS "firsts"
              FROM (
                SELECT
                  "t45"."customer_id",
                  "t45"."category",
                  MIN("t45"."occurred_at") AS "occurred_at"
                FROM (
                  SELECT
                    "t36"."customer_id",
                    "t36"."product_id",
                    "t36"."occurred_at",
                    "t18"."path_product",
                    "t18"."category"
                  FROM "t31" AS "t36"
                  INNER JOIN (
                    SELECT
                      "t5"."product_id" AS "path_product",
                      UNNEST("t5"."category") AS "category"
                    FROM "products" AS "t5"
                  ) AS "t18"
                    ON "t36"."product_id" = "t18"."path_product"
                ) AS "t45"
                GROUP BY
                  1,
                  2
              ) AS "t47"
            ) AS "t50"
            INNER JOIN "cutoffs" AS "t7"
              ON "t50"."occurred_at" < "t7"."as_of"
          ) AS "t57"
        ) AS "t65"
        GROUP BY
          1,
          2
      ) AS "t67"
    ) AS "t69"
      ON "t88"."customer_id" = "t69"."new_categories_customer"
      AND "t88"."as_of" = "t69"."new_categories_as_of"
    LEFT OUTER JOIN (
      SELECT
        "t59"."customer_id" AS "new_products_customer",
        "t59"."as_of" AS "new_products_as_of",
        "t59"."new_products__n__0_90"
      FROM (
        SELECT
          "t51"."customer_id",
          "t51"."as_of",
          CAST(SUM("t51"."firsts") FILTER(WHERE
            "t51"."age" < 90) AS DOUBLE) AS "new_products__n__0_90"
        FROM (
          SELECT
            "t46"."customer_id",
            "t46"."product_id",
            "t46"."occurred_at",
            "t46"."firsts",
            "t46"."as_of",
            "t46"."log_start",
            "t46"."shift",
            CAST(FLOOR(
              (
                DATE_DIFF('MICROSECOND', "t46"."occurred_at", "t46"."as_of") - 1
              ) / (
                86400000000
              )
            ) AS BIGINT) AS "age"
          FROM (
            SELECT
              "t41"."customer_id",
              "t41"."product_id",
              "t41"."occurred_at",
              "t41"."firsts",
              "t7"."as_of",
              "t7"."log_start",
              "t7"."shift"
            FROM (
              SELECT
                "t34"."customer_id",
                "t34"."product_id",
                "t34"."occurred_at",
                1 AS "firsts"
              FROM "t31" AS "t34"
            ) AS "t41"
            INNER JOIN "cutoffs" AS "t7"
              ON "t41"."occurred_at" < "t7"."as_of"
          ) AS "t46"
        ) AS "t51"
        GROUP BY
          1,
          2
      ) AS "t59"
    ) AS "t64"
      ON "t88"."customer_id" = "t64"."new_products_customer"
      AND "t88"."as_of" = "t64"."new_products_as_of"
  ) AS "t89"
) AS "t90"
ORDER BY
  "t90"."as_of" ASC,
  "t90"."customer_id" ASC
