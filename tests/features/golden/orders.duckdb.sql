SELECT
  "t29"."customer_id",
  "t29"."order_id",
  "t29"."occurred_at",
  "t29"."lines",
  "t29"."amount",
  "t29"."premium",
  "t29"."main",
  "t29"."items",
  "t29"."discount",
  "t29"."is_order",
  "t29"."is_return",
  "t29"."age_at_last",
  "t29"."before",
  "t29"."next_at",
  "t29"."before" - "t29"."age_at_last" AS "gap",
  CAST(CAST("t29"."is_order" AS BIGINT) AS DOUBLE) * 1000000000.0 AS "weight",
  CAST(ROUND(
    CASE
      WHEN CASE
        WHEN LN(
          CASE
            WHEN "t29"."is_order"
            THEN CAST("t29"."amount" AS DOUBLE)
            ELSE CAST(NULL AS DOUBLE)
          END
        ) IS NULL
        THEN LN(
          CASE
            WHEN "t29"."is_order"
            THEN CAST("t29"."amount" AS DOUBLE)
            ELSE CAST(NULL AS DOUBLE)
          END
        )
        ELSE LEAST(
          9000000000.0,
          LN(
            CASE
              WHEN "t29"."is_order"
              THEN CAST("t29"."amount" AS DOUBLE)
              ELSE CAST(NULL AS DOUBLE)
            END
          )
        )
      END IS NULL
      THEN CASE
        WHEN LN(
          CASE
            WHEN "t29"."is_order"
            THEN CAST("t29"."amount" AS DOUBLE)
            ELSE CAST(NULL AS DOUBLE)
          END
        ) IS NULL
        THEN LN(
          CASE
            WHEN "t29"."is_order"
            THEN CAST("t29"."amount" AS DOUBLE)
            ELSE CAST(NULL AS DOUBLE)
          END
        )
        ELSE LEAST(
          9000000000.0,
          LN(
            CASE
              WHEN "t29"."is_order"
              THEN CAST("t29"."amount" AS DOUBLE)
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
              WHEN "t29"."is_order"
              THEN CAST("t29"."amount" AS DOUBLE)
              ELSE CAST(NULL AS DOUBLE)
            END
          ) IS NULL
          THEN LN(
            CASE
              WHEN "t29"."is_order"
              THEN CAST("t29"."amount" AS DOUBLE)
              ELSE CAST(NULL AS DOUBLE)
            END
          )
          ELSE LEAST(
            9000000000.0,
            LN(
              CASE
                WHEN "t29"."is_order"
                THEN CAST("t29"."amount" AS DOUBLE)
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
              WHEN "t29"."is_order"
              THEN CAST("t29"."amount" AS DOUBLE)
              ELSE CAST(NULL AS DOUBLE)
            END
          ) * LN(
            CASE
              WHEN "t29"."is_order"
              THEN CAST("t29"."amount" AS DOUBLE)
              ELSE CAST(NULL AS DOUBLE)
            END
          )
        ) IS NULL
        THEN LN(
          CASE
            WHEN "t29"."is_order"
            THEN CAST("t29"."amount" AS DOUBLE)
            ELSE CAST(NULL AS DOUBLE)
          END
        ) * LN(
          CASE
            WHEN "t29"."is_order"
            THEN CAST("t29"."amount" AS DOUBLE)
            ELSE CAST(NULL AS DOUBLE)
          END
        )
        ELSE LEAST(
          9000000000.0,
          LN(
            CASE
              WHEN "t29"."is_order"
              THEN CAST("t29"."amount" AS DOUBLE)
              ELSE CAST(NULL AS DOUBLE)
            END
          ) * LN(
            CASE
              WHEN "t29"."is_order"
              THEN CAST("t29"."amount" AS DOUBLE)
              ELSE CAST(NULL AS DOUBLE)
            END
          )
        )
      END IS NULL
      THEN CASE
        WHEN (
          LN(
            CASE
              WHEN "t29"."is_order"
              THEN CAST("t29"."amount" AS DOUBLE)
              ELSE CAST(NULL AS DOUBLE)
            END
          ) * LN(
            CASE
              WHEN "t29"."is_order"
              THEN CAST("t29"."amount" AS DOUBLE)
              ELSE CAST(NULL AS DOUBLE)
            END
          )
        ) IS NULL
        THEN LN(
          CASE
            WHEN "t29"."is_order"
            THEN CAST("t29"."amount" AS DOUBLE)
            ELSE CAST(NULL AS DOUBLE)
          END
        ) * LN(
          CASE
            WHEN "t29"."is_order"
            THEN CAST("t29"."amount" AS DOUBLE)
            ELSE CAST(NULL AS DOUBLE)
          END
        )
        ELSE LEAST(
          9000000000.0,
          LN(
            CASE
              WHEN "t29"."is_order"
              THEN CAST("t29"."amount" AS DOUBLE)
              ELSE CAST(NULL AS DOUBLE)
            END
          ) * LN(
            CASE
              WHEN "t29"."is_order"
              THEN CAST("t29"."amount" AS DOUBLE)
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
                WHEN "t29"."is_order"
                THEN CAST("t29"."amount" AS DOUBLE)
                ELSE CAST(NULL AS DOUBLE)
              END
            ) * LN(
              CASE
                WHEN "t29"."is_order"
                THEN CAST("t29"."amount" AS DOUBLE)
                ELSE CAST(NULL AS DOUBLE)
              END
            )
          ) IS NULL
          THEN LN(
            CASE
              WHEN "t29"."is_order"
              THEN CAST("t29"."amount" AS DOUBLE)
              ELSE CAST(NULL AS DOUBLE)
            END
          ) * LN(
            CASE
              WHEN "t29"."is_order"
              THEN CAST("t29"."amount" AS DOUBLE)
              ELSE CAST(NULL AS DOUBLE)
            END
          )
          ELSE LEAST(
            9000000000.0,
            LN(
              CASE
                WHEN "t29"."is_order"
                THEN CAST("t29"."amount" AS DOUBLE)
                ELSE CAST(NULL AS DOUBLE)
              END
            ) * LN(
              CASE
                WHEN "t29"."is_order"
                THEN CAST("t29"."amount" AS DOUBLE)
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
    "t28"."customer_id",
    "t28"."order_id",
    "t28"."occurred_at",
    "t28"."lines",
    "t28"."amount",
    "t28"."premium",
    "t28"."main",
    "t28"."items",
    "t28"."discount",
    "t28"."is_order",
    "t28"."is_return",
    "t28"."age_at_last",
    CASE
      WHEN "t28"."is_order"
      THEN LAG("t28"."age_at_last") OVER (
        PARTITION BY "t28"."customer_id", "t28"."is_order"
        ORDER BY "t28"."occurred_at" ASC, "t28"."order_id" ASC
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      )
      ELSE CAST(NULL AS BIGINT)
    END AS "before",
    CASE
      WHEN "t28"."is_order"
      THEN LEAD("t28"."occurred_at") OVER (
        PARTITION BY "t28"."customer_id", "t28"."is_order"
        ORDER BY "t28"."occurred_at" ASC, "t28"."order_id" ASC
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      )
      ELSE CAST(NULL AS TIMESTAMP)
    END AS "next_at"
  FROM (
    SELECT
      "t27"."customer_id",
      "t27"."order_id",
      "t27"."occurred_at",
      "t27"."lines",
      "t27"."amount",
      "t27"."premium",
      "t27"."main",
      "t27"."items",
      "t27"."discount",
      "t27"."is_order",
      "t27"."is_return",
      CAST(FLOOR(
        (
          DATE_DIFF(
            'MICROSECOND',
            "t27"."occurred_at",
            (
              SELECT
                MAX("t1"."as_of") AS "Max(as_of)"
              FROM "cutoffs" AS "t1"
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
          "t14"."customer_id",
          "t14"."order_id",
          "t14"."occurred_at",
          "t14"."lines",
          "t14"."amount",
          "t14"."premium",
          "t14"."main",
          "t14"."items",
          "t14"."discount",
          "t14"."is_order",
          "t14"."is_return"
        FROM (
          SELECT
            "t12".*
            EXCLUDE ("named")
          FROM (
            SELECT
              "t6"."customer_id",
              "t6"."order_id",
              "t6"."occurred_at",
              "t6"."until",
              "t6"."lines",
              "t6"."amount",
              "t6"."premium",
              "t6"."main",
              "t6"."items",
              "t6"."discount",
              "t6"."named",
              "t6"."amount" > 0 AS "is_order",
              "t6"."amount" < 0 AS "is_return"
            FROM (
              SELECT
                *
              FROM "order_sums" AS "t0"
              WHERE
                "t0"."occurred_at" = "t0"."until"
            ) AS "t6"
          ) AS "t12"
        ) AS "t14"
      ) AS "t15"
      UNION ALL
      SELECT
        *
      FROM (
        SELECT
          "t25"."customer_id",
          "t25"."order_id",
          "t25"."occurred_at",
          "t25"."lines",
          "t25"."amount",
          "t25"."premium",
          "t25"."main",
          "t25"."items",
          "t25"."discount",
          "t25"."is_order",
          "t25"."is_return"
        FROM (
          SELECT
            "t24"."customer_id",
            "t24"."order_id",
            "t24"."occurred_at",
            "t24"."lines",
            "t24"."amount",
            "t24"."premium",
            "t24"."main",
            "t24"."items",
            "t24"."discount",
            "t24"."is_order" AND (
              "t24"."occurred_at" = "t24"."started_at"
            ) AS "is_order",
            "t24"."is_return",
            "t24"."started_customer",
            "t24"."started_order",
            "t24"."started_at"
          FROM (
            SELECT
              "t20"."customer_id",
              "t20"."order_id",
              "t20"."occurred_at",
              "t20"."lines",
              "t20"."amount",
              "t20"."premium",
              "t20"."main",
              "t20"."items",
              "t20"."discount",
              "t20"."is_order",
              "t20"."is_return",
              "t23"."started_customer",
              "t23"."started_order",
              "t23"."started_at"
            FROM (
              SELECT
                "t18".*
                EXCLUDE ("named")
              FROM (
                SELECT
                  "t17"."customer_id",
                  "t17"."order_id",
                  "t17"."occurred_at",
                  "t17"."lines",
                  "t17"."amount",
                  "t17"."premium",
                  "t17"."main",
                  "t17"."items",
                  "t17"."discount",
                  "t17"."named",
                  "t17"."amount" > 0 AS "is_order",
                  "t17"."amount" < 0 AS "is_return"
                FROM (
                  SELECT
                    "t16"."customer_id",
                    "t16"."order_id",
                    "t16"."occurred_at",
                    COUNT(*) AS "lines",
                    COALESCE(CAST(SUM("t16"."amount") AS DECIMAL(18, 4)), CAST(0 AS DECIMAL(18, 4))) AS "amount",
                    COALESCE(
                      CAST(SUM("t16"."amount") FILTER(WHERE
                        (
                          "t16"."product_line" = 'premium'
                        ) AND (
                          "t16"."amount" > 0
                        )) AS DECIMAL(18, 4)),
                      CAST(0 AS DECIMAL(18, 4))
                    ) AS "premium",
                    COALESCE(
                      CAST(SUM("t16"."amount") FILTER(WHERE
                        (
                          "t16"."product_line" = 'main'
                        ) AND (
                          "t16"."amount" > 0
                        )) AS DECIMAL(18, 4)),
                      CAST(0 AS DECIMAL(18, 4))
                    ) AS "main",
                    COALESCE(
                      SUM(
                        CAST(ROUND(
                          CASE
                            WHEN CASE
                              WHEN "t16"."quantity" IS NULL
                              THEN "t16"."quantity"
                              ELSE LEAST(9000000000000.0, "t16"."quantity")
                            END IS NULL
                            THEN CASE
                              WHEN "t16"."quantity" IS NULL
                              THEN "t16"."quantity"
                              ELSE LEAST(9000000000000.0, "t16"."quantity")
                            END
                            ELSE GREATEST(
                              -9000000000000.0,
                              CASE
                                WHEN "t16"."quantity" IS NULL
                                THEN "t16"."quantity"
                                ELSE LEAST(9000000000000.0, "t16"."quantity")
                              END
                            )
                          END * 1000000.0,
                          0
                        ) AS BIGINT)
                      ),
                      0
                    ) AS "items",
                    COALESCE(CAST(SUM("t16"."discount") AS DECIMAL(18, 4)), CAST(0 AS DECIMAL(18, 4))) AS "discount",
                    COUNT("t16"."returns_order_id") AS "named"
                  FROM (
                    SELECT
                      "t5"."customer_id",
                      "t5"."order_id",
                      "t5"."occurred_at",
                      "t5"."amount",
                      "t5"."product_id",
                      "t5"."category",
                      "t5"."quantity",
                      "t5"."unit_price",
                      "t5"."discount",
                      "t5"."channel",
                      "t5"."returns_order_id",
                      "t5"."promised_at",
                      "t5"."delivered_at",
                      "t13"."marked_product",
                      "t13"."product_line"
                    FROM (
                      SELECT
                        "t2".*
                        EXCLUDE ("recorded_at")
                      FROM "transactions" AS "t2"
                    ) AS "t5"
                    LEFT OUTER JOIN (
                      SELECT
                        "t9"."product_id" AS "marked_product",
                        "t9"."line" AS "product_line"
                      FROM (
                        SELECT
                          *
                        FROM "products" AS "t3"
                        WHERE
                          "t3"."line" IN ('premium', 'main')
                      ) AS "t9"
                    ) AS "t13"
                      ON "t5"."product_id" = "t13"."marked_product"
                    SEMI JOIN (
                      SELECT
                        *
                      FROM "order_sums" AS "t0"
                      WHERE
                        "t0"."occurred_at" < "t0"."until"
                    ) AS "t10"
                      ON "t5"."customer_id" = "t10"."customer_id" AND "t5"."order_id" = "t10"."order_id"
                  ) AS "t16"
                  GROUP BY
                    1,
                    2,
                    3
                ) AS "t17"
              ) AS "t18"
            ) AS "t20"
            LEFT OUTER JOIN (
              SELECT
                "t21"."customer_id" AS "started_customer",
                "t21"."order_id" AS "started_order",
                MIN("t21"."occurred_at") AS "started_at"
              FROM (
                SELECT
                  *
                FROM (
                  SELECT
                    "t18".*
                    EXCLUDE ("named")
                  FROM (
                    SELECT
                      "t17"."customer_id",
                      "t17"."order_id",
                      "t17"."occurred_at",
                      "t17"."lines",
                      "t17"."amount",
                      "t17"."premium",
                      "t17"."main",
                      "t17"."items",
                      "t17"."discount",
                      "t17"."named",
                      "t17"."amount" > 0 AS "is_order",
                      "t17"."amount" < 0 AS "is_return"
                    FROM (
                      SELECT
                        "t16"."customer_id",
                        "t16"."order_id",
                        "t16"."occurred_at",
                        COUNT(*) AS "lines",
                        COALESCE(CAST(SUM("t16"."amount") AS DECIMAL(18, 4)), CAST(0 AS DECIMAL(18, 4))) AS "amount",
                        COALESCE(
                          CAST(SUM("t16"."amount") FILTER(WHERE
                            (
                              "t16"."product_line" = 'premium'
                            ) AND (
                              "t16"."amount" > 0
                            )) AS DECIMAL(18, 4)),
                          CAST(0 AS DECIMAL(18, 4))
                        ) AS "premium",
                        COALESCE(
                          CAST(SUM("t16"."amount") FILTER(WHERE
                            (
                              "t16"."product_line" = 'main'
                            ) AND (
                              "t16"."amount" > 0
                            )) AS DECIMAL(18, 4)),
                          CAST(0 AS DECIMAL(18, 4))
                        ) AS "main",
                        COALESCE(
                          SUM(
                            CAST(ROUND(
                              CASE
                                WHEN CASE
                                  WHEN "t16"."quantity" IS NULL
                                  THEN "t16"."quantity"
                                  ELSE LEAST(9000000000000.0, "t16"."quantity")
                                END IS NULL
                                THEN CASE
                                  WHEN "t16"."quantity" IS NULL
                                  THEN "t16"."quantity"
                                  ELSE LEAST(9000000000000.0, "t16"."quantity")
                                END
                                ELSE GREATEST(
                                  -9000000000000.0,
                                  CASE
                                    WHEN "t16"."quantity" IS NULL
                                    THEN "t16"."quantity"
                                    ELSE LEAST(9000000000000.0, "t16"."quantity")
                                  END
                                )
                              END * 1000000.0,
                              0
                            ) AS BIGINT)
                          ),
                          0
                        ) AS "items",
                        COALESCE(CAST(SUM("t16"."discount") AS DECIMAL(18, 4)), CAST(0 AS DECIMAL(18, 4))) AS "discount",
                        COUNT("t16"."returns_order_id") AS "named"
                      FROM (
                        SELECT
                          "t5"."customer_id",
                          "t5"."order_id",
                          "t5"."occurred_at",
                          "t5"."amount",
                          "t5"."product_id",
                          "t5"."category",
                          "t5"."quantity",
                          "t5"."unit_price",
                          "t5"."discount",
                          "t5"."channel",
                          "t5"."returns_order_id",
                          "t5"."promised_at",
                          "t5"."delivered_at",
                          "t13"."marked_product",
                          "t13"."product_line"
                        FROM (
                          SELECT
                            "t2".*
                            EXCLUDE ("recorded_at")
                          FROM "transactions" AS "t2"
                        ) AS "t5"
                        LEFT OUTER JOIN (
                          SELECT
                            "t9"."product_id" AS "marked_product",
                            "t9"."line" AS "product_line"
                          FROM (
                            SELECT
                              *
                            FROM "products" AS "t3"
                            WHERE
                              "t3"."line" IN ('premium', 'main')
                          ) AS "t9"
                        ) AS "t13"
                          ON "t5"."product_id" = "t13"."marked_product"
                        SEMI JOIN (
                          SELECT
                            *
                          FROM "order_sums" AS "t0"
                          WHERE
                            "t0"."occurred_at" < "t0"."until"
                        ) AS "t10"
                          ON "t5"."customer_id" = "t10"."customer_id" AND "t5"."order_id" = "t10"."order_id"
                      ) AS "t16"
                      GROUP BY
                        1,
                        2,
                        3
                    ) AS "t17"
                  ) AS "t18"
                ) AS "t19"
                WHERE
                  "t19"."is_order"
              ) AS "t21"
              GROUP BY
                1,
                2
            ) AS "t23"
              ON "t20"."customer_id" = "t23"."started_customer"
              AND "t20"."order_id" = "t23"."started_order"
          ) AS "t24"
        ) AS "t25"
      ) AS "t26"
    ) AS "t27"
  ) AS "t28"
) AS "t29"
