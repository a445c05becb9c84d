SELECT
  "t9"."customer_id",
  "t9"."as_of",
  CAST(SUM("t9"."n") AS DOUBLE) AS "new_categories__n__0_ever",
  CAST(SUM("t9"."n") FILTER(WHERE
    "t9"."slice" <= 4) AS DOUBLE) AS "new_categories__n__0_90",
  CAST(SUM("t9"."n") FILTER(WHERE
    "t9"."slice" <= 7) AS DOUBLE) AS "new_categories__n__0_365"
FROM (
  SELECT
    "t8"."customer_id",
    "t8"."as_of",
    "t8"."slice",
    SUM("t8"."firsts") AS "n"
  FROM (
    SELECT
      "t7"."customer_id",
      "t7"."occurred_at",
      "t7"."firsts",
      "t7"."as_of",
      "t7"."log_start",
      "t7"."shift",
      "t7"."age",
      CAST("t7"."age" >= 7 AS TINYINT) + 0 + CAST("t7"."age" >= 14 AS TINYINT) + CAST("t7"."age" >= 30 AS TINYINT) + CAST("t7"."age" >= 60 AS TINYINT) + CAST("t7"."age" >= 90 AS TINYINT) + CAST("t7"."age" >= 180 AS TINYINT) + CAST("t7"."age" >= 275 AS TINYINT) + CAST("t7"."age" >= 365 AS TINYINT) AS "slice"
    FROM (
      SELECT
        "t6"."customer_id",
        "t6"."occurred_at",
        "t6"."firsts",
        "t6"."as_of",
        "t6"."log_start",
        "t6"."shift",
        CAST(FLOOR(
          (
            DATE_DIFF('MICROSECOND', "t6"."occurred_at", "t6"."as_of") - 1
          ) / (
            86400000000
          )
        ) AS BIGINT) AS "age"
      FROM (
        SELECT
          "t5"."customer_id",
          "t5"."occurred_at",
          "t5"."firsts",
          "t2"."as_of",
          "t2"."log_start",
          "t2"."shift"
        FROM (
          SELECT
            "t3"."customer_id",
            "t3"."occurred_at",
            COUNT(*) AS "firsts"
          FROM (
            SELECT
              "t1"."customer_id",
              "t1"."category",
              "t1"."first_at" AS "occurred_at"
            FROM "category_sums_0" AS "t1"
          ) AS "t3"
          GROUP BY
            1,
            2
        ) AS "t5"
        INNER JOIN "cutoffs" AS "t2"
          ON "t5"."occurred_at" < "t2"."as_of"
      ) AS "t6"
    ) AS "t7"
  ) AS "t8"
  GROUP BY
    1,
    2,
    3
) AS "t9"
GROUP BY
  1,
  2
