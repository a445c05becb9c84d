WITH "t6" AS (
  SELECT
    "t5"."category",
    "t5"."spend_0",
    "t5"."items_0",
    "t5"."spend_1",
    "t5"."items_1",
    "t3"."as_of_0",
    "t3"."as_of_1"
  FROM (
    SELECT
      "t0"."category",
      SUM("t0"."spend_0") AS "spend_0",
      SUM("t0"."items_0") AS "items_0",
      SUM("t0"."spend_1") AS "spend_1",
      SUM("t0"."items_1") AS "items_1"
    FROM "category_sums_0" AS "t0"
    GROUP BY
      1
  ) AS "t5"
  CROSS JOIN "clock" AS "t3"
)
SELECT
  *
FROM (
  SELECT
    *
  FROM (
    SELECT
      "t15"."customer_id",
      "t15"."priced_at" AS "as_of",
      CAST(SUM("t15"."spend_0") AS DOUBLE) AS "spent",
      CAST(SUM(
        CAST(ROUND(
          CASE
            WHEN CASE
              WHEN (
                (
                  CAST("t15"."items_0" AS DOUBLE) / 1000000.0
                ) * "t15"."unit_price"
              ) IS NULL
              THEN (
                CAST("t15"."items_0" AS DOUBLE) / 1000000.0
              ) * "t15"."unit_price"
              ELSE LEAST(
                9000000000000.0,
                (
                  CAST("t15"."items_0" AS DOUBLE) / 1000000.0
                ) * "t15"."unit_price"
              )
            END IS NULL
            THEN CASE
              WHEN (
                (
                  CAST("t15"."items_0" AS DOUBLE) / 1000000.0
                ) * "t15"."unit_price"
              ) IS NULL
              THEN (
                CAST("t15"."items_0" AS DOUBLE) / 1000000.0
              ) * "t15"."unit_price"
              ELSE LEAST(
                9000000000000.0,
                (
                  CAST("t15"."items_0" AS DOUBLE) / 1000000.0
                ) * "t15"."unit_price"
              )
            END
            ELSE GREATEST(
              -9000000000000.0,
              CASE
                WHEN (
                  (
                    CAST("t15"."items_0" AS DOUBLE) / 1000000.0
                  ) * "t15"."unit_price"
                ) IS NULL
                THEN (
                  CAST("t15"."items_0" AS DOUBLE) / 1000000.0
                ) * "t15"."unit_price"
                ELSE LEAST(
                  9000000000000.0,
                  (
                    CAST("t15"."items_0" AS DOUBLE) / 1000000.0
                  ) * "t15"."unit_price"
                )
              END
            )
          END * 1000000.0,
          0
        ) AS BIGINT)
      ) AS DOUBLE) / 1000000.0 AS "usual"
    FROM (
      SELECT
        "t2"."customer_id",
        "t2"."category",
        "t2"."first_at",
        "t2"."spend_0",
        "t2"."items_0",
        "t2"."spend_1",
        "t2"."items_1",
        "t3"."as_of_0",
        "t3"."as_of_1",
        "t14"."priced_at",
        "t14"."priced_category",
        "t14"."unit_price"
      FROM "category_sums_0" AS "t2"
      CROSS JOIN "clock" AS "t3"
      INNER JOIN (
        SELECT
          "t12"."as_of" AS "priced_at",
          "t12"."category" AS "priced_category",
          "t12"."unit_price"
        FROM (
          SELECT
            *
          FROM (
            SELECT
              "t8"."as_of_0" AS "as_of",
              "t8"."category",
              CAST("t8"."spend_0" AS DOUBLE) / (
                CAST("t8"."items_0" AS DOUBLE) / 1000000.0
              ) AS "unit_price"
            FROM (
              SELECT
                *
              FROM "t6" AS "t7"
              WHERE
                "t7"."items_0" > 0
            ) AS "t8"
          ) AS "t10"
          UNION ALL
          SELECT
            *
          FROM (
            SELECT
              "t9"."as_of_1" AS "as_of",
              "t9"."category",
              CAST("t9"."spend_1" AS DOUBLE) / (
                CAST("t9"."items_1" AS DOUBLE) / 1000000.0
              ) AS "unit_price"
            FROM (
              SELECT
                *
              FROM "t6" AS "t7"
              WHERE
                "t7"."items_1" > 0
            ) AS "t9"
          ) AS "t11"
        ) AS "t12"
      ) AS "t14"
        ON "t2"."category" = "t14"."priced_category" AND "t3"."as_of_0" = "t14"."priced_at"
    ) AS "t15"
    GROUP BY
      1,
      2
  ) AS "t17"
  WHERE
    "t17"."usual" > 0
) AS "t19"
UNION ALL
SELECT
  *
FROM (
  SELECT
    *
  FROM (
    SELECT
      "t16"."customer_id",
      "t16"."priced_at" AS "as_of",
      CAST(SUM("t16"."spend_1") AS DOUBLE) AS "spent",
      CAST(SUM(
        CAST(ROUND(
          CASE
            WHEN CASE
              WHEN (
                (
                  CAST("t16"."items_1" AS DOUBLE) / 1000000.0
                ) * "t16"."unit_price"
              ) IS NULL
              THEN (
                CAST("t16"."items_1" AS DOUBLE) / 1000000.0
              ) * "t16"."unit_price"
              ELSE LEAST(
                9000000000000.0,
                (
                  CAST("t16"."items_1" AS DOUBLE) / 1000000.0
                ) * "t16"."unit_price"
              )
            END IS NULL
            THEN CASE
              WHEN (
                (
                  CAST("t16"."items_1" AS DOUBLE) / 1000000.0
                ) * "t16"."unit_price"
              ) IS NULL
              THEN (
                CAST("t16"."items_1" AS DOUBLE) / 1000000.0
              ) * "t16"."unit_price"
              ELSE LEAST(
                9000000000000.0,
                (
                  CAST("t16"."items_1" AS DOUBLE) / 1000000.0
                ) * "t16"."unit_price"
              )
            END
            ELSE GREATEST(
              -9000000000000.0,
              CASE
                WHEN (
                  (
                    CAST("t16"."items_1" AS DOUBLE) / 1000000.0
                  ) * "t16"."unit_price"
                ) IS NULL
                THEN (
                  CAST("t16"."items_1" AS DOUBLE) / 1000000.0
                ) * "t16"."unit_price"
                ELSE LEAST(
                  9000000000000.0,
                  (
                    CAST("t16"."items_1" AS DOUBLE) / 1000000.0
                  ) * "t16"."unit_price"
                )
              END
            )
          END * 1000000.0,
          0
        ) AS BIGINT)
      ) AS DOUBLE) / 1000000.0 AS "usual"
    FROM (
      SELECT
        "t2"."customer_id",
        "t2"."category",
        "t2"."first_at",
        "t2"."spend_0",
        "t2"."items_0",
        "t2"."spend_1",
        "t2"."items_1",
        "t3"."as_of_0",
        "t3"."as_of_1",
        "t14"."priced_at",
        "t14"."priced_category",
        "t14"."unit_price"
      FROM "category_sums_0" AS "t2"
      CROSS JOIN "clock" AS "t3"
      INNER JOIN (
        SELECT
          "t12"."as_of" AS "priced_at",
          "t12"."category" AS "priced_category",
          "t12"."unit_price"
        FROM (
          SELECT
            *
          FROM (
            SELECT
              "t8"."as_of_0" AS "as_of",
              "t8"."category",
              CAST("t8"."spend_0" AS DOUBLE) / (
                CAST("t8"."items_0" AS DOUBLE) / 1000000.0
              ) AS "unit_price"
            FROM (
              SELECT
                *
              FROM "t6" AS "t7"
              WHERE
                "t7"."items_0" > 0
            ) AS "t8"
          ) AS "t10"
          UNION ALL
          SELECT
            *
          FROM (
            SELECT
              "t9"."as_of_1" AS "as_of",
              "t9"."category",
              CAST("t9"."spend_1" AS DOUBLE) / (
                CAST("t9"."items_1" AS DOUBLE) / 1000000.0
              ) AS "unit_price"
            FROM (
              SELECT
                *
              FROM "t6" AS "t7"
              WHERE
                "t7"."items_1" > 0
            ) AS "t9"
          ) AS "t11"
        ) AS "t12"
      ) AS "t14"
        ON "t2"."category" = "t14"."priced_category" AND "t3"."as_of_1" = "t14"."priced_at"
    ) AS "t16"
    GROUP BY
      1,
      2
  ) AS "t18"
  WHERE
    "t18"."usual" > 0
) AS "t20"
