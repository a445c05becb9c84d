SELECT
  *
FROM "customers" AS "t0"
ORDER BY
  "t0"."customer_id" ASC
