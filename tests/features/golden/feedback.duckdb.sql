SELECT
  "t2"."feedback_id",
  "t2"."customer_id",
  "t2"."occurred_at",
  "t2"."kind",
  "t2"."topic",
  "t2"."score",
  "t2"."score_min",
  "t2"."score_max",
  "t2"."resolved_at",
  "t2"."recorded_at"
FROM "feedback" AS "t2"
SEMI JOIN "wanted" AS "t3"
  ON "t2"."customer_id" = "t3"."wanted_customer"
