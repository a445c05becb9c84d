SELECT
  COUNT(*) AS "n"
FROM (
  SELECT
    *
  FROM "transactions" AS "t0"
  WHERE
    "t0"."recorded_at" > "t0"."occurred_at"
) AS "t1"
