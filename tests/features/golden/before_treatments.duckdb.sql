SELECT
  *
FROM (
  SELECT
    *
  FROM "all_treatments" AS "t0"
  WHERE
    (
      "t0"."treated_at" IS NULL
    )
    OR (
      "t0"."treated_at" < MAKE_TIMESTAMP(2024, 3, 1, 0, 0, 0.0)
    )
) AS "t1"
