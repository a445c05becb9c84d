SELECT
  "t5"."customer_id",
  "t5"."as_of",
  CAST(SUM(CAST("t5"."kind" = 'contact' AS BIGINT)) FILTER(WHERE
    "t5"."age" < 30) AS DOUBLE) AS "interactions__contact__0_30",
  CAST(SUM(CAST("t5"."kind" = 'contact' AS BIGINT)) FILTER(WHERE
    "t5"."age" < 90) AS DOUBLE) AS "interactions__contact__0_90",
  CAST(SUM(CAST("t5"."kind" = 'contact' AS BIGINT)) FILTER(WHERE
    "t5"."age" < 365) AS DOUBLE) AS "interactions__contact__0_365",
  MAX(
    CASE
      WHEN "t5"."kind" = 'contact'
      THEN "t5"."occurred_at"
      ELSE CAST(NULL AS TIMESTAMP)
    END
  ) AS "interactions__contact_at__0_ever",
  CAST(SUM(CAST("t5"."kind" = 'contact' AS BIGINT)) FILTER(WHERE
    (
      "t5"."age" < 180
    ) AND (
      "t5"."age" >= 90
    )) AS DOUBLE) AS "interactions__contact__90_180",
  CAST(SUM(CAST("t5"."kind" = 'visit' AS BIGINT)) FILTER(WHERE
    "t5"."age" < 30) AS DOUBLE) AS "interactions__visit__0_30",
  CAST(SUM(CAST("t5"."kind" = 'visit' AS BIGINT)) FILTER(WHERE
    "t5"."age" < 90) AS DOUBLE) AS "interactions__visit__0_90",
  MAX(
    CASE
      WHEN "t5"."kind" = 'visit'
      THEN "t5"."occurred_at"
      ELSE CAST(NULL AS TIMESTAMP)
    END
  ) AS "interactions__visit_at__0_ever",
  CAST(SUM(CAST("t5"."kind" = 'browse' AS BIGINT)) FILTER(WHERE
    "t5"."age" < 90) AS DOUBLE) AS "interactions__browse__0_90",
  CAST(SUM(CAST("t5"."kind" = 'open' AS BIGINT)) FILTER(WHERE
    "t5"."age" < 90) AS DOUBLE) AS "interactions__open__0_90",
  CAST(SUM(CAST("t5"."kind" = 'click' AS BIGINT)) FILTER(WHERE
    "t5"."age" < 90) AS DOUBLE) AS "interactions__click__0_90",
  CAST(SUM(CAST("t5"."kind" = 'cart' AS BIGINT)) FILTER(WHERE
    "t5"."age" < 90) AS DOUBLE) AS "interactions__cart__0_90",
  CAST(SUM(CAST("t5"."kind" = 'visit' AS BIGINT)) FILTER(WHERE
    (
      "t5"."age" < 180
    ) AND (
      "t5"."age" >= 90
    )) AS DOUBLE) AS "interactions__visit__90_180",
  CAST(SUM(CAST("t5"."kind" = 'redeem' AS BIGINT)) FILTER(WHERE
    "t5"."age" < 90) AS DOUBLE) AS "interactions__redeem__0_90",
  CAST(SUM(CAST("t5"."kind" = 'redeem' AS BIGINT)) FILTER(WHERE
    "t5"."age" < 365) AS DOUBLE) AS "interactions__redeem__0_365",
  MAX(
    CASE
      WHEN "t5"."kind" = 'redeem'
      THEN "t5"."occurred_at"
      ELSE CAST(NULL AS TIMESTAMP)
    END
  ) AS "interactions__redeem_at__0_ever"
FROM (
  SELECT
    "t4"."interaction_id",
    "t4"."customer_id",
    "t4"."occurred_at",
    "t4"."kind",
    "t4"."channel",
    "t4"."direction",
    "t4"."product_id",
    "t4"."category",
    "t4"."recorded_at",
    "t4"."as_of",
    "t4"."log_start",
    "t4"."shift",
    CAST(FLOOR(
      (
        DATE_DIFF('MICROSECOND', "t4"."occurred_at", "t4"."as_of") - 1
      ) / (
        86400000000
      )
    ) AS BIGINT) AS "age"
  FROM (
    SELECT
      "t2"."interaction_id",
      "t2"."customer_id",
      "t2"."occurred_at",
      "t2"."kind",
      "t2"."channel",
      "t2"."direction",
      "t2"."product_id",
      "t2"."category",
      "t2"."recorded_at",
      "t3"."as_of",
      "t3"."log_start",
      "t3"."shift"
    FROM "interactions" AS "t2"
    INNER JOIN "cutoffs" AS "t3"
      ON "t2"."occurred_at" < "t3"."as_of"
      AND (
        (
          "t2"."recorded_at" IS NULL
        ) OR (
          "t2"."recorded_at" <= "t3"."as_of"
        )
      )
  ) AS "t4"
) AS "t5"
GROUP BY
  1,
  2
