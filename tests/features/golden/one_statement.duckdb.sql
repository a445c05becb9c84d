WITH "t33" AS (
  SELECT
    "t31"."customer_id",
    "t31"."product_id",
    MIN("t31"."occurred_at") AS "occurred_at"
  FROM (
    SELECT
      *
    FROM (
      SELECT
        *
      FROM (
        SELECT
          "t25".*
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
          ) AS "t22"
          WHERE
            "t22"."occurred_at" < (
              SELECT
                MAX("t0"."as_of") AS "Max(as_of)"
              FROM "cutoffs" AS "t0"
            )
            AND (
              (
                "t22"."recorded_at" IS NULL
              )
              OR (
                "t22"."recorded_at" <= (
                  SELECT
                    MAX("t0"."as_of") AS "Max(as_of)"
                  FROM "cutoffs" AS "t0"
                )
              )
            )
        ) AS "t25"
      ) AS "t26"
      WHERE
        "t26"."amount" > 0
    ) AS "t28"
    WHERE
      "t28"."product_id" IS NOT NULL
  ) AS "t31"
  GROUP BY
    1,
    2
), "t38" AS (
  SELECT
    "t30"."customer_id",
    "t30"."order_id",
    MIN("t30"."occurred_at") AS "occurred_at",
    MAX("t30"."occurred_at") AS "until",
    COUNT(*) AS "lines",
    COALESCE(CAST(SUM("t30"."amount") AS DECIMAL(18, 4)), CAST(0 AS DECIMAL(18, 4))) AS "amount",
    COALESCE(
      CAST(SUM("t30"."amount") FILTER(WHERE
        (
          "t30"."product_line" = 'premium'
        ) AND (
          "t30"."amount" > 0
        )) AS DECIMAL(18, 4)),
      CAST(0 AS DECIMAL(18, 4))
    ) AS "premium",
    COALESCE(
      CAST(SUM("t30"."amount") FILTER(WHERE
        (
          "t30"."product_line" = 'main'
        ) AND (
          "t30"."amount" > 0
        )) AS DECIMAL(18, 4)),
      CAST(0 AS DECIMAL(18, 4))
    ) AS "main",
    COALESCE(
      SUM(
        CAST(ROUND(
          CASE
            WHEN CASE
              WHEN "t30"."quantity" IS NULL
              THEN "t30"."quantity"
              ELSE LEAST(9000000000000.0, "t30"."quantity")
            END IS NULL
            THEN CASE
              WHEN "t30"."quantity" IS NULL
              THEN "t30"."quantity"
              ELSE LEAST(9000000000000.0, "t30"."quantity")
            END
            ELSE GREATEST(
              -9000000000000.0,
              CASE
                WHEN "t30"."quantity" IS NULL
                THEN "t30"."quantity"
                ELSE LEAST(9000000000000.0, "t30"."quantity")
              END
            )
          END * 1000000.0,
          0
        ) AS BIGINT)
      ),
      0
    ) AS "items",
    COALESCE(CAST(SUM("t30"."discount") AS DECIMAL(18, 4)), CAST(0 AS DECIMAL(18, 4))) AS "discount",
    COUNT("t30"."returns_order_id") AS "named"
  FROM (
    SELECT
      "t27"."customer_id",
      "t27"."order_id",
      "t27"."occurred_at",
      "t27"."amount",
      "t27"."product_id",
      "t27"."quantity",
      "t27"."unit_price",
      "t27"."discount",
      "t27"."channel",
      "t27"."returns_order_id",
      "t27"."promised_at",
      "t27"."delivered_at",
      "t24"."marked_product",
      "t24"."product_line"
    FROM (
      SELECT
        "t25".*
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
        ) AS "t22"
        WHERE
          "t22"."occurred_at" < (
            SELECT
              MAX("t0"."as_of") AS "Max(as_of)"
            FROM "cutoffs" AS "t0"
          )
          AND (
            (
              "t22"."recorded_at" IS NULL
            )
            OR (
              "t22"."recorded_at" <= (
                SELECT
                  MAX("t0"."as_of") AS "Max(as_of)"
                FROM "cutoffs" AS "t0"
              )
            )
          )
      ) AS "t25"
    ) AS "t27"
    LEFT OUTER JOIN (
      SELECT
        "t18"."product_id" AS "marked_product",
        "t18"."line" AS "product_line"
      FROM (
        SELECT
          *
        FROM "products" AS "t5"
        WHERE
          "t5"."line" IN ('premium', 'main')
      ) AS "t18"
    ) AS "t24"
      ON "t27"."product_id" = "t24"."marked_product"
  ) AS "t30"
  GROUP BY
    1,
    2
), "t95" AS (
  SELECT
    "t94"."customer_id",
    "t94"."as_of",
    CAST(SUM("t94"."n") AS DOUBLE) AS "orders__n__0_ever",
    CAST(SUM("t94"."n") FILTER(WHERE
      "t94"."slice" <= 4) AS DOUBLE) AS "orders__n__0_90",
    CAST(SUM("t94"."spend") FILTER(WHERE
      "t94"."slice" <= 4) AS DOUBLE) AS "orders__spend__0_90",
    MAX("t94"."at") AS "orders__at__0_ever"
  FROM (
    SELECT
      "t93"."customer_id",
      "t93"."as_of",
      "t93"."slice",
      SUM(CAST("t93"."is_order" AS BIGINT)) AS "n",
      SUM("t93"."amount") AS "spend",
      MAX(
        CASE WHEN "t93"."is_order" THEN "t93"."occurred_at" ELSE CAST(NULL AS TIMESTAMP) END
      ) AS "at"
    FROM (
      SELECT
        "t92"."customer_id",
        "t92"."order_id",
        "t92"."occurred_at",
        "t92"."lines",
        "t92"."amount",
        "t92"."premium",
        "t92"."main",
        "t92"."items",
        "t92"."discount",
        "t92"."is_order",
        "t92"."is_return",
        "t92"."age_at_last",
        "t92"."before",
        "t92"."next_at",
        "t92"."gap",
        "t92"."weight",
        "t92"."log_value",
        "t92"."log_value_squared",
        "t92"."as_of",
        "t92"."log_start",
        "t92"."shift",
        "t92"."age",
        CAST("t92"."age" >= 7 AS TINYINT) + 0 + CAST("t92"."age" >= 14 AS TINYINT) + CAST("t92"."age" >= 30 AS TINYINT) + CAST("t92"."age" >= 60 AS TINYINT) + CAST("t92"."age" >= 90 AS TINYINT) + CAST("t92"."age" >= 180 AS TINYINT) + CAST("t92"."age" >= 275 AS TINYINT) + CAST("t92"."age" >= 365 AS TINYINT) AS "slice"
      FROM (
        SELECT
          "t91"."customer_id",
          "t91"."order_id",
          "t91"."occurred_at",
          "t91"."lines",
          "t91"."amount",
          "t91"."premium",
          "t91"."main",
          "t91"."items",
          "t91"."discount",
          "t91"."is_order",
          "t91"."is_return",
          "t91"."age_at_last",
          "t91"."before",
          "t91"."next_at",
          "t91"."gap",
          "t91"."weight",
          "t91"."log_value",
          "t91"."log_value_squared",
          "t91"."as_of",
          "t91"."log_start",
          "t91"."shift",
          "t91"."age_at_last" - "t91"."shift" AS "age"
        FROM (
          SELECT
            "t90"."customer_id",
            "t90"."order_id",
            "t90"."occurred_at",
            "t90"."lines",
            "t90"."amount",
            "t90"."premium",
            "t90"."main",
            "t90"."items",
            "t90"."discount",
            "t90"."is_order",
            "t90"."is_return",
            "t90"."age_at_last",
            "t90"."before",
            "t90"."next_at",
            "t90"."gap",
            "t90"."weight",
            "t90"."log_value",
            "t90"."log_value_squared",
            "t7"."as_of",
            "t7"."log_start",
            "t7"."shift"
          FROM (
            SELECT
              "t88"."customer_id",
              "t88"."order_id",
              "t88"."occurred_at",
              "t88"."lines",
              "t88"."amount",
              "t88"."premium",
              "t88"."main",
              "t88"."items",
              "t88"."discount",
              "t88"."is_order",
              "t88"."is_return",
              "t88"."age_at_last",
              "t88"."before",
              "t88"."next_at",
              "t88"."before" - "t88"."age_at_last" AS "gap",
              CAST(CAST("t88"."is_order" AS BIGINT) AS DOUBLE) * 1000000000.0 AS "weight",
              CAST(ROUND(
                CASE
                  WHEN CASE
                    WHEN LN(
                      CASE
                        WHEN "t88"."is_order"
                        THEN CAST("t88"."amount" AS DOUBLE)
                        ELSE CAST(NULL AS DOUBLE)
                      END
                    ) IS NULL
                    THEN LN(
                      CASE
                        WHEN "t88"."is_order"
                        THEN CAST("t88"."amount" AS DOUBLE)
                        ELSE CAST(NULL AS DOUBLE)
                      END
                    )
                    ELSE LEAST(
                      9000000000.0,
                      LN(
                        CASE
                          WHEN "t88"."is_order"
                          THEN CAST("t88"."amount" AS DOUBLE)
                          ELSE CAST(NULL AS DOUBLE)
                        END
                      )
                    )
                  END IS NULL
                  THEN CASE
                    WHEN LN(
                      CASE
                        WHEN "t88"."is_order"
                        THEN CAST("t88"."amount" AS DOUBLE)
                        ELSE CAST(NULL AS DOUBLE)
                      END
                    ) IS NULL
                    THEN LN(
                      CASE
                        WHEN "t88"."is_order"
                        THEN CAST("t88"."amount" AS DOUBLE)
                        ELSE CAST(NULL AS DOUBLE)
                      END
                    )
                    ELSE LEAST(
                      9000000000.0,
                      LN(
                        CASE
                          WHEN "t88"."is_order"
                          THEN CAST("t88"."amount" AS DOUBLE)
                          ELSE CAST(NULL AS DOUBLE)
                        END
                      )
                    )
                  END
                  ELSE GREATEST(
                    -9000000000.0,
                    CASE
                      WHEN LN(
                        CASE
                          WHEN "t88"."is_order"
                          THEN CAST("t88"."amount" AS DOUBLE)
                          ELSE CAST(NULL AS DOUBLE)
                        END
                      ) IS NULL
                      THEN LN(
                        CASE
                          WHEN "t88"."is_order"
                          THEN CAST("t88"."amount" AS DOUBLE)
                          ELSE CAST(NULL AS DOUBLE)
                        END
                      )
                      ELSE LEAST(
                        9000000000.0,
                        LN(
                          CASE
                            WHEN "t88"."is_order"
                            THEN CAST("t88"."amount" AS DOUBLE)
                            ELSE CAST(NULL AS DOUBLE)
                          END
                        )
                      )
                    END
                  )
                END * 1000000000.0,
                0
              ) AS BIGINT) AS "log_value",
              CAST(ROUND(
                CASE
                  WHEN CASE
                    WHEN (
                      LN(
                        CASE
                          WHEN "t88"."is_order"
                          THEN CAST("t88"."amount" AS DOUBLE)
                          ELSE CAST(NULL AS DOUBLE)
                        END
                      ) * LN(
                        CASE
                          WHEN "t88"."is_order"
                          THEN CAST("t88"."amount" AS DOUBLE)
                          ELSE CAST(NULL AS DOUBLE)
                        END
                      )
                    ) IS NULL
                    THEN LN(
                      CASE
                        WHEN "t88"."is_order"
                        THEN CAST("t88"."amount" AS DOUBLE)
                        ELSE CAST(NULL AS DOUBLE)
                      END
                    ) * LN(
                      CASE
                        WHEN "t88"."is_order"
                        THEN CAST("t88"."amount" AS DOUBLE)
                        ELSE CAST(NULL AS DOUBLE)
                      END
                    )
                    ELSE LEAST(
                      9000000000.0,
                      LN(
                        CASE
                          WHEN "t88"."is_order"
                          THEN CAST("t88"."amount" AS DOUBLE)
                          ELSE CAST(NULL AS DOUBLE)
                        END
                      ) * LN(
                        CASE
                          WHEN "t88"."is_order"
                          THEN CAST("t88"."amount" AS DOUBLE)
                          ELSE CAST(NULL AS DOUBLE)
                        END
                      )
                    )
                  END IS NULL
                  THEN CASE
                    WHEN (
                      LN(
                        CASE
                          WHEN "t88"."is_order"
                          THEN CAST("t88"."amount" AS DOUBLE)
                          ELSE CAST(NULL AS DOUBLE)
                        END
                      ) * LN(
                        CASE
                          WHEN "t88"."is_order"
                          THEN CAST("t88"."amount" AS DOUBLE)
                          ELSE CAST(NULL AS DOUBLE)
                        END
                      )
                    ) IS NULL
                    THEN LN(
                      CASE
                        WHEN "t88"."is_order"
                        THEN CAST("t88"."amount" AS DOUBLE)
                        ELSE CAST(NULL AS DOUBLE)
                      END
                    ) * LN(
                      CASE
                        WHEN "t88"."is_order"
                        THEN CAST("t88"."amount" AS DOUBLE)
                        ELSE CAST(NULL AS DOUBLE)
                      END
                    )
                    ELSE LEAST(
                      9000000000.0,
                      LN(
                        CASE
                          WHEN "t88"."is_order"
                          THEN CAST("t88"."amount" AS DOUBLE)
                          ELSE CAST(NULL AS DOUBLE)
                        END
                      ) * LN(
                        CASE
                          WHEN "t88"."is_order"
                          THEN CAST("t88"."amount" AS DOUBLE)
                          ELSE CAST(NULL AS DOUBLE)
                        END
                      )
                    )
                  END
                  ELSE GREATEST(
                    -9000000000.0,
                    CASE
                      WHEN (
                        LN(
                          CASE
                            WHEN "t88"."is_order"
                            THEN CAST("t88"."amount" AS DOUBLE)
                            ELSE CAST(NULL AS DOUBLE)
                          END
                        ) * LN(
                          CASE
                            WHEN "t88"."is_order"
                            THEN CAST("t88"."amount" AS DOUBLE)
                            ELSE CAST(NULL AS DOUBLE)
                          END
                        )
                      ) IS NULL
                      THEN LN(
                        CASE
                          WHEN "t88"."is_order"
                          THEN CAST("t88"."amount" AS DOUBLE)
                          ELSE CAST(NULL AS DOUBLE)
                        END
                      ) * LN(
                        CASE
                          WHEN "t88"."is_order"
                          THEN CAST("t88"."amount" AS DOUBLE)
                          ELSE CAST(NULL AS DOUBLE)
                        END
                      )
                      ELSE LEAST(
                        9000000000.0,
                        LN(
                          CASE
                            WHEN "t88"."is_order"
                            THEN CAST("t88"."amount" AS DOUBLE)
                            ELSE CAST(NULL AS DOUBLE)
                          END
                        ) * LN(
                          CASE
                            WHEN "t88"."is_order"
                            THEN CAST("t88"."amount" AS DOUBLE)
                            ELSE CAST(NULL AS DOUBLE)
                          END
                        )
                      )
                    END
                  )
                END * 1000000000.0,
                0
              ) AS BIGINT) AS "log_value_squared"
            FROM (
              SELECT
                "t87"."customer_id",
                "t87"."order_id",
                "t87"."occurred_at",
                "t87"."lines",
                "t87"."amount",
                "t87"."premium",
                "t87"."main",
                "t87"."items",
                "t87"."discount",
                "t87"."is_order",
                "t87"."is_return",
                "t87"."age_at_last",
                CASE
                  WHEN "t87"."is_order"
                  THEN LAG("t87"."age_at_last") OVER (
                    PARTITION BY "t87"."customer_id", "t87"."is_order"
                    ORDER BY "t87"."occurred_at" ASC, "t87"."order_id" ASC
                    ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
                  )
                  ELSE CAST(NULL AS BIGINT)
                END AS "before",
                CASE
                  WHEN "t87"."is_order"
                  THEN LEAD("t87"."occurred_at") OVER (
                    PARTITION BY "t87"."customer_id", "t87"."is_order"
                    ORDER BY "t87"."occurred_at" ASC, "t87"."order_id" ASC
                    ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
                  )
                  ELSE CAST(NULL AS TIMESTAMP)
                END AS "next_at"
              FROM (
                SELECT
                  "t83"."customer_id",
                  "t83"."order_id",
                  "t83"."occurred_at",
                  "t83"."lines",
                  "t83"."amount",
                  "t83"."premium",
                  "t83"."main",
                  "t83"."items",
                  "t83"."discount",
                  "t83"."is_order",
                  "t83"."is_return",
                  CAST(FLOOR(
                    (
                      DATE_DIFF(
                        'MICROSECOND',
                        "t83"."occurred_at",
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
                      "t50"."customer_id",
                      "t50"."order_id",
                      "t50"."occurred_at",
                      "t50"."lines",
                      "t50"."amount",
                      "t50"."premium",
                      "t50"."main",
                      "t50"."items",
                      "t50"."discount",
                      "t50"."is_order",
                      "t50"."is_return"
                    FROM (
                      SELECT
                        "t49".*
                        EXCLUDE ("named")
                      FROM (
                        SELECT
                          "t44"."customer_id",
                          "t44"."order_id",
                          "t44"."occurred_at",
                          "t44"."until",
                          "t44"."lines",
                          "t44"."amount",
                          "t44"."premium",
                          "t44"."main",
                          "t44"."items",
                          "t44"."discount",
                          "t44"."named",
                          "t44"."amount" > 0 AS "is_order",
                          "t44"."amount" < 0 AS "is_return"
                        FROM (
                          SELECT
                            *
                          FROM "t38" AS "t40"
                          WHERE
                            "t40"."occurred_at" = "t40"."until"
                        ) AS "t44"
                      ) AS "t49"
                    ) AS "t50"
                  ) AS "t55"
                  UNION ALL
                  SELECT
                    *
                  FROM (
                    SELECT
                      "t81"."customer_id",
                      "t81"."order_id",
                      "t81"."occurred_at",
                      "t81"."lines",
                      "t81"."amount",
                      "t81"."premium",
                      "t81"."main",
                      "t81"."items",
                      "t81"."discount",
                      "t81"."is_order",
                      "t81"."is_return"
                    FROM (
                      SELECT
                        "t72"."customer_id",
                        "t72"."order_id",
                        "t72"."occurred_at",
                        "t72"."lines",
                        "t72"."amount",
                        "t72"."premium",
                        "t72"."main",
                        "t72"."items",
                        "t72"."discount",
                        "t72"."is_order" AND (
                          "t72"."occurred_at" = "t72"."started_at"
                        ) AS "is_order",
                        "t72"."is_return",
                        "t72"."started_customer",
                        "t72"."started_order",
                        "t72"."started_at"
                      FROM (
                        SELECT
                          "t64"."customer_id",
                          "t64"."order_id",
                          "t64"."occurred_at",
                          "t64"."lines",
                          "t64"."amount",
                          "t64"."premium",
                          "t64"."main",
                          "t64"."items",
                          "t64"."discount",
                          "t64"."is_order",
                          "t64"."is_return",
                          "t70"."started_customer",
                          "t70"."started_order",
                          "t70"."started_at"
                        FROM (
                          SELECT
                            "t62".*
                            EXCLUDE ("named")
                          FROM (
                            SELECT
                              "t60"."customer_id",
                              "t60"."order_id",
                              "t60"."occurred_at",
                              "t60"."lines",
                              "t60"."amount",
                              "t60"."premium",
                              "t60"."main",
                              "t60"."items",
                              "t60"."discount",
                              "t60"."named",
                              "t60"."amount" > 0 AS "is_order",
                              "t60"."amount" < 0 AS "is_return"
                            FROM (
                              SELECT
                                "t52"."customer_id",
                                "t52"."order_id",
                                "t52"."occurred_at",
                                COUNT(*) AS "lines",
                                COALESCE(CAST(SUM("t52"."amount") AS DECIMAL(18, 4)), CAST(0 AS DECIMAL(18, 4))) AS "amount",
                                COALESCE(
                                  CAST(SUM("t52"."amount") FILTER(WHERE
                                    (
                                      "t52"."product_line" = 'premium'
                                    ) AND (
                                      "t52"."amount" > 0
                                    )) AS DECIMAL(18, 4)),
                                  CAST(0 AS DECIMAL(18, 4))
                                ) AS "premium",
                                COALESCE(
                                  CAST(SUM("t52"."amount") FILTER(WHERE
                                    (
                                      "t52"."product_line" = 'main'
                                    ) AND (
                                      "t52"."amount" > 0
                                    )) AS DECIMAL(18, 4)),
                                  CAST(0 AS DECIMAL(18, 4))
                                ) AS "main",
                                COALESCE(
                                  SUM(
                                    CAST(ROUND(
                                      CASE
                                        WHEN CASE
                                          WHEN "t52"."quantity" IS NULL
                                          THEN "t52"."quantity"
                                          ELSE LEAST(9000000000000.0, "t52"."quantity")
                                        END IS NULL
                                        THEN CASE
                                          WHEN "t52"."quantity" IS NULL
                                          THEN "t52"."quantity"
                                          ELSE LEAST(9000000000000.0, "t52"."quantity")
                                        END
                                        ELSE GREATEST(
                                          -9000000000000.0,
                                          CASE
                                            WHEN "t52"."quantity" IS NULL
                                            THEN "t52"."quantity"
                                            ELSE LEAST(9000000000000.0, "t52"."quantity")
                                          END
                                        )
                                      END * 1000000.0,
                                      0
                                    ) AS BIGINT)
                                  ),
                                  0
                                ) AS "items",
                                COALESCE(CAST(SUM("t52"."discount") AS DECIMAL(18, 4)), CAST(0 AS DECIMAL(18, 4))) AS "discount",
                                COUNT("t52"."returns_order_id") AS "named"
                              FROM (
                                SELECT
                                  "t27"."customer_id",
                                  "t27"."order_id",
                                  "t27"."occurred_at",
                                  "t27"."amount",
                                  "t27"."product_id",
                                  "t27"."quantity",
                                  "t27"."unit_price",
                                  "t27"."discount",
                                  "t27"."channel",
                                  "t27"."returns_order_id",
                                  "t27"."promised_at",
                                  "t27"."delivered_at",
                                  "t24"."marked_product",
                                  "t24"."product_line"
                                FROM (
                                  SELECT
                                    "t25".*
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
                                    ) AS "t22"
                                    WHERE
                                      "t22"."occurred_at" < (
                                        SELECT
                                          MAX("t0"."as_of") AS "Max(as_of)"
                                        FROM "cutoffs" AS "t0"
                                      )
                                      AND (
                                        (
                                          "t22"."recorded_at" IS NULL
                                        )
                                        OR (
                                          "t22"."recorded_at" <= (
                                            SELECT
                                              MAX("t0"."as_of") AS "Max(as_of)"
                                            FROM "cutoffs" AS "t0"
                                          )
                                        )
                                      )
                                  ) AS "t25"
                                ) AS "t27"
                                LEFT OUTER JOIN (
                                  SELECT
                                    "t18"."product_id" AS "marked_product",
                                    "t18"."line" AS "product_line"
                                  FROM (
                                    SELECT
                                      *
                                    FROM "products" AS "t5"
                                    WHERE
                                      "t5"."line" IN ('premium', 'main')
                                  ) AS "t18"
                                ) AS "t24"
                                  ON "t27"."product_id" = "t24"."marked_product"
                                SEMI JOIN (
                                  SELECT
                                    *
                                  FROM "t38" AS "t40"
                                  WHERE
                                    "t40"."occurred_at" < "t40"."until"
                                ) AS "t46"
                                  ON "t27"."customer_id" = "t46"."customer_id" AND "t27"."order_id" = "t46"."order_id"
                              ) AS "t52"
                              GROUP BY
                                1,
                                2,
                                3
                            ) AS "t60"
                          ) AS "t62"
                        ) AS "t64"
                        LEFT OUTER JOIN (
                          SELECT
                            "t65"."customer_id" AS "started_customer",
                            "t65"."order_id" AS "started_order",
                            MIN("t65"."occurred_at") AS "started_at"
                          FROM (
                            SELECT
                              *
                            FROM (
                              SELECT
                                "t62".*
                                EXCLUDE ("named")
                              FROM (
                                SELECT
                                  "t60"."customer_id",
                                  "t60"."order_id",
                                  "t60"."occurred_at",
                                  "t60"."lines",
                                  "t60"."amount",
                                  "t60"."premium",
                                  "t60"."main",
                                  "t60"."items",
                                  "t60"."discount",
                                  "t60"."named",
                                  "t60"."amount" > 0 AS "is_order",
                                  "t60"."amount" < 0 AS "is_return"
                                FROM (
                                  SELECT
                                    "t52"."customer_id",
                                    "t52"."order_id",
                                    "t52"."occurred_at",
                                    COUNT(*) AS "lines",
                                    COALESCE(CAST(SUM("t52"."amount") AS DECIMAL(18, 4)), CAST(0 AS DECIMAL(18, 4))) AS "amount",
                                    COALESCE(
                                      CAST(SUM("t52"."amount") FILTER(WHERE
                                        (
                                          "t52"."product_line" = 'premium'
                                        ) AND (
                                          "t52"."amount" > 0
                                        )) AS DECIMAL(18, 4)),
                                      CAST(0 AS DECIMAL(18, 4))
                                    ) AS "premium",
                                    COALESCE(
                                      CAST(SUM("t52"."amount") FILTER(WHERE
                                        (
                                          "t52"."product_line" = 'main'
                                        ) AND (
                                          "t52"."amount" > 0
                                        )) AS DECIMAL(18, 4)),
                                      CAST(0 AS DECIMAL(18, 4))
                                    ) AS "main",
                                    COALESCE(
                                      SUM(
                                        CAST(ROUND(
                                          CASE
                                            WHEN CASE
                                              WHEN "t52"."quantity" IS NULL
                                              THEN "t52"."quantity"
                                              ELSE LEAST(9000000000000.0, "t52"."quantity")
                                            END IS NULL
                                            THEN CASE
                                              WHEN "t52"."quantity" IS NULL
                                              THEN "t52"."quantity"
                                              ELSE LEAST(9000000000000.0, "t52"."quantity")
                                            END
                                            ELSE GREATEST(
                                              -9000000000000.0,
                                              CASE
                                                WHEN "t52"."quantity" IS NULL
                                                THEN "t52"."quantity"
                                                ELSE LEAST(9000000000000.0, "t52"."quantity")
                                              END
                                            )
                                          END * 1000000.0,
                                          0
                                        ) AS BIGINT)
                                      ),
                                      0
                                    ) AS "items",
                                    COALESCE(CAST(SUM("t52"."discount") AS DECIMAL(18, 4)), CAST(0 AS DECIMAL(18, 4))) AS "discount",
                                    COUNT("t52"."returns_order_id") AS "named"
                                  FROM (
                                    SELECT
                                      "t27"."customer_id",
                                      "t27"."order_id",
                                      "t27"."occurred_at",
                                      "t27"."amount",
                                      "t27"."product_id",
                                      "t27"."quantity",
                                      "t27"."unit_price",
                                      "t27"."discount",
                                      "t27"."channel",
                                      "t27"."returns_order_id",
                                      "t27"."promised_at",
                                      "t27"."delivered_at",
                                      "t24"."marked_product",
                                      "t24"."product_line"
                                    FROM (
                                      SELECT
                                        "t25".*
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
                                        ) AS "t22"
                                        WHERE
                                          "t22"."occurred_at" < (
                                            SELECT
                                              MAX("t0"."as_of") AS "Max(as_of)"
                                            FROM "cutoffs" AS "t0"
                                          )
                                          AND (
                                            (
                                              "t22"."recorded_at" IS NULL
                                            )
                                            OR (
                                              "t22"."recorded_at" <= (
                                                SELECT
                                                  MAX("t0"."as_of") AS "Max(as_of)"
                                                FROM "cutoffs" AS "t0"
                                              )
                                            )
                                          )
                                      ) AS "t25"
                                    ) AS "t27"
                                    LEFT OUTER JOIN (
                                      SELECT
                                        "t18"."product_id" AS "marked_product",
                                        "t18"."line" AS "product_line"
                                      FROM (
                                        SELECT
                                          *
                                        FROM "products" AS "t5"
                                        WHERE
                                          "t5"."line" IN ('premium', 'main')
                                      ) AS "t18"
                                    ) AS "t24"
                                      ON "t27"."product_id" = "t24"."marked_product"
                                    SEMI JOIN (
                                      SELECT
                                        *
                                      FROM "t38" AS "t40"
                                      WHERE
                                        "t40"."occurred_at" < "t40"."until"
                                    ) AS "t46"
                                      ON "t27"."customer_id" = "t46"."customer_id" AND "t27"."order_id" = "t46"."order_id"
                                  ) AS "t52"
                                  GROUP BY
                                    1,
                                    2,
                                    3
                                ) AS "t60"
                              ) AS "t62"
                            ) AS "t63"
                            WHERE
                              "t63"."is_order"
                          ) AS "t65"
                          GROUP BY
                            1,
                            2
                        ) AS "t70"
                          ON "t64"."customer_id" = "t70"."started_customer"
                          AND "t64"."order_id" = "t70"."started_order"
                      ) AS "t72"
                    ) AS "t81"
                  ) AS "t82"
                ) AS "t83"
              ) AS "t87"
            ) AS "t88"
          ) AS "t90"
          INNER JOIN "cutoffs" AS "t7"
            ON "t90"."occurred_at" < "t7"."as_of"
        ) AS "t91"
      ) AS "t92"
    ) AS "t93"
    GROUP BY
      1,
      2,
      3
  ) AS "t94"
  GROUP BY
    1,
    2
)
SELECT
  *
FROM (
  SELECT
    "t102"."customer_id",
    "t102"."as_of",
    "t102"."orders__n__0_90" AS "orders_90d",
    "t102"."orders__spend__0_90" AS "spend_90d",
    CAST(DATE_DIFF('MICROSECOND', "t102"."orders__at__0_ever", "t102"."as_of") AS DOUBLE) / 86400000000.0 AS "days_since_last_order",
    "t102"."prices__spent__0_ever" / NULLIF("t102"."prices__usual__0_ever", 0.0) AS "price_level",
    "t102"."new_categories__n__0_ever" AS "categories_ever",
    "t102"."new_products__n__0_90" AS "new_products_90d"
  FROM (
    SELECT
      "t101"."customer_id",
      "t101"."as_of",
      "t7"."log_start",
      COALESCE("t100"."orders__n__0_90", 0.0) AS "orders__n__0_90",
      COALESCE("t100"."orders__spend__0_90", 0.0) AS "orders__spend__0_90",
      "t100"."orders__at__0_ever",
      COALESCE("t80"."prices__spent__0_ever", 0.0) AS "prices__spent__0_ever",
      COALESCE("t80"."prices__usual__0_ever", 0.0) AS "prices__usual__0_ever",
      COALESCE("t86"."new_categories__n__0_ever", 0.0) AS "new_categories__n__0_ever",
      COALESCE("t78"."new_products__n__0_90", 0.0) AS "new_products__n__0_90"
    FROM (
      SELECT
        *
      FROM (
        SELECT
          "t96"."customer_id",
          "t96"."as_of"
        FROM "t95" AS "t96"
      ) AS "t97"
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
      ) AS "t23"
    ) AS "t101"
    INNER JOIN "cutoffs" AS "t7"
      ON "t101"."as_of" = "t7"."as_of"
    LEFT OUTER JOIN (
      SELECT
        "t75"."customer_id" AS "prices_customer",
        "t75"."as_of" AS "prices_as_of",
        "t75"."prices__spent__0_ever",
        "t75"."prices__usual__0_ever"
      FROM (
        SELECT
          "t71"."customer_id",
          "t71"."as_of",
          "t71"."spent" AS "prices__spent__0_ever",
          "t71"."usual" AS "prices__usual__0_ever"
        FROM (
          SELECT
            *
          FROM (
            SELECT
              "t59"."customer_id",
              "t59"."priced_at" AS "as_of",
              CAST(SUM("t59"."spend_0") AS DOUBLE) AS "spent",
              CAST(SUM(
                CAST(ROUND(
                  CASE
                    WHEN CASE
                      WHEN (
                        (
                          CAST("t59"."items_0" AS DOUBLE) / 1000000.0
                        ) * "t59"."unit_price"
                      ) IS NULL
                      THEN (
                        CAST("t59"."items_0" AS DOUBLE) / 1000000.0
                      ) * "t59"."unit_price"
                      ELSE LEAST(
                        9000000000000.0,
                        (
                          CAST("t59"."items_0" AS DOUBLE) / 1000000.0
                        ) * "t59"."unit_price"
                      )
                    END IS NULL
                    THEN CASE
                      WHEN (
                        (
                          CAST("t59"."items_0" AS DOUBLE) / 1000000.0
                        ) * "t59"."unit_price"
                      ) IS NULL
                      THEN (
                        CAST("t59"."items_0" AS DOUBLE) / 1000000.0
                      ) * "t59"."unit_price"
                      ELSE LEAST(
                        9000000000000.0,
                        (
                          CAST("t59"."items_0" AS DOUBLE) / 1000000.0
                        ) * "t59"."unit_price"
                      )
                    END
                    ELSE GREATEST(
                      -9000000000000.0,
                      CASE
                        WHEN (
                          (
                            CAST("t59"."items_0" AS DOUBLE) / 1000000.0
                          ) * "t59"."unit_price"
                        ) IS NULL
                        THEN (
                          CAST("t59"."items_0" AS DOUBLE) / 1000000.0
                        ) * "t59"."unit_price"
                        ELSE LEAST(
                          9000000000000.0,
                          (
                            CAST("t59"."items_0" AS DOUBLE) / 1000000.0
                          ) * "t59"."unit_price"
                        )
                      END
                    )
                  END * 1000000.0,
                  0
                ) AS BIGINT)
              ) AS DOUBLE) / 1000000.0 AS "usual"
            FROM (
              SELECT
                "t57"."customer_id",
                "t57"."category",
                "t57"."first_at",
                "t57"."spend_0",
                "t57"."items_0",
                "t11"."as_of_0",
                "t15"."priced_at",
                "t15"."priced_category",
                "t15"."unit_price"
              FROM (
                SELECT
                  "t42"."customer_id",
                  "t42"."category",
                  MIN("t42"."occurred_at") AS "first_at",
                  SUM("t42"."amount") FILTER(WHERE
                    (
                      "t42"."occurred_at" < "t42"."as_of_0"
                    )
                    AND (
                      CASE WHEN "t42"."quantity" > 0 THEN "t42"."quantity" ELSE CAST(NULL AS DOUBLE) END IS NOT NULL
                    )) AS "spend_0",
                  SUM(
                    CAST(ROUND(
                      CASE
                        WHEN CASE
                          WHEN CASE WHEN "t42"."quantity" > 0 THEN "t42"."quantity" ELSE CAST(NULL AS DOUBLE) END IS NULL
                          THEN CASE WHEN "t42"."quantity" > 0 THEN "t42"."quantity" ELSE CAST(NULL AS DOUBLE) END
                          ELSE LEAST(
                            9000000000000.0,
                            CASE WHEN "t42"."quantity" > 0 THEN "t42"."quantity" ELSE CAST(NULL AS DOUBLE) END
                          )
                        END IS NULL
                        THEN CASE
                          WHEN CASE WHEN "t42"."quantity" > 0 THEN "t42"."quantity" ELSE CAST(NULL AS DOUBLE) END IS NULL
                          THEN CASE WHEN "t42"."quantity" > 0 THEN "t42"."quantity" ELSE CAST(NULL AS DOUBLE) END
                          ELSE LEAST(
                            9000000000000.0,
                            CASE WHEN "t42"."quantity" > 0 THEN "t42"."quantity" ELSE CAST(NULL AS DOUBLE) END
                          )
                        END
                        ELSE GREATEST(
                          -9000000000000.0,
                          CASE
                            WHEN CASE WHEN "t42"."quantity" > 0 THEN "t42"."quantity" ELSE CAST(NULL AS DOUBLE) END IS NULL
                            THEN CASE WHEN "t42"."quantity" > 0 THEN "t42"."quantity" ELSE CAST(NULL AS DOUBLE) END
                            ELSE LEAST(
                              9000000000000.0,
                              CASE WHEN "t42"."quantity" > 0 THEN "t42"."quantity" ELSE CAST(NULL AS DOUBLE) END
                            )
                          END
                        )
                      END * 1000000.0,
                      0
                    ) AS BIGINT)
                  ) FILTER(WHERE
                    (
                      "t42"."occurred_at" < "t42"."as_of_0"
                    )
                    AND (
                      CASE WHEN "t42"."quantity" > 0 THEN "t42"."quantity" ELSE CAST(NULL AS DOUBLE) END IS NOT NULL
                    )) AS "items_0"
                FROM (
                  SELECT
                    "t37"."customer_id",
                    "t37"."order_id",
                    "t37"."occurred_at",
                    "t37"."amount",
                    "t37"."product_id",
                    "t37"."quantity",
                    "t37"."unit_price",
                    "t37"."discount",
                    "t37"."channel",
                    "t37"."returns_order_id",
                    "t37"."promised_at",
                    "t37"."delivered_at",
                    "t37"."path_product",
                    "t37"."category",
                    "t11"."as_of_0"
                  FROM (
                    SELECT
                      *
                    FROM (
                      SELECT
                        *
                      FROM (
                        SELECT
                          "t27"."customer_id",
                          "t27"."order_id",
                          "t27"."occurred_at",
                          "t27"."amount",
                          "t27"."product_id",
                          "t27"."quantity",
                          "t27"."unit_price",
                          "t27"."discount",
                          "t27"."channel",
                          "t27"."returns_order_id",
                          "t27"."promised_at",
                          "t27"."delivered_at",
                          "t20"."path_product",
                          "t20"."category"
                        FROM (
                          SELECT
                            "t25".*
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
                            ) AS "t22"
                            WHERE
                              "t22"."occurred_at" < (
                                SELECT
                                  MAX("t0"."as_of") AS "Max(as_of)"
                                FROM "cutoffs" AS "t0"
                              )
                              AND (
                                (
                                  "t22"."recorded_at" IS NULL
                                )
                                OR (
                                  "t22"."recorded_at" <= (
                                    SELECT
                                      MAX("t0"."as_of") AS "Max(as_of)"
                                    FROM "cutoffs" AS "t0"
                                  )
                                )
                              )
                          ) AS "t25"
                        ) AS "t27"
                        INNER JOIN (
                          SELECT
                            "t5"."product_id" AS "path_product",
                            LIST_EXTRACT("t5"."category", 1) AS "category"
                          FROM "products" AS "t5"
                        ) AS "t20"
                          ON "t27"."product_id" = "t20"."path_product"
                      ) AS "t29"
                      WHERE
                        "t29"."category" IS NOT NULL
                    ) AS "t32"
                    WHERE
                      "t32"."amount" > 0
                  ) AS "t37"
                  CROSS JOIN "clock" AS "t11"
                ) AS "t42"
                GROUP BY
                  1,
                  2
              ) AS "t57"
              CROSS JOIN "clock" AS "t11"
              INNER JOIN (
                SELECT
                  "t4"."as_of" AS "priced_at",
                  "t4"."category" AS "priced_category",
                  "t4"."unit_price"
                FROM "prices" AS "t4"
              ) AS "t15"
                ON "t57"."category" = "t15"."priced_category"
                AND "t11"."as_of_0" = "t15"."priced_at"
            ) AS "t59"
            GROUP BY
              1,
              2
          ) AS "t69"
          WHERE
            "t69"."usual" > 0
        ) AS "t71"
      ) AS "t75"
    ) AS "t80"
      ON "t101"."customer_id" = "t80"."prices_customer"
      AND "t101"."as_of" = "t80"."prices_as_of"
    LEFT OUTER JOIN (
      SELECT
        "t96"."customer_id" AS "orders_customer",
        "t96"."as_of" AS "orders_as_of",
        "t96"."orders__n__0_ever",
        "t96"."orders__n__0_90",
        "t96"."orders__spend__0_90",
        "t96"."orders__at__0_ever"
      FROM "t95" AS "t96"
    ) AS "t100"
      ON "t101"."customer_id" = "t100"."orders_customer"
      AND "t101"."as_of" = "t100"."orders_as_of"
    LEFT OUTER JOIN (
      SELECT
        "t84"."customer_id" AS "new_categories_customer",
        "t84"."as_of" AS "new_categories_as_of",
        "t84"."new_categories__n__0_ever"
      FROM (
        SELECT
          "t79"."customer_id",
          "t79"."as_of",
          CAST(SUM("t79"."n") AS DOUBLE) AS "new_categories__n__0_ever"
        FROM (
          SELECT
            "t74"."customer_id",
            "t74"."as_of",
            "t74"."slice",
            SUM("t74"."firsts") AS "n"
          FROM (
            SELECT
              "t61"."customer_id",
              "t61"."category",
              "t61"."occurred_at",
              "t61"."firsts",
              "t61"."as_of",
              "t61"."log_start",
              "t61"."shift",
              "t61"."age",
              CAST("t61"."age" >= 7 AS TINYINT) + 0 + CAST("t61"."age" >= 14 AS TINYINT) + CAST("t61"."age" >= 30 AS TINYINT) + CAST("t61"."age" >= 60 AS TINYINT) + CAST("t61"."age" >= 90 AS TINYINT) + CAST("t61"."age" >= 180 AS TINYINT) + CAST("t61"."age" >= 275 AS TINYINT) + CAST("t61"."age" >= 365 AS TINYINT) AS "slice"
            FROM (
              SELECT
                "t58"."customer_id",
                "t58"."category",
                "t58"."occurred_at",
                "t58"."firsts",
                "t58"."as_of",
                "t58"."log_start",
                "t58"."shift",
                CAST(FLOOR(
                  (
                    DATE_DIFF('MICROSECOND', "t58"."occurred_at", "t58"."as_of") - 1
                  ) / (
                    86400000000
                  )
                ) AS BIGINT) AS "age"
              FROM (
                SELECT
                  "t53"."customer_id",
                  "t53"."category",
                  "t53"."occurred_at",
                  "t53"."firsts",
                  "t7"."as_of",
                  "t7"."log_start",
                  "t7"."shift"
                FROM (
                  SELECT
                    "t48"."customer_id",
                    "t48"."category",
                    "t48"."occurred_at",
                    1 AS "firsts"
                  FROM (
                    SELECT
                      "t43"."customer_id",
                      "t43"."category",
                      MIN("t43"."occurred_at") AS "occurred_at"
                    FROM (
                      SELECT
                        "t36"."customer_id",
                        "t36"."product_id",
                        "t36"."occurred_at",
                        "t19"."path_product",
                        "t19"."category"
                      FROM "t33" AS "t36"
                      INNER JOIN (
                        SELECT
                          "t5"."product_id" AS "path_product",
                          UNNEST("t5"."category") AS "category"
                        FROM "products" AS "t5"
                      ) AS "t19"
                        ON "t36"."product_id" = "t19"."path_product"
                    ) AS "t43"
                    GROUP BY
                      1,
                      2
                  ) AS "t48"
                ) AS "t53"
                INNER JOIN "cutoffs" AS "t7"
                  ON "t53"."occurred_at" < "t7"."as_of"
              ) AS "t58"
            ) AS "t61"
          ) AS "t74"
          GROUP BY
            1,
            2,
            3
        ) AS "t79"
        GROUP BY
          1,
          2
      ) AS "t84"
    ) AS "t86"
      ON "t101"."customer_id" = "t86"."new_categories_customer"
      AND "t101"."as_of" = "t86"."new_categories_as_of"
    LEFT OUTER JOIN (
      SELECT
        "t73"."customer_id" AS "new_products_customer",
        "t73"."as_of" AS "new_products_as_of",
        "t73"."new_products__n__0_90"
      FROM (
        SELECT
          "t68"."customer_id",
          "t68"."as_of",
          CAST(SUM("t68"."n") FILTER(WHERE
            "t68"."slice" <= 4) AS DOUBLE) AS "new_products__n__0_90"
        FROM (
          SELECT
            "t66"."customer_id",
            "t66"."as_of",
            "t66"."slice",
            SUM("t66"."firsts") AS "n"
          FROM (
            SELECT
              "t56"."customer_id",
              "t56"."product_id",
              "t56"."occurred_at",
              "t56"."firsts",
              "t56"."as_of",
              "t56"."log_start",
              "t56"."shift",
              "t56"."age",
              CAST("t56"."age" >= 7 AS TINYINT) + 0 + CAST("t56"."age" >= 14 AS TINYINT) + CAST("t56"."age" >= 30 AS TINYINT) + CAST("t56"."age" >= 60 AS TINYINT) + CAST("t56"."age" >= 90 AS TINYINT) + CAST("t56"."age" >= 180 AS TINYINT) + CAST("t56"."age" >= 275 AS TINYINT) + CAST("t56"."age" >= 365 AS TINYINT) AS "slice"
            FROM (
              SELECT
                "t47"."customer_id",
                "t47"."product_id",
                "t47"."occurred_at",
                "t47"."firsts",
                "t47"."as_of",
                "t47"."log_start",
                "t47"."shift",
                CAST(FLOOR(
                  (
                    DATE_DIFF('MICROSECOND', "t47"."occurred_at", "t47"."as_of") - 1
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
                  FROM "t33" AS "t34"
                ) AS "t41"
                INNER JOIN "cutoffs" AS "t7"
                  ON "t41"."occurred_at" < "t7"."as_of"
              ) AS "t47"
            ) AS "t56"
          ) AS "t66"
          GROUP BY
            1,
            2,
            3
        ) AS "t68"
        GROUP BY
          1,
          2
      ) AS "t73"
    ) AS "t78"
      ON "t101"."customer_id" = "t78"."new_products_customer"
      AND "t101"."as_of" = "t78"."new_products_as_of"
  ) AS "t102"
) AS "t103"
ORDER BY
  "t103"."as_of" ASC,
  "t103"."customer_id" ASC
