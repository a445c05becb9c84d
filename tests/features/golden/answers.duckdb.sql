SELECT
  "t4"."customer_id",
  "t4"."occurred_at",
  "t4"."kind",
  "t4"."topic",
  "t4"."level"
FROM (
  SELECT
    *
  FROM (
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
      "t2"."recorded_at",
      CASE
        WHEN (
          COALESCE("t2"."score_max", CASE WHEN "t2"."kind" = 'nps' THEN 10.0 ELSE 5.0 END) - COALESCE("t2"."score_min", CASE WHEN "t2"."kind" = 'nps' THEN 0.0 ELSE 1.0 END)
        ) > 0
        THEN CASE
          WHEN CASE
            WHEN (
              (
                "t2"."score" - COALESCE("t2"."score_min", CASE WHEN "t2"."kind" = 'nps' THEN 0.0 ELSE 1.0 END)
              ) / (
                COALESCE("t2"."score_max", CASE WHEN "t2"."kind" = 'nps' THEN 10.0 ELSE 5.0 END) - COALESCE("t2"."score_min", CASE WHEN "t2"."kind" = 'nps' THEN 0.0 ELSE 1.0 END)
              )
            ) IS NULL
            THEN (
              "t2"."score" - COALESCE("t2"."score_min", CASE WHEN "t2"."kind" = 'nps' THEN 0.0 ELSE 1.0 END)
            ) / (
              COALESCE("t2"."score_max", CASE WHEN "t2"."kind" = 'nps' THEN 10.0 ELSE 5.0 END) - COALESCE("t2"."score_min", CASE WHEN "t2"."kind" = 'nps' THEN 0.0 ELSE 1.0 END)
            )
            ELSE LEAST(
              1.0,
              (
                "t2"."score" - COALESCE("t2"."score_min", CASE WHEN "t2"."kind" = 'nps' THEN 0.0 ELSE 1.0 END)
              ) / (
                COALESCE("t2"."score_max", CASE WHEN "t2"."kind" = 'nps' THEN 10.0 ELSE 5.0 END) - COALESCE("t2"."score_min", CASE WHEN "t2"."kind" = 'nps' THEN 0.0 ELSE 1.0 END)
              )
            )
          END IS NULL
          THEN CASE
            WHEN (
              (
                "t2"."score" - COALESCE("t2"."score_min", CASE WHEN "t2"."kind" = 'nps' THEN 0.0 ELSE 1.0 END)
              ) / (
                COALESCE("t2"."score_max", CASE WHEN "t2"."kind" = 'nps' THEN 10.0 ELSE 5.0 END) - COALESCE("t2"."score_min", CASE WHEN "t2"."kind" = 'nps' THEN 0.0 ELSE 1.0 END)
              )
            ) IS NULL
            THEN (
              "t2"."score" - COALESCE("t2"."score_min", CASE WHEN "t2"."kind" = 'nps' THEN 0.0 ELSE 1.0 END)
            ) / (
              COALESCE("t2"."score_max", CASE WHEN "t2"."kind" = 'nps' THEN 10.0 ELSE 5.0 END) - COALESCE("t2"."score_min", CASE WHEN "t2"."kind" = 'nps' THEN 0.0 ELSE 1.0 END)
            )
            ELSE LEAST(
              1.0,
              (
                "t2"."score" - COALESCE("t2"."score_min", CASE WHEN "t2"."kind" = 'nps' THEN 0.0 ELSE 1.0 END)
              ) / (
                COALESCE("t2"."score_max", CASE WHEN "t2"."kind" = 'nps' THEN 10.0 ELSE 5.0 END) - COALESCE("t2"."score_min", CASE WHEN "t2"."kind" = 'nps' THEN 0.0 ELSE 1.0 END)
              )
            )
          END
          ELSE GREATEST(
            0.0,
            CASE
              WHEN (
                (
                  "t2"."score" - COALESCE("t2"."score_min", CASE WHEN "t2"."kind" = 'nps' THEN 0.0 ELSE 1.0 END)
                ) / (
                  COALESCE("t2"."score_max", CASE WHEN "t2"."kind" = 'nps' THEN 10.0 ELSE 5.0 END) - COALESCE("t2"."score_min", CASE WHEN "t2"."kind" = 'nps' THEN 0.0 ELSE 1.0 END)
                )
              ) IS NULL
              THEN (
                "t2"."score" - COALESCE("t2"."score_min", CASE WHEN "t2"."kind" = 'nps' THEN 0.0 ELSE 1.0 END)
              ) / (
                COALESCE("t2"."score_max", CASE WHEN "t2"."kind" = 'nps' THEN 10.0 ELSE 5.0 END) - COALESCE("t2"."score_min", CASE WHEN "t2"."kind" = 'nps' THEN 0.0 ELSE 1.0 END)
              )
              ELSE LEAST(
                1.0,
                (
                  "t2"."score" - COALESCE("t2"."score_min", CASE WHEN "t2"."kind" = 'nps' THEN 0.0 ELSE 1.0 END)
                ) / (
                  COALESCE("t2"."score_max", CASE WHEN "t2"."kind" = 'nps' THEN 10.0 ELSE 5.0 END) - COALESCE("t2"."score_min", CASE WHEN "t2"."kind" = 'nps' THEN 0.0 ELSE 1.0 END)
                )
              )
            END
          )
        END
        ELSE CAST(NULL AS DOUBLE)
      END AS "level"
    FROM (
      SELECT
        *
      FROM (
        SELECT
          *
        FROM "feedback" AS "t0"
        WHERE
          "t0"."occurred_at" < MAKE_TIMESTAMP(2024, 3, 1, 0, 0, 0.0)
          AND (
            (
              "t0"."recorded_at" IS NULL
            )
            OR (
              "t0"."recorded_at" <= MAKE_TIMESTAMP(2024, 3, 1, 0, 0, 0.0)
            )
          )
      ) AS "t1"
    ) AS "t2"
  ) AS "t3"
  ORDER BY
    "t3"."customer_id" ASC,
    "t3"."occurred_at" ASC,
    "t3"."feedback_id" ASC
) AS "t4"
