SELECT
  *
FROM (
  SELECT
    "t1"."treatment_id",
    "t1"."customer_id",
    "t1"."treated_at",
    "t1"."strategy",
    "t1"."arm"
  FROM (
    SELECT
      *
    FROM "treatments" AS "t0"
    WHERE
      "t0"."treated_at" < MAKE_TIMESTAMP(2024, 3, 1, 0, 0, 0.0)
  ) AS "t1"
) AS "t2"
ORDER BY
  "t2"."customer_id" ASC,
  "t2"."treated_at" ASC,
  "t2"."treatment_id" ASC
