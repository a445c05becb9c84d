SELECT
  "t7"."customer_id",
  "t7"."as_of",
  CAST(SUM("t7"."contact") FILTER(WHERE
    "t7"."slice" <= 2) AS DOUBLE) AS "interactions__contact__0_30",
  CAST(SUM("t7"."contact") FILTER(WHERE
    "t7"."slice" <= 4) AS DOUBLE) AS "interactions__contact__0_90",
  CAST(SUM("t7"."contact") FILTER(WHERE
    "t7"."slice" <= 7) AS DOUBLE) AS "interactions__contact__0_365",
  MAX("t7"."contact_at") AS "interactions__contact_at__0_ever",
  CAST(SUM("t7"."contact") FILTER(WHERE
    (
      "t7"."slice" <= 5
    ) AND (
      "t7"."slice" > 4
    )) AS DOUBLE) AS "interactions__contact__90_180",
  CAST(SUM("t7"."visit") FILTER(WHERE
    "t7"."slice" <= 2) AS DOUBLE) AS "interactions__visit__0_30",
  CAST(SUM("t7"."visit") FILTER(WHERE
    "t7"."slice" <= 4) AS DOUBLE) AS "interactions__visit__0_90",
  MAX("t7"."visit_at") AS "interactions__visit_at__0_ever",
  CAST(SUM("t7"."browse") FILTER(WHERE
    "t7"."slice" <= 4) AS DOUBLE) AS "interactions__browse__0_90",
  CAST(SUM("t7"."open") FILTER(WHERE
    "t7"."slice" <= 4) AS DOUBLE) AS "interactions__open__0_90",
  CAST(SUM("t7"."click") FILTER(WHERE
    "t7"."slice" <= 4) AS DOUBLE) AS "interactions__click__0_90",
  CAST(SUM("t7"."cart") FILTER(WHERE
    "t7"."slice" <= 4) AS DOUBLE) AS "interactions__cart__0_90",
  CAST(SUM("t7"."visit") FILTER(WHERE
    (
      "t7"."slice" <= 5
    ) AND (
      "t7"."slice" > 4
    )) AS DOUBLE) AS "interactions__visit__90_180",
  CAST(SUM("t7"."redeem") FILTER(WHERE
    "t7"."slice" <= 4) AS DOUBLE) AS "interactions__redeem__0_90",
  CAST(SUM("t7"."redeem") FILTER(WHERE
    "t7"."slice" <= 7) AS DOUBLE) AS "interactions__redeem__0_365",
  MAX("t7"."redeem_at") AS "interactions__redeem_at__0_ever"
FROM (
  SELECT
    "t6"."customer_id",
    "t6"."as_of",
    "t6"."slice",
    SUM(CAST("t6"."kind" = 'contact' AS BIGINT)) AS "contact",
    MAX(
      CASE
        WHEN "t6"."kind" = 'contact'
        THEN "t6"."occurred_at"
        ELSE CAST(NULL AS TIMESTAMP)
      END
    ) AS "contact_at",
    SUM(CAST("t6"."kind" = 'visit' AS BIGINT)) AS "visit",
    MAX(
      CASE
        WHEN "t6"."kind" = 'visit'
        THEN "t6"."occurred_at"
        ELSE CAST(NULL AS TIMESTAMP)
      END
    ) AS "visit_at",
    SUM(CAST("t6"."kind" = 'browse' AS BIGINT)) AS "browse",
    SUM(CAST("t6"."kind" = 'open' AS BIGINT)) AS "open",
    SUM(CAST("t6"."kind" = 'click' AS BIGINT)) AS "click",
    SUM(CAST("t6"."kind" = 'cart' AS BIGINT)) AS "cart",
    SUM(CAST("t6"."kind" = 'redeem' AS BIGINT)) AS "redeem",
    MAX(
      CASE
        WHEN "t6"."kind" = 'redeem'
        THEN "t6"."occurred_at"
        ELSE CAST(NULL AS TIMESTAMP)
      END
    ) AS "redeem_at"
  FROM (
    SELECT
      "t5"."interaction_id",
      "t5"."customer_id",
      "t5"."occurred_at",
      "t5"."kind",
      "t5"."channel",
      "t5"."direction",
      "t5"."recorded_at",
      "t5"."as_of",
      "t5"."log_start",
      "t5"."shift",
      "t5"."age",
      CAST("t5"."age" >= 7 AS TINYINT) + 0 + CAST("t5"."age" >= 14 AS TINYINT) + CAST("t5"."age" >= 30 AS TINYINT) + CAST("t5"."age" >= 60 AS TINYINT) + CAST("t5"."age" >= 90 AS TINYINT) + CAST("t5"."age" >= 180 AS TINYINT) + CAST("t5"."age" >= 275 AS TINYINT) + CAST("t5"."age" >= 365 AS TINYINT) AS "slice"
    FROM (
      SELECT
        "t4"."interaction_id",
        "t4"."customer_id",
        "t4"."occurred_at",
        "t4"."kind",
        "t4"."channel",
        "t4"."direction",
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
  ) AS "t6"
  GROUP BY
    1,
    2,
    3
) AS "t7"
GROUP BY
  1,
  2
