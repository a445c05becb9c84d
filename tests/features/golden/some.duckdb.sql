SELECT
  "t0"."customer_id"
FROM "transactions" AS "t0"
LIMIT 3
