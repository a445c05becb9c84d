WITH "t3" AS (
  SELECT
    *
  FROM "transactions" AS "t0"
  WHERE
    "t0"."occurred_at" < (
      SELECT
        MAX("t1"."as_of") AS "Max(as_of)"
      FROM "cutoffs" AS "t1"
    )
    AND (
      (
        "t0"."recorded_at" IS NULL
      )
      OR (
        "t0"."recorded_at" <= (
          SELECT
            MAX("t1"."as_of") AS "Max(as_of)"
          FROM "cutoffs" AS "t1"
        )
      )
    )
), "t6" AS (
  SELECT
    "t4"."customer_id",
    "t4"."order_id",
    MIN("t4"."occurred_at") AS "occurred_at",
    MAX("t4"."occurred_at") AS "until",
    COUNT(*) AS "lines",
    COALESCE(CAST(SUM("t4"."amount") AS DECIMAL(18, 4)), CAST(0 AS DECIMAL(18, 4))) AS "amount",
    COALESCE(
      SUM(
        CAST(ROUND(
          CASE
            WHEN CASE
              WHEN "t4"."quantity" IS NULL
              THEN "t4"."quantity"
              ELSE LEAST(9000000000000.0, "t4"."quantity")
            END IS NULL
            THEN CASE
              WHEN "t4"."quantity" IS NULL
              THEN "t4"."quantity"
              ELSE LEAST(9000000000000.0, "t4"."quantity")
            END
            ELSE GREATEST(
              -9000000000000.0,
              CASE
                WHEN "t4"."quantity" IS NULL
                THEN "t4"."quantity"
                ELSE LEAST(9000000000000.0, "t4"."quantity")
              END
            )
          END * 1000000.0,
          0
        ) AS BIGINT)
      ),
      0
    ) AS "items",
    COALESCE(CAST(SUM("t4"."discount") AS DECIMAL(18, 4)), CAST(0 AS DECIMAL(18, 4))) AS "discount",
    MAX("t4"."recorded_at") AS "recorded_at",
    COUNT("t4"."returns_order_id") AS "named"
  FROM "t3" AS "t4"
  GROUP BY
    1,
    2
)
SELECT
  *
FROM (
  SELECT
    "t26"."customer_id",
    "t26"."order_id",
    "t26"."occurred_at",
    "t26"."amount",
    "t26"."recorded_at",
    "t26"."is_order"
  FROM (
    SELECT
      "t25"."customer_id",
      "t25"."order_id",
      "t25"."occurred_at",
      "t25"."lines",
      CAST("t25"."amount" AS DOUBLE) AS "amount",
      "t25"."items",
      "t25"."discount",
      "t25"."recorded_at",
      "t25"."is_order",
      "t25"."is_return"
    FROM (
      SELECT
        *
      FROM (
        SELECT
          "t12"."customer_id",
          "t12"."order_id",
          "t12"."occurred_at",
          "t12"."lines",
          "t12"."amount",
          "t12"."items",
          "t12"."discount",
          "t12"."recorded_at",
          "t12"."is_order",
          "t12"."is_return"
        FROM (
          SELECT
            "t11".*
            EXCLUDE ("named")
          FROM (
            SELECT
              "t8"."customer_id",
              "t8"."order_id",
              "t8"."occurred_at",
              "t8"."until",
              "t8"."lines",
              "t8"."amount",
              "t8"."items",
              "t8"."discount",
              "t8"."recorded_at",
              "t8"."named",
              "t8"."amount" > 0 AS "is_order",
              "t8"."amount" < 0 AS "is_return"
            FROM (
              SELECT
                *
              FROM "t6" AS "t7"
              WHERE
                "t7"."occurred_at" = "t7"."until"
            ) AS "t8"
          ) AS "t11"
        ) AS "t12"
      ) AS "t14"
      UNION ALL
      SELECT
        *
      FROM (
        SELECT
          "t23"."customer_id",
          "t23"."order_id",
          "t23"."occurred_at",
          "t23"."lines",
          "t23"."amount",
          "t23"."items",
          "t23"."discount",
          "t23"."recorded_at",
          "t23"."is_order",
          "t23"."is_return"
        FROM (
          SELECT
            "t22"."customer_id",
            "t22"."order_id",
            "t22"."occurred_at",
            "t22"."lines",
            "t22"."amount",
            "t22"."items",
            "t22"."discount",
            "t22"."recorded_at",
            "t22"."is_order" AND (
              "t22"."occurred_at" = "t22"."started_at"
            ) AS "is_order",
            "t22"."is_return",
            "t22"."started_customer",
            "t22"."started_order",
            "t22"."started_at"
          FROM (
            SELECT
              "t18"."customer_id",
              "t18"."order_id",
              "t18"."occurred_at",
              "t18"."lines",
              "t18"."amount",
              "t18"."items",
              "t18"."discount",
              "t18"."recorded_at",
              "t18"."is_order",
              "t18"."is_return",
              "t21"."started_customer",
              "t21"."started_order",
              "t21"."started_at"
            FROM (
              SELECT
                "t16".*
                EXCLUDE ("named")
              FROM (
                SELECT
                  "t15"."customer_id",
                  "t15"."order_id",
                  "t15"."occurred_at",
                  "t15"."lines",
                  "t15"."amount",
                  "t15"."items",
                  "t15"."discount",
                  "t15"."recorded_at",
                  "t15"."named",
                  "t15"."amount" > 0 AS "is_order",
                  "t15"."amount" < 0 AS "is_return"
                FROM (
                  SELECT
                    "t13"."customer_id",
                    "t13"."order_id",
                    "t13"."occurred_at",
                    COUNT(*) AS "lines",
                    COALESCE(CAST(SUM("t13"."amount") AS DECIMAL(18, 4)), CAST(0 AS DECIMAL(18, 4))) AS "amount",
                    COALESCE(
                      SUM(
                        CAST(ROUND(
                          CASE
                            WHEN CASE
                              WHEN "t13"."quantity" IS NULL
                              THEN "t13"."quantity"
                              ELSE LEAST(9000000000000.0, "t13"."quantity")
                            END IS NULL
                            THEN CASE
                              WHEN "t13"."quantity" IS NULL
                              THEN "t13"."quantity"
                              ELSE LEAST(9000000000000.0, "t13"."quantity")
                            END
                            ELSE GREATEST(
                              -9000000000000.0,
                              CASE
                                WHEN "t13"."quantity" IS NULL
                                THEN "t13"."quantity"
                                ELSE LEAST(9000000000000.0, "t13"."quantity")
                              END
                            )
                          END * 1000000.0,
                          0
                        ) AS BIGINT)
                      ),
                      0
                    ) AS "items",
                    COALESCE(CAST(SUM("t13"."discount") AS DECIMAL(18, 4)), CAST(0 AS DECIMAL(18, 4))) AS "discount",
                    MAX("t13"."recorded_at") AS "recorded_at",
                    COUNT("t13"."returns_order_id") AS "named"
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
                      "t5"."recorded_at",
                      "t5"."returns_order_id",
                      "t5"."promised_at",
                      "t5"."delivered_at"
                    FROM "t3" AS "t5"
                    SEMI JOIN (
                      SELECT
                        *
                      FROM "t6" AS "t7"
                      WHERE
                        "t7"."occurred_at" < "t7"."until"
                    ) AS "t10"
                      ON "t5"."customer_id" = "t10"."customer_id" AND "t5"."order_id" = "t10"."order_id"
                  ) AS "t13"
                  GROUP BY
                    1,
                    2,
                    3
                ) AS "t15"
              ) AS "t16"
            ) AS "t18"
            LEFT OUTER JOIN (
              SELECT
                "t19"."customer_id" AS "started_customer",
                "t19"."order_id" AS "started_order",
                MIN("t19"."occurred_at") AS "started_at"
              FROM (
                SELECT
                  *
                FROM (
                  SELECT
                    "t16".*
                    EXCLUDE ("named")
                  FROM (
                    SELECT
                      "t15"."customer_id",
                      "t15"."order_id",
                      "t15"."occurred_at",
                      "t15"."lines",
                      "t15"."amount",
                      "t15"."items",
                      "t15"."discount",
                      "t15"."recorded_at",
                      "t15"."named",
                      "t15"."amount" > 0 AS "is_order",
                      "t15"."amount" < 0 AS "is_return"
                    FROM (
                      SELECT
                        "t13"."customer_id",
                        "t13"."order_id",
                        "t13"."occurred_at",
                        COUNT(*) AS "lines",
                        COALESCE(CAST(SUM("t13"."amount") AS DECIMAL(18, 4)), CAST(0 AS DECIMAL(18, 4))) AS "amount",
                        COALESCE(
                          SUM(
                            CAST(ROUND(
                              CASE
                                WHEN CASE
                                  WHEN "t13"."quantity" IS NULL
                                  THEN "t13"."quantity"
                                  ELSE LEAST(9000000000000.0, "t13"."quantity")
                                END IS NULL
                                THEN CASE
                                  WHEN "t13"."quantity" IS NULL
                                  THEN "t13"."quantity"
                                  ELSE LEAST(9000000000000.0, "t13"."quantity")
                                END
                                ELSE GREATEST(
                                  -9000000000000.0,
                                  CASE
                                    WHEN "t13"."quantity" IS NULL
                                    THEN "t13"."quantity"
                                    ELSE LEAST(9000000000000.0, "t13"."quantity")
                                  END
                                )
                              END * 1000000.0,
                              0
                            ) AS BIGINT)
                          ),
                          0
                        ) AS "items",
                        COALESCE(CAST(SUM("t13"."discount") AS DECIMAL(18, 4)), CAST(0 AS DECIMAL(18, 4))) AS "discount",
                        MAX("t13"."recorded_at") AS "recorded_at",
                        COUNT("t13"."returns_order_id") AS "named"
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
                          "t5"."recorded_at",
                          "t5"."returns_order_id",
                          "t5"."promised_at",
                          "t5"."delivered_at"
                        FROM "t3" AS "t5"
                        SEMI JOIN (
                          SELECT
                            *
                          FROM "t6" AS "t7"
                          WHERE
                            "t7"."occurred_at" < "t7"."until"
                        ) AS "t10"
                          ON "t5"."customer_id" = "t10"."customer_id" AND "t5"."order_id" = "t10"."order_id"
                      ) AS "t13"
                      GROUP BY
                        1,
                        2,
                        3
                    ) AS "t15"
                  ) AS "t16"
                ) AS "t17"
                WHERE
                  "t17"."is_order"
              ) AS "t19"
              GROUP BY
                1,
                2
            ) AS "t21"
              ON "t18"."customer_id" = "t21"."started_customer"
              AND "t18"."order_id" = "t21"."started_order"
          ) AS "t22"
        ) AS "t23"
      ) AS "t24"
    ) AS "t25"
  ) AS "t26"
) AS "t27"
ORDER BY
  "t27"."customer_id" ASC,
  "t27"."occurred_at" ASC,
  "t27"."order_id" ASC
