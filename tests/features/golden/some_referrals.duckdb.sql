SELECT
  *
FROM (
  SELECT
    "t9"."referred_by",
    COUNT(DISTINCT "t9"."customer_id") AS "referrals"
  FROM (
    SELECT
      "t5"."customer_id",
      "t5"."customer_type",
      "t5"."region",
      "t5"."country",
      "t5"."industry",
      "t5"."company_size",
      "t5"."acquired_at",
      "t5"."birthday",
      "t5"."gender",
      "t5"."interests",
      "t5"."preferred_channel",
      "t5"."member_level",
      "t5"."points_balance",
      "t5"."points_expire_on",
      "t5"."referred_by",
      "t5"."fulfilment",
      "t5"."consent",
      "t5"."owner",
      "t5"."renewal_at",
      "t5"."phone",
      "t5"."email"
    FROM (
      SELECT
        *
      FROM "customers" AS "t0"
      WHERE
        "t0"."referred_by" IS NOT NULL AND "t0"."referred_by" <> "t0"."customer_id"
    ) AS "t5"
    SEMI JOIN "wanted" AS "t3"
      ON "t5"."referred_by" = "t3"."wanted_customer"
    SEMI JOIN (
      SELECT
        *
      FROM (
        SELECT
          *
        FROM "transactions" AS "t2"
        WHERE
          "t2"."occurred_at" < MAKE_TIMESTAMP(2024, 3, 1, 0, 0, 0.0)
          AND (
            (
              "t2"."recorded_at" IS NULL
            )
            OR (
              "t2"."recorded_at" <= MAKE_TIMESTAMP(2024, 3, 1, 0, 0, 0.0)
            )
          )
      ) AS "t6"
      WHERE
        "t6"."amount" > 0
    ) AS "t8"
      ON "t5"."customer_id" = "t8"."customer_id"
  ) AS "t9"
  GROUP BY
    1
) AS "t10"
ORDER BY
  "t10"."referred_by" ASC
