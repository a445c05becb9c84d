SELECT
  "t2"."feedback_id",
  "t2"."customer_id",
  "t2"."occurred_at",
  "t2"."kind",
  "t2"."topic",
  "t2"."score",
  "t2"."score_min",
  "t2"."score_max",
  CASE
    WHEN "t2"."resolved_at" < MAKE_TIMESTAMP(2024, 3, 1, 0, 0, 0.0)
    THEN "t2"."resolved_at"
    ELSE CAST(NULL AS TIMESTAMP)
  END AS "resolved_at"
FROM (
  SELECT
    *
  FROM (
    SELECT
      *
    FROM "all_feedback" AS "t0"
    WHERE
      (
        "t0"."occurred_at" IS NULL
      )
      OR (
        "t0"."occurred_at" < MAKE_TIMESTAMP(2024, 3, 1, 0, 0, 0.0)
      )
  ) AS "t1"
  WHERE
    (
      "t1"."recorded_at" IS NULL
    )
    OR (
      "t1"."recorded_at" <= MAKE_TIMESTAMP(2024, 6, 1, 0, 0, 0.0)
    )
) AS "t2"
