SELECT
  "t9"."customer_id",
  "t9"."as_of",
  CAST(SUM(
    DATE_DIFF(
      'MICROSECOND',
      "t9"."promised_at",
      CASE
        WHEN "t9"."delivered_at" < "t9"."as_of"
        THEN "t9"."delivered_at"
        ELSE CAST(NULL AS TIMESTAMP)
      END
    )
  ) FILTER(WHERE
    "t9"."age" < 365) AS DOUBLE) / 86400000000.0 AS "deliveries__delay__0_365",
  CAST(SUM(CAST("t9"."delivered_at" < "t9"."as_of" AS BIGINT)) FILTER(WHERE
    "t9"."age" < 365) AS DOUBLE) AS "deliveries__n__0_365",
  CAST(SUM(
    CAST((
      "t9"."delivered_at" < "t9"."as_of"
    )
    AND (
      "t9"."delivered_at" > "t9"."promised_at"
    ) AS BIGINT)
  ) FILTER(WHERE
    "t9"."age" < 365) AS DOUBLE) AS "deliveries__late__0_365"
FROM (
  SELECT
    "t8"."customer_id",
    "t8"."order_id",
    "t8"."occurred_at",
    "t8"."promised_at",
    "t8"."delivered_at",
    "t8"."as_of",
    "t8"."log_start",
    "t8"."shift",
    CAST(FLOOR(
      (
        DATE_DIFF('MICROSECOND', "t8"."occurred_at", "t8"."as_of") - 1
      ) / (
        86400000000
      )
    ) AS BIGINT) AS "age"
  FROM (
    SELECT
      "t7"."customer_id",
      "t7"."order_id",
      "t7"."occurred_at",
      "t7"."promised_at",
      "t7"."delivered_at",
      "t2"."as_of",
      "t2"."log_start",
      "t2"."shift"
    FROM (
      SELECT DISTINCT
        *
      FROM (
        SELECT
          "t4"."customer_id",
          "t4"."order_id",
          "t4"."occurred_at",
          "t4"."promised_at",
          "t4"."delivered_at"
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
            "t3"."promised_at" IS NOT NULL AND "t3"."delivered_at" IS NOT NULL
        ) AS "t4"
      ) AS "t5"
    ) AS "t7"
    INNER JOIN "cutoffs" AS "t2"
      ON "t7"."occurred_at" < "t2"."as_of"
  ) AS "t8"
) AS "t9"
GROUP BY
  1,
  2
