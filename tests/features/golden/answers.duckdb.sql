SELECT
  "t2"."customer_id",
  "t2"."occurred_at",
  "t2"."kind",
  "t2"."topic",
  "t2"."score",
  "t2"."score_min",
  "t2"."score_max"
FROM (
  SELECT
    *
  FROM (
    SELECT
      *
    FROM "feedback" AS "t0"
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
  ) AS "t1"
  ORDER BY
    "t1"."customer_id" ASC,
    "t1"."occurred_at" ASC,
    "t1"."feedback_id" ASC
) AS "t2"
