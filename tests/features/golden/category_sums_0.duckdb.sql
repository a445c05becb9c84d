SELECT
  "t7"."customer_id",
  "t7"."category",
  MIN("t7"."occurred_at") AS "first_at",
  SUM("t7"."amount") FILTER(WHERE
    (
      "t7"."occurred_at" < "t7"."as_of_0"
    )
    AND (
      CASE WHEN "t7"."quantity" > 0 THEN "t7"."quantity" ELSE CAST(NULL AS DOUBLE) END IS NOT NULL
    )) AS "spend_0",
  SUM(
    CAST(ROUND(
      CASE
        WHEN CASE
          WHEN CASE WHEN "t7"."quantity" > 0 THEN "t7"."quantity" ELSE CAST(NULL AS DOUBLE) END IS NULL
          THEN CASE WHEN "t7"."quantity" > 0 THEN "t7"."quantity" ELSE CAST(NULL AS DOUBLE) END
          ELSE LEAST(
            9000000000000.0,
            CASE WHEN "t7"."quantity" > 0 THEN "t7"."quantity" ELSE CAST(NULL AS DOUBLE) END
          )
        END IS NULL
        THEN CASE
          WHEN CASE WHEN "t7"."quantity" > 0 THEN "t7"."quantity" ELSE CAST(NULL AS DOUBLE) END IS NULL
          THEN CASE WHEN "t7"."quantity" > 0 THEN "t7"."quantity" ELSE CAST(NULL AS DOUBLE) END
          ELSE LEAST(
            9000000000000.0,
            CASE WHEN "t7"."quantity" > 0 THEN "t7"."quantity" ELSE CAST(NULL AS DOUBLE) END
          )
        END
        ELSE GREATEST(
          -9000000000000.0,
          CASE
            WHEN CASE WHEN "t7"."quantity" > 0 THEN "t7"."quantity" ELSE CAST(NULL AS DOUBLE) END IS NULL
            THEN CASE WHEN "t7"."quantity" > 0 THEN "t7"."quantity" ELSE CAST(NULL AS DOUBLE) END
            ELSE LEAST(
              9000000000000.0,
              CASE WHEN "t7"."quantity" > 0 THEN "t7"."quantity" ELSE CAST(NULL AS DOUBLE) END
            )
          END
        )
      END * 1000000.0,
      0
    ) AS BIGINT)
  ) FILTER(WHERE
    (
      "t7"."occurred_at" < "t7"."as_of_0"
    )
    AND (
      CASE WHEN "t7"."quantity" > 0 THEN "t7"."quantity" ELSE CAST(NULL AS DOUBLE) END IS NOT NULL
    )) AS "items_0",
  SUM("t7"."amount") FILTER(WHERE
    (
      "t7"."occurred_at" < "t7"."as_of_1"
    )
    AND (
      CASE WHEN "t7"."quantity" > 0 THEN "t7"."quantity" ELSE CAST(NULL AS DOUBLE) END IS NOT NULL
    )) AS "spend_1",
  SUM(
    CAST(ROUND(
      CASE
        WHEN CASE
          WHEN CASE WHEN "t7"."quantity" > 0 THEN "t7"."quantity" ELSE CAST(NULL AS DOUBLE) END IS NULL
          THEN CASE WHEN "t7"."quantity" > 0 THEN "t7"."quantity" ELSE CAST(NULL AS DOUBLE) END
          ELSE LEAST(
            9000000000000.0,
            CASE WHEN "t7"."quantity" > 0 THEN "t7"."quantity" ELSE CAST(NULL AS DOUBLE) END
          )
        END IS NULL
        THEN CASE
          WHEN CASE WHEN "t7"."quantity" > 0 THEN "t7"."quantity" ELSE CAST(NULL AS DOUBLE) END IS NULL
          THEN CASE WHEN "t7"."quantity" > 0 THEN "t7"."quantity" ELSE CAST(NULL AS DOUBLE) END
          ELSE LEAST(
            9000000000000.0,
            CASE WHEN "t7"."quantity" > 0 THEN "t7"."quantity" ELSE CAST(NULL AS DOUBLE) END
          )
        END
        ELSE GREATEST(
          -9000000000000.0,
          CASE
            WHEN CASE WHEN "t7"."quantity" > 0 THEN "t7"."quantity" ELSE CAST(NULL AS DOUBLE) END IS NULL
            THEN CASE WHEN "t7"."quantity" > 0 THEN "t7"."quantity" ELSE CAST(NULL AS DOUBLE) END
            ELSE LEAST(
              9000000000000.0,
              CASE WHEN "t7"."quantity" > 0 THEN "t7"."quantity" ELSE CAST(NULL AS DOUBLE) END
            )
          END
        )
      END * 1000000.0,
      0
    ) AS BIGINT)
  ) FILTER(WHERE
    (
      "t7"."occurred_at" < "t7"."as_of_1"
    )
    AND (
      CASE WHEN "t7"."quantity" > 0 THEN "t7"."quantity" ELSE CAST(NULL AS DOUBLE) END IS NOT NULL
    )) AS "items_1"
FROM (
  SELECT
    "t6"."customer_id",
    "t6"."order_id",
    "t6"."occurred_at",
    "t6"."amount",
    "t6"."product_id",
    "t6"."category",
    "t6"."quantity",
    "t6"."unit_price",
    "t6"."discount",
    "t6"."channel",
    "t6"."returns_order_id",
    "t6"."promised_at",
    "t6"."delivered_at",
    "t2"."as_of_0",
    "t2"."as_of_1"
  FROM (
    SELECT
      *
    FROM (
      SELECT
        *
      FROM (
        SELECT
          "t1".*
          EXCLUDE ("recorded_at")
        FROM "transactions" AS "t1"
      ) AS "t3"
      WHERE
        "t3"."category" IS NOT NULL
    ) AS "t4"
    WHERE
      "t4"."amount" > 0
  ) AS "t6"
  CROSS JOIN "clock" AS "t2"
) AS "t7"
GROUP BY
  1,
  2
