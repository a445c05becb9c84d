SELECT
  "t6"."customer_id",
  "t6"."as_of",
  CAST(SUM(
    CAST(ROUND(
      CASE
        WHEN CASE
          WHEN CASE WHEN "t6"."level" IS NOT NULL THEN "t6"."level" ELSE CAST(NULL AS DOUBLE) END IS NULL
          THEN CASE WHEN "t6"."level" IS NOT NULL THEN "t6"."level" ELSE CAST(NULL AS DOUBLE) END
          ELSE LEAST(
            9000000000.0,
            CASE WHEN "t6"."level" IS NOT NULL THEN "t6"."level" ELSE CAST(NULL AS DOUBLE) END
          )
        END IS NULL
        THEN CASE
          WHEN CASE WHEN "t6"."level" IS NOT NULL THEN "t6"."level" ELSE CAST(NULL AS DOUBLE) END IS NULL
          THEN CASE WHEN "t6"."level" IS NOT NULL THEN "t6"."level" ELSE CAST(NULL AS DOUBLE) END
          ELSE LEAST(
            9000000000.0,
            CASE WHEN "t6"."level" IS NOT NULL THEN "t6"."level" ELSE CAST(NULL AS DOUBLE) END
          )
        END
        ELSE GREATEST(
          -9000000000.0,
          CASE
            WHEN CASE WHEN "t6"."level" IS NOT NULL THEN "t6"."level" ELSE CAST(NULL AS DOUBLE) END IS NULL
            THEN CASE WHEN "t6"."level" IS NOT NULL THEN "t6"."level" ELSE CAST(NULL AS DOUBLE) END
            ELSE LEAST(
              9000000000.0,
              CASE WHEN "t6"."level" IS NOT NULL THEN "t6"."level" ELSE CAST(NULL AS DOUBLE) END
            )
          END
        )
      END * 1000000000.0,
      0
    ) AS BIGINT)
  ) FILTER(WHERE
    "t6"."age" < 365) AS DOUBLE) / 1000000000.0 AS "feedback__score__0_365",
  CAST(SUM(CAST("t6"."level" IS NOT NULL AS BIGINT)) FILTER(WHERE
    "t6"."age" < 365) AS DOUBLE) AS "feedback__scores__0_365",
  CAST(SUM(
    CAST(ROUND(
      CASE
        WHEN CASE
          WHEN CASE WHEN "t6"."level" IS NOT NULL THEN "t6"."level" ELSE CAST(NULL AS DOUBLE) END IS NULL
          THEN CASE WHEN "t6"."level" IS NOT NULL THEN "t6"."level" ELSE CAST(NULL AS DOUBLE) END
          ELSE LEAST(
            9000000000.0,
            CASE WHEN "t6"."level" IS NOT NULL THEN "t6"."level" ELSE CAST(NULL AS DOUBLE) END
          )
        END IS NULL
        THEN CASE
          WHEN CASE WHEN "t6"."level" IS NOT NULL THEN "t6"."level" ELSE CAST(NULL AS DOUBLE) END IS NULL
          THEN CASE WHEN "t6"."level" IS NOT NULL THEN "t6"."level" ELSE CAST(NULL AS DOUBLE) END
          ELSE LEAST(
            9000000000.0,
            CASE WHEN "t6"."level" IS NOT NULL THEN "t6"."level" ELSE CAST(NULL AS DOUBLE) END
          )
        END
        ELSE GREATEST(
          -9000000000.0,
          CASE
            WHEN CASE WHEN "t6"."level" IS NOT NULL THEN "t6"."level" ELSE CAST(NULL AS DOUBLE) END IS NULL
            THEN CASE WHEN "t6"."level" IS NOT NULL THEN "t6"."level" ELSE CAST(NULL AS DOUBLE) END
            ELSE LEAST(
              9000000000.0,
              CASE WHEN "t6"."level" IS NOT NULL THEN "t6"."level" ELSE CAST(NULL AS DOUBLE) END
            )
          END
        )
      END * 1000000000.0,
      0
    ) AS BIGINT)
  ) FILTER(WHERE
    "t6"."age" < 90) AS DOUBLE) / 1000000000.0 AS "feedback__score__0_90",
  CAST(SUM(CAST("t6"."level" IS NOT NULL AS BIGINT)) FILTER(WHERE
    "t6"."age" < 90) AS DOUBLE) AS "feedback__scores__0_90",
  CAST(SUM(
    CAST(ROUND(
      CASE
        WHEN CASE
          WHEN CASE WHEN "t6"."level" IS NOT NULL THEN "t6"."level" ELSE CAST(NULL AS DOUBLE) END IS NULL
          THEN CASE WHEN "t6"."level" IS NOT NULL THEN "t6"."level" ELSE CAST(NULL AS DOUBLE) END
          ELSE LEAST(
            9000000000.0,
            CASE WHEN "t6"."level" IS NOT NULL THEN "t6"."level" ELSE CAST(NULL AS DOUBLE) END
          )
        END IS NULL
        THEN CASE
          WHEN CASE WHEN "t6"."level" IS NOT NULL THEN "t6"."level" ELSE CAST(NULL AS DOUBLE) END IS NULL
          THEN CASE WHEN "t6"."level" IS NOT NULL THEN "t6"."level" ELSE CAST(NULL AS DOUBLE) END
          ELSE LEAST(
            9000000000.0,
            CASE WHEN "t6"."level" IS NOT NULL THEN "t6"."level" ELSE CAST(NULL AS DOUBLE) END
          )
        END
        ELSE GREATEST(
          -9000000000.0,
          CASE
            WHEN CASE WHEN "t6"."level" IS NOT NULL THEN "t6"."level" ELSE CAST(NULL AS DOUBLE) END IS NULL
            THEN CASE WHEN "t6"."level" IS NOT NULL THEN "t6"."level" ELSE CAST(NULL AS DOUBLE) END
            ELSE LEAST(
              9000000000.0,
              CASE WHEN "t6"."level" IS NOT NULL THEN "t6"."level" ELSE CAST(NULL AS DOUBLE) END
            )
          END
        )
      END * 1000000000.0,
      0
    ) AS BIGINT)
  ) FILTER(WHERE
    (
      "t6"."age" < 365
    ) AND (
      "t6"."age" >= 90
    )) AS DOUBLE) / 1000000000.0 AS "feedback__score__90_365",
  CAST(SUM(CAST("t6"."level" IS NOT NULL AS BIGINT)) FILTER(WHERE
    (
      "t6"."age" < 365
    ) AND (
      "t6"."age" >= 90
    )) AS DOUBLE) AS "feedback__scores__90_365",
  CAST(SUM(
    CAST(ROUND(
      CASE
        WHEN CASE
          WHEN CASE
            WHEN (
              "t6"."level" IS NOT NULL
            ) AND (
              "t6"."topic" = 'quality'
            )
            THEN "t6"."level"
            ELSE CAST(NULL AS DOUBLE)
          END IS NULL
          THEN CASE
            WHEN (
              "t6"."level" IS NOT NULL
            ) AND (
              "t6"."topic" = 'quality'
            )
            THEN "t6"."level"
            ELSE CAST(NULL AS DOUBLE)
          END
          ELSE LEAST(
            9000000000.0,
            CASE
              WHEN (
                "t6"."level" IS NOT NULL
              ) AND (
                "t6"."topic" = 'quality'
              )
              THEN "t6"."level"
              ELSE CAST(NULL AS DOUBLE)
            END
          )
        END IS NULL
        THEN CASE
          WHEN CASE
            WHEN (
              "t6"."level" IS NOT NULL
            ) AND (
              "t6"."topic" = 'quality'
            )
            THEN "t6"."level"
            ELSE CAST(NULL AS DOUBLE)
          END IS NULL
          THEN CASE
            WHEN (
              "t6"."level" IS NOT NULL
            ) AND (
              "t6"."topic" = 'quality'
            )
            THEN "t6"."level"
            ELSE CAST(NULL AS DOUBLE)
          END
          ELSE LEAST(
            9000000000.0,
            CASE
              WHEN (
                "t6"."level" IS NOT NULL
              ) AND (
                "t6"."topic" = 'quality'
              )
              THEN "t6"."level"
              ELSE CAST(NULL AS DOUBLE)
            END
          )
        END
        ELSE GREATEST(
          -9000000000.0,
          CASE
            WHEN CASE
              WHEN (
                "t6"."level" IS NOT NULL
              ) AND (
                "t6"."topic" = 'quality'
              )
              THEN "t6"."level"
              ELSE CAST(NULL AS DOUBLE)
            END IS NULL
            THEN CASE
              WHEN (
                "t6"."level" IS NOT NULL
              ) AND (
                "t6"."topic" = 'quality'
              )
              THEN "t6"."level"
              ELSE CAST(NULL AS DOUBLE)
            END
            ELSE LEAST(
              9000000000.0,
              CASE
                WHEN (
                  "t6"."level" IS NOT NULL
                ) AND (
                  "t6"."topic" = 'quality'
                )
                THEN "t6"."level"
                ELSE CAST(NULL AS DOUBLE)
              END
            )
          END
        )
      END * 1000000000.0,
      0
    ) AS BIGINT)
  ) FILTER(WHERE
    "t6"."age" < 365) AS DOUBLE) / 1000000000.0 AS "feedback__score_quality__0_365",
  CAST(SUM(
    CAST((
      "t6"."level" IS NOT NULL
    ) AND (
      "t6"."topic" = 'quality'
    ) AS BIGINT)
  ) FILTER(WHERE
    "t6"."age" < 365) AS DOUBLE) AS "feedback__scores_quality__0_365",
  CAST(SUM(
    CAST(ROUND(
      CASE
        WHEN CASE
          WHEN CASE
            WHEN (
              "t6"."level" IS NOT NULL
            ) AND (
              "t6"."topic" = 'quality'
            )
            THEN "t6"."level"
            ELSE CAST(NULL AS DOUBLE)
          END IS NULL
          THEN CASE
            WHEN (
              "t6"."level" IS NOT NULL
            ) AND (
              "t6"."topic" = 'quality'
            )
            THEN "t6"."level"
            ELSE CAST(NULL AS DOUBLE)
          END
          ELSE LEAST(
            9000000000.0,
            CASE
              WHEN (
                "t6"."level" IS NOT NULL
              ) AND (
                "t6"."topic" = 'quality'
              )
              THEN "t6"."level"
              ELSE CAST(NULL AS DOUBLE)
            END
          )
        END IS NULL
        THEN CASE
          WHEN CASE
            WHEN (
              "t6"."level" IS NOT NULL
            ) AND (
              "t6"."topic" = 'quality'
            )
            THEN "t6"."level"
            ELSE CAST(NULL AS DOUBLE)
          END IS NULL
          THEN CASE
            WHEN (
              "t6"."level" IS NOT NULL
            ) AND (
              "t6"."topic" = 'quality'
            )
            THEN "t6"."level"
            ELSE CAST(NULL AS DOUBLE)
          END
          ELSE LEAST(
            9000000000.0,
            CASE
              WHEN (
                "t6"."level" IS NOT NULL
              ) AND (
                "t6"."topic" = 'quality'
              )
              THEN "t6"."level"
              ELSE CAST(NULL AS DOUBLE)
            END
          )
        END
        ELSE GREATEST(
          -9000000000.0,
          CASE
            WHEN CASE
              WHEN (
                "t6"."level" IS NOT NULL
              ) AND (
                "t6"."topic" = 'quality'
              )
              THEN "t6"."level"
              ELSE CAST(NULL AS DOUBLE)
            END IS NULL
            THEN CASE
              WHEN (
                "t6"."level" IS NOT NULL
              ) AND (
                "t6"."topic" = 'quality'
              )
              THEN "t6"."level"
              ELSE CAST(NULL AS DOUBLE)
            END
            ELSE LEAST(
              9000000000.0,
              CASE
                WHEN (
                  "t6"."level" IS NOT NULL
                ) AND (
                  "t6"."topic" = 'quality'
                )
                THEN "t6"."level"
                ELSE CAST(NULL AS DOUBLE)
              END
            )
          END
        )
      END * 1000000000.0,
      0
    ) AS BIGINT)
  ) FILTER(WHERE
    "t6"."age" < 90) AS DOUBLE) / 1000000000.0 AS "feedback__score_quality__0_90",
  CAST(SUM(
    CAST((
      "t6"."level" IS NOT NULL
    ) AND (
      "t6"."topic" = 'quality'
    ) AS BIGINT)
  ) FILTER(WHERE
    "t6"."age" < 90) AS DOUBLE) AS "feedback__scores_quality__0_90",
  CAST(SUM(
    CAST(ROUND(
      CASE
        WHEN CASE
          WHEN CASE
            WHEN (
              "t6"."level" IS NOT NULL
            ) AND (
              "t6"."topic" = 'quality'
            )
            THEN "t6"."level"
            ELSE CAST(NULL AS DOUBLE)
          END IS NULL
          THEN CASE
            WHEN (
              "t6"."level" IS NOT NULL
            ) AND (
              "t6"."topic" = 'quality'
            )
            THEN "t6"."level"
            ELSE CAST(NULL AS DOUBLE)
          END
          ELSE LEAST(
            9000000000.0,
            CASE
              WHEN (
                "t6"."level" IS NOT NULL
              ) AND (
                "t6"."topic" = 'quality'
              )
              THEN "t6"."level"
              ELSE CAST(NULL AS DOUBLE)
            END
          )
        END IS NULL
        THEN CASE
          WHEN CASE
            WHEN (
              "t6"."level" IS NOT NULL
            ) AND (
              "t6"."topic" = 'quality'
            )
            THEN "t6"."level"
            ELSE CAST(NULL AS DOUBLE)
          END IS NULL
          THEN CASE
            WHEN (
              "t6"."level" IS NOT NULL
            ) AND (
              "t6"."topic" = 'quality'
            )
            THEN "t6"."level"
            ELSE CAST(NULL AS DOUBLE)
          END
          ELSE LEAST(
            9000000000.0,
            CASE
              WHEN (
                "t6"."level" IS NOT NULL
              ) AND (
                "t6"."topic" = 'quality'
              )
              THEN "t6"."level"
              ELSE CAST(NULL AS DOUBLE)
            END
          )
        END
        ELSE GREATEST(
          -9000000000.0,
          CASE
            WHEN CASE
              WHEN (
                "t6"."level" IS NOT NULL
              ) AND (
                "t6"."topic" = 'quality'
              )
              THEN "t6"."level"
              ELSE CAST(NULL AS DOUBLE)
            END IS NULL
            THEN CASE
              WHEN (
                "t6"."level" IS NOT NULL
              ) AND (
                "t6"."topic" = 'quality'
              )
              THEN "t6"."level"
              ELSE CAST(NULL AS DOUBLE)
            END
            ELSE LEAST(
              9000000000.0,
              CASE
                WHEN (
                  "t6"."level" IS NOT NULL
                ) AND (
                  "t6"."topic" = 'quality'
                )
                THEN "t6"."level"
                ELSE CAST(NULL AS DOUBLE)
              END
            )
          END
        )
      END * 1000000000.0,
      0
    ) AS BIGINT)
  ) FILTER(WHERE
    (
      "t6"."age" < 365
    ) AND (
      "t6"."age" >= 90
    )) AS DOUBLE) / 1000000000.0 AS "feedback__score_quality__90_365",
  CAST(SUM(
    CAST((
      "t6"."level" IS NOT NULL
    ) AND (
      "t6"."topic" = 'quality'
    ) AS BIGINT)
  ) FILTER(WHERE
    (
      "t6"."age" < 365
    ) AND (
      "t6"."age" >= 90
    )) AS DOUBLE) AS "feedback__scores_quality__90_365",
  CAST(SUM(
    CAST(ROUND(
      CASE
        WHEN CASE
          WHEN CASE
            WHEN (
              "t6"."level" IS NOT NULL
            ) AND (
              "t6"."topic" = 'service'
            )
            THEN "t6"."level"
            ELSE CAST(NULL AS DOUBLE)
          END IS NULL
          THEN CASE
            WHEN (
              "t6"."level" IS NOT NULL
            ) AND (
              "t6"."topic" = 'service'
            )
            THEN "t6"."level"
            ELSE CAST(NULL AS DOUBLE)
          END
          ELSE LEAST(
            9000000000.0,
            CASE
              WHEN (
                "t6"."level" IS NOT NULL
              ) AND (
                "t6"."topic" = 'service'
              )
              THEN "t6"."level"
              ELSE CAST(NULL AS DOUBLE)
            END
          )
        END IS NULL
        THEN CASE
          WHEN CASE
            WHEN (
              "t6"."level" IS NOT NULL
            ) AND (
              "t6"."topic" = 'service'
            )
            THEN "t6"."level"
            ELSE CAST(NULL AS DOUBLE)
          END IS NULL
          THEN CASE
            WHEN (
              "t6"."level" IS NOT NULL
            ) AND (
              "t6"."topic" = 'service'
            )
            THEN "t6"."level"
            ELSE CAST(NULL AS DOUBLE)
          END
          ELSE LEAST(
            9000000000.0,
            CASE
              WHEN (
                "t6"."level" IS NOT NULL
              ) AND (
                "t6"."topic" = 'service'
              )
              THEN "t6"."level"
              ELSE CAST(NULL AS DOUBLE)
            END
          )
        END
        ELSE GREATEST(
          -9000000000.0,
          CASE
            WHEN CASE
              WHEN (
                "t6"."level" IS NOT NULL
              ) AND (
                "t6"."topic" = 'service'
              )
              THEN "t6"."level"
              ELSE CAST(NULL AS DOUBLE)
            END IS NULL
            THEN CASE
              WHEN (
                "t6"."level" IS NOT NULL
              ) AND (
                "t6"."topic" = 'service'
              )
              THEN "t6"."level"
              ELSE CAST(NULL AS DOUBLE)
            END
            ELSE LEAST(
              9000000000.0,
              CASE
                WHEN (
                  "t6"."level" IS NOT NULL
                ) AND (
                  "t6"."topic" = 'service'
                )
                THEN "t6"."level"
                ELSE CAST(NULL AS DOUBLE)
              END
            )
          END
        )
      END * 1000000000.0,
      0
    ) AS BIGINT)
  ) FILTER(WHERE
    "t6"."age" < 365) AS DOUBLE) / 1000000000.0 AS "feedback__score_service__0_365",
  CAST(SUM(
    CAST((
      "t6"."level" IS NOT NULL
    ) AND (
      "t6"."topic" = 'service'
    ) AS BIGINT)
  ) FILTER(WHERE
    "t6"."age" < 365) AS DOUBLE) AS "feedback__scores_service__0_365",
  CAST(SUM(
    CAST(ROUND(
      CASE
        WHEN CASE
          WHEN CASE
            WHEN (
              "t6"."level" IS NOT NULL
            ) AND (
              "t6"."topic" = 'service'
            )
            THEN "t6"."level"
            ELSE CAST(NULL AS DOUBLE)
          END IS NULL
          THEN CASE
            WHEN (
              "t6"."level" IS NOT NULL
            ) AND (
              "t6"."topic" = 'service'
            )
            THEN "t6"."level"
            ELSE CAST(NULL AS DOUBLE)
          END
          ELSE LEAST(
            9000000000.0,
            CASE
              WHEN (
                "t6"."level" IS NOT NULL
              ) AND (
                "t6"."topic" = 'service'
              )
              THEN "t6"."level"
              ELSE CAST(NULL AS DOUBLE)
            END
          )
        END IS NULL
        THEN CASE
          WHEN CASE
            WHEN (
              "t6"."level" IS NOT NULL
            ) AND (
              "t6"."topic" = 'service'
            )
            THEN "t6"."level"
            ELSE CAST(NULL AS DOUBLE)
          END IS NULL
          THEN CASE
            WHEN (
              "t6"."level" IS NOT NULL
            ) AND (
              "t6"."topic" = 'service'
            )
            THEN "t6"."level"
            ELSE CAST(NULL AS DOUBLE)
          END
          ELSE LEAST(
            9000000000.0,
            CASE
              WHEN (
                "t6"."level" IS NOT NULL
              ) AND (
                "t6"."topic" = 'service'
              )
              THEN "t6"."level"
              ELSE CAST(NULL AS DOUBLE)
            END
          )
        END
        ELSE GREATEST(
          -9000000000.0,
          CASE
            WHEN CASE
              WHEN (
                "t6"."level" IS NOT NULL
              ) AND (
                "t6"."topic" = 'service'
              )
              THEN "t6"."level"
              ELSE CAST(NULL AS DOUBLE)
            END IS NULL
            THEN CASE
              WHEN (
                "t6"."level" IS NOT NULL
              ) AND (
                "t6"."topic" = 'service'
              )
              THEN "t6"."level"
              ELSE CAST(NULL AS DOUBLE)
            END
            ELSE LEAST(
              9000000000.0,
              CASE
                WHEN (
                  "t6"."level" IS NOT NULL
                ) AND (
                  "t6"."topic" = 'service'
                )
                THEN "t6"."level"
                ELSE CAST(NULL AS DOUBLE)
              END
            )
          END
        )
      END * 1000000000.0,
      0
    ) AS BIGINT)
  ) FILTER(WHERE
    "t6"."age" < 90) AS DOUBLE) / 1000000000.0 AS "feedback__score_service__0_90",
  CAST(SUM(
    CAST((
      "t6"."level" IS NOT NULL
    ) AND (
      "t6"."topic" = 'service'
    ) AS BIGINT)
  ) FILTER(WHERE
    "t6"."age" < 90) AS DOUBLE) AS "feedback__scores_service__0_90",
  CAST(SUM(
    CAST(ROUND(
      CASE
        WHEN CASE
          WHEN CASE
            WHEN (
              "t6"."level" IS NOT NULL
            ) AND (
              "t6"."topic" = 'service'
            )
            THEN "t6"."level"
            ELSE CAST(NULL AS DOUBLE)
          END IS NULL
          THEN CASE
            WHEN (
              "t6"."level" IS NOT NULL
            ) AND (
              "t6"."topic" = 'service'
            )
            THEN "t6"."level"
            ELSE CAST(NULL AS DOUBLE)
          END
          ELSE LEAST(
            9000000000.0,
            CASE
              WHEN (
                "t6"."level" IS NOT NULL
              ) AND (
                "t6"."topic" = 'service'
              )
              THEN "t6"."level"
              ELSE CAST(NULL AS DOUBLE)
            END
          )
        END IS NULL
        THEN CASE
          WHEN CASE
            WHEN (
              "t6"."level" IS NOT NULL
            ) AND (
              "t6"."topic" = 'service'
            )
            THEN "t6"."level"
            ELSE CAST(NULL AS DOUBLE)
          END IS NULL
          THEN CASE
            WHEN (
              "t6"."level" IS NOT NULL
            ) AND (
              "t6"."topic" = 'service'
            )
            THEN "t6"."level"
            ELSE CAST(NULL AS DOUBLE)
          END
          ELSE LEAST(
            9000000000.0,
            CASE
              WHEN (
                "t6"."level" IS NOT NULL
              ) AND (
                "t6"."topic" = 'service'
              )
              THEN "t6"."level"
              ELSE CAST(NULL AS DOUBLE)
            END
          )
        END
        ELSE GREATEST(
          -9000000000.0,
          CASE
            WHEN CASE
              WHEN (
                "t6"."level" IS NOT NULL
              ) AND (
                "t6"."topic" = 'service'
              )
              THEN "t6"."level"
              ELSE CAST(NULL AS DOUBLE)
            END IS NULL
            THEN CASE
              WHEN (
                "t6"."level" IS NOT NULL
              ) AND (
                "t6"."topic" = 'service'
              )
              THEN "t6"."level"
              ELSE CAST(NULL AS DOUBLE)
            END
            ELSE LEAST(
              9000000000.0,
              CASE
                WHEN (
                  "t6"."level" IS NOT NULL
                ) AND (
                  "t6"."topic" = 'service'
                )
                THEN "t6"."level"
                ELSE CAST(NULL AS DOUBLE)
              END
            )
          END
        )
      END * 1000000000.0,
      0
    ) AS BIGINT)
  ) FILTER(WHERE
    (
      "t6"."age" < 365
    ) AND (
      "t6"."age" >= 90
    )) AS DOUBLE) / 1000000000.0 AS "feedback__score_service__90_365",
  CAST(SUM(
    CAST((
      "t6"."level" IS NOT NULL
    ) AND (
      "t6"."topic" = 'service'
    ) AS BIGINT)
  ) FILTER(WHERE
    (
      "t6"."age" < 365
    ) AND (
      "t6"."age" >= 90
    )) AS DOUBLE) AS "feedback__scores_service__90_365",
  CAST(SUM(
    CAST(ROUND(
      CASE
        WHEN CASE
          WHEN CASE
            WHEN (
              "t6"."level" IS NOT NULL
            ) AND (
              "t6"."topic" = 'logistics'
            )
            THEN "t6"."level"
            ELSE CAST(NULL AS DOUBLE)
          END IS NULL
          THEN CASE
            WHEN (
              "t6"."level" IS NOT NULL
            ) AND (
              "t6"."topic" = 'logistics'
            )
            THEN "t6"."level"
            ELSE CAST(NULL AS DOUBLE)
          END
          ELSE LEAST(
            9000000000.0,
            CASE
              WHEN (
                "t6"."level" IS NOT NULL
              ) AND (
                "t6"."topic" = 'logistics'
              )
              THEN "t6"."level"
              ELSE CAST(NULL AS DOUBLE)
            END
          )
        END IS NULL
        THEN CASE
          WHEN CASE
            WHEN (
              "t6"."level" IS NOT NULL
            ) AND (
              "t6"."topic" = 'logistics'
            )
            THEN "t6"."level"
            ELSE CAST(NULL AS DOUBLE)
          END IS NULL
          THEN CASE
            WHEN (
              "t6"."level" IS NOT NULL
            ) AND (
              "t6"."topic" = 'logistics'
            )
            THEN "t6"."level"
            ELSE CAST(NULL AS DOUBLE)
          END
          ELSE LEAST(
            9000000000.0,
            CASE
              WHEN (
                "t6"."level" IS NOT NULL
              ) AND (
                "t6"."topic" = 'logistics'
              )
              THEN "t6"."level"
              ELSE CAST(NULL AS DOUBLE)
            END
          )
        END
        ELSE GREATEST(
          -9000000000.0,
          CASE
            WHEN CASE
              WHEN (
                "t6"."level" IS NOT NULL
              ) AND (
                "t6"."topic" = 'logistics'
              )
              THEN "t6"."level"
              ELSE CAST(NULL AS DOUBLE)
            END IS NULL
            THEN CASE
              WHEN (
                "t6"."level" IS NOT NULL
              ) AND (
                "t6"."topic" = 'logistics'
              )
              THEN "t6"."level"
              ELSE CAST(NULL AS DOUBLE)
            END
            ELSE LEAST(
              9000000000.0,
              CASE
                WHEN (
                  "t6"."level" IS NOT NULL
                ) AND (
                  "t6"."topic" = 'logistics'
                )
                THEN "t6"."level"
                ELSE CAST(NULL AS DOUBLE)
              END
            )
          END
        )
      END * 1000000000.0,
      0
    ) AS BIGINT)
  ) FILTER(WHERE
    "t6"."age" < 365) AS DOUBLE) / 1000000000.0 AS "feedback__score_logistics__0_365",
  CAST(SUM(
    CAST((
      "t6"."level" IS NOT NULL
    ) AND (
      "t6"."topic" = 'logistics'
    ) AS BIGINT)
  ) FILTER(WHERE
    "t6"."age" < 365) AS DOUBLE) AS "feedback__scores_logistics__0_365",
  CAST(SUM(
    CAST(ROUND(
      CASE
        WHEN CASE
          WHEN CASE
            WHEN (
              "t6"."level" IS NOT NULL
            ) AND (
              "t6"."topic" = 'logistics'
            )
            THEN "t6"."level"
            ELSE CAST(NULL AS DOUBLE)
          END IS NULL
          THEN CASE
            WHEN (
              "t6"."level" IS NOT NULL
            ) AND (
              "t6"."topic" = 'logistics'
            )
            THEN "t6"."level"
            ELSE CAST(NULL AS DOUBLE)
          END
          ELSE LEAST(
            9000000000.0,
            CASE
              WHEN (
                "t6"."level" IS NOT NULL
              ) AND (
                "t6"."topic" = 'logistics'
              )
              THEN "t6"."level"
              ELSE CAST(NULL AS DOUBLE)
            END
          )
        END IS NULL
        THEN CASE
          WHEN CASE
            WHEN (
              "t6"."level" IS NOT NULL
            ) AND (
              "t6"."topic" = 'logistics'
            )
            THEN "t6"."level"
            ELSE CAST(NULL AS DOUBLE)
          END IS NULL
          THEN CASE
            WHEN (
              "t6"."level" IS NOT NULL
            ) AND (
              "t6"."topic" = 'logistics'
            )
            THEN "t6"."level"
            ELSE CAST(NULL AS DOUBLE)
          END
          ELSE LEAST(
            9000000000.0,
            CASE
              WHEN (
                "t6"."level" IS NOT NULL
              ) AND (
                "t6"."topic" = 'logistics'
              )
              THEN "t6"."level"
              ELSE CAST(NULL AS DOUBLE)
            END
          )
        END
        ELSE GREATEST(
          -9000000000.0,
          CASE
            WHEN CASE
              WHEN (
                "t6"."level" IS NOT NULL
              ) AND (
                "t6"."topic" = 'logistics'
              )
              THEN "t6"."level"
              ELSE CAST(NULL AS DOUBLE)
            END IS NULL
            THEN CASE
              WHEN (
                "t6"."level" IS NOT NULL
              ) AND (
                "t6"."topic" = 'logistics'
              )
              THEN "t6"."level"
              ELSE CAST(NULL AS DOUBLE)
            END
            ELSE LEAST(
              9000000000.0,
              CASE
                WHEN (
                  "t6"."level" IS NOT NULL
                ) AND (
                  "t6"."topic" = 'logistics'
                )
                THEN "t6"."level"
                ELSE CAST(NULL AS DOUBLE)
              END
            )
          END
        )
      END * 1000000000.0,
      0
    ) AS BIGINT)
  ) FILTER(WHERE
    "t6"."age" < 90) AS DOUBLE) / 1000000000.0 AS "feedback__score_logistics__0_90",
  CAST(SUM(
    CAST((
      "t6"."level" IS NOT NULL
    ) AND (
      "t6"."topic" = 'logistics'
    ) AS BIGINT)
  ) FILTER(WHERE
    "t6"."age" < 90) AS DOUBLE) AS "feedback__scores_logistics__0_90",
  CAST(SUM(
    CAST(ROUND(
      CASE
        WHEN CASE
          WHEN CASE
            WHEN (
              "t6"."level" IS NOT NULL
            ) AND (
              "t6"."topic" = 'logistics'
            )
            THEN "t6"."level"
            ELSE CAST(NULL AS DOUBLE)
          END IS NULL
          THEN CASE
            WHEN (
              "t6"."level" IS NOT NULL
            ) AND (
              "t6"."topic" = 'logistics'
            )
            THEN "t6"."level"
            ELSE CAST(NULL AS DOUBLE)
          END
          ELSE LEAST(
            9000000000.0,
            CASE
              WHEN (
                "t6"."level" IS NOT NULL
              ) AND (
                "t6"."topic" = 'logistics'
              )
              THEN "t6"."level"
              ELSE CAST(NULL AS DOUBLE)
            END
          )
        END IS NULL
        THEN CASE
          WHEN CASE
            WHEN (
              "t6"."level" IS NOT NULL
            ) AND (
              "t6"."topic" = 'logistics'
            )
            THEN "t6"."level"
            ELSE CAST(NULL AS DOUBLE)
          END IS NULL
          THEN CASE
            WHEN (
              "t6"."level" IS NOT NULL
            ) AND (
              "t6"."topic" = 'logistics'
            )
            THEN "t6"."level"
            ELSE CAST(NULL AS DOUBLE)
          END
          ELSE LEAST(
            9000000000.0,
            CASE
              WHEN (
                "t6"."level" IS NOT NULL
              ) AND (
                "t6"."topic" = 'logistics'
              )
              THEN "t6"."level"
              ELSE CAST(NULL AS DOUBLE)
            END
          )
        END
        ELSE GREATEST(
          -9000000000.0,
          CASE
            WHEN CASE
              WHEN (
                "t6"."level" IS NOT NULL
              ) AND (
                "t6"."topic" = 'logistics'
              )
              THEN "t6"."level"
              ELSE CAST(NULL AS DOUBLE)
            END IS NULL
            THEN CASE
              WHEN (
                "t6"."level" IS NOT NULL
              ) AND (
                "t6"."topic" = 'logistics'
              )
              THEN "t6"."level"
              ELSE CAST(NULL AS DOUBLE)
            END
            ELSE LEAST(
              9000000000.0,
              CASE
                WHEN (
                  "t6"."level" IS NOT NULL
                ) AND (
                  "t6"."topic" = 'logistics'
                )
                THEN "t6"."level"
                ELSE CAST(NULL AS DOUBLE)
              END
            )
          END
        )
      END * 1000000000.0,
      0
    ) AS BIGINT)
  ) FILTER(WHERE
    (
      "t6"."age" < 365
    ) AND (
      "t6"."age" >= 90
    )) AS DOUBLE) / 1000000000.0 AS "feedback__score_logistics__90_365",
  CAST(SUM(
    CAST((
      "t6"."level" IS NOT NULL
    ) AND (
      "t6"."topic" = 'logistics'
    ) AS BIGINT)
  ) FILTER(WHERE
    (
      "t6"."age" < 365
    ) AND (
      "t6"."age" >= 90
    )) AS DOUBLE) AS "feedback__scores_logistics__90_365",
  CAST(SUM(CAST("t6"."level" < 0.4 AS BIGINT)) FILTER(WHERE
    "t6"."age" < 365) AS DOUBLE) AS "feedback__low__0_365",
  CAST(SUM(CAST("t6"."kind" = 'complaint' AS BIGINT)) FILTER(WHERE
    "t6"."age" < 30) AS DOUBLE) AS "feedback__complaints__0_30",
  CAST(SUM(CAST("t6"."kind" = 'complaint' AS BIGINT)) FILTER(WHERE
    "t6"."age" < 90) AS DOUBLE) AS "feedback__complaints__0_90",
  CAST(SUM(CAST("t6"."kind" = 'complaint' AS BIGINT)) FILTER(WHERE
    "t6"."age" < 365) AS DOUBLE) AS "feedback__complaints__0_365",
  CAST(SUM(CAST("t6"."kind" = 'complaint' AS BIGINT)) AS DOUBLE) AS "feedback__complaints__0_ever",
  CAST(SUM(
    CAST((
      "t6"."kind" = 'complaint'
    )
    AND (
      CASE
        WHEN "t6"."resolved_at" < "t6"."as_of"
        THEN "t6"."resolved_at"
        ELSE CAST(NULL AS TIMESTAMP)
      END IS NULL
    ) AS BIGINT)
  ) AS DOUBLE) AS "feedback__open__0_ever",
  MIN(
    CASE
      WHEN (
        "t6"."kind" = 'complaint'
      )
      AND (
        CASE
          WHEN "t6"."resolved_at" < "t6"."as_of"
          THEN "t6"."resolved_at"
          ELSE CAST(NULL AS TIMESTAMP)
        END IS NULL
      )
      THEN "t6"."occurred_at"
      ELSE CAST(NULL AS TIMESTAMP)
    END
  ) AS "feedback__open_at__0_ever",
  MAX(
    CASE
      WHEN "t6"."kind" = 'complaint'
      THEN "t6"."occurred_at"
      ELSE CAST(NULL AS TIMESTAMP)
    END
  ) AS "feedback__complaint_at__0_ever"
FROM (
  SELECT
    "t5"."feedback_id",
    "t5"."customer_id",
    "t5"."occurred_at",
    "t5"."kind",
    "t5"."topic",
    "t5"."score",
    "t5"."score_min",
    "t5"."score_max",
    "t5"."resolved_at",
    "t5"."recorded_at",
    "t5"."level",
    "t5"."as_of",
    "t5"."log_start",
    "t5"."shift",
    CAST(FLOOR(
      (
        DATE_DIFF('MICROSECOND', "t5"."occurred_at", "t5"."as_of") - 1
      ) / (
        86400000000
      )
    ) AS BIGINT) AS "age"
  FROM (
    SELECT
      "t4"."feedback_id",
      "t4"."customer_id",
      "t4"."occurred_at",
      "t4"."kind",
      "t4"."topic",
      "t4"."score",
      "t4"."score_min",
      "t4"."score_max",
      "t4"."resolved_at",
      "t4"."recorded_at",
      "t4"."level",
      "t2"."as_of",
      "t2"."log_start",
      "t2"."shift"
    FROM (
      SELECT
        "t0"."feedback_id",
        "t0"."customer_id",
        "t0"."occurred_at",
        "t0"."kind",
        "t0"."topic",
        "t0"."score",
        "t0"."score_min",
        "t0"."score_max",
        "t0"."resolved_at",
        "t0"."recorded_at",
        CASE
          WHEN (
            COALESCE("t0"."score_max", CASE WHEN "t0"."kind" = 'nps' THEN 10.0 ELSE 5.0 END) - COALESCE("t0"."score_min", CASE WHEN "t0"."kind" = 'nps' THEN 0.0 ELSE 1.0 END)
          ) > 0
          THEN CASE
            WHEN CASE
              WHEN (
                (
                  "t0"."score" - COALESCE("t0"."score_min", CASE WHEN "t0"."kind" = 'nps' THEN 0.0 ELSE 1.0 END)
                ) / (
                  COALESCE("t0"."score_max", CASE WHEN "t0"."kind" = 'nps' THEN 10.0 ELSE 5.0 END) - COALESCE("t0"."score_min", CASE WHEN "t0"."kind" = 'nps' THEN 0.0 ELSE 1.0 END)
                )
              ) IS NULL
              THEN (
                "t0"."score" - COALESCE("t0"."score_min", CASE WHEN "t0"."kind" = 'nps' THEN 0.0 ELSE 1.0 END)
              ) / (
                COALESCE("t0"."score_max", CASE WHEN "t0"."kind" = 'nps' THEN 10.0 ELSE 5.0 END) - COALESCE("t0"."score_min", CASE WHEN "t0"."kind" = 'nps' THEN 0.0 ELSE 1.0 END)
              )
              ELSE LEAST(
                1.0,
                (
                  "t0"."score" - COALESCE("t0"."score_min", CASE WHEN "t0"."kind" = 'nps' THEN 0.0 ELSE 1.0 END)
                ) / (
                  COALESCE("t0"."score_max", CASE WHEN "t0"."kind" = 'nps' THEN 10.0 ELSE 5.0 END) - COALESCE("t0"."score_min", CASE WHEN "t0"."kind" = 'nps' THEN 0.0 ELSE 1.0 END)
                )
              )
            END IS NULL
            THEN CASE
              WHEN (
                (
                  "t0"."score" - COALESCE("t0"."score_min", CASE WHEN "t0"."kind" = 'nps' THEN 0.0 ELSE 1.0 END)
                ) / (
                  COALESCE("t0"."score_max", CASE WHEN "t0"."kind" = 'nps' THEN 10.0 ELSE 5.0 END) - COALESCE("t0"."score_min", CASE WHEN "t0"."kind" = 'nps' THEN 0.0 ELSE 1.0 END)
                )
              ) IS NULL
              THEN (
                "t0"."score" - COALESCE("t0"."score_min", CASE WHEN "t0"."kind" = 'nps' THEN 0.0 ELSE 1.0 END)
              ) / (
                COALESCE("t0"."score_max", CASE WHEN "t0"."kind" = 'nps' THEN 10.0 ELSE 5.0 END) - COALESCE("t0"."score_min", CASE WHEN "t0"."kind" = 'nps' THEN 0.0 ELSE 1.0 END)
              )
              ELSE LEAST(
                1.0,
                (
                  "t0"."score" - COALESCE("t0"."score_min", CASE WHEN "t0"."kind" = 'nps' THEN 0.0 ELSE 1.0 END)
                ) / (
                  COALESCE("t0"."score_max", CASE WHEN "t0"."kind" = 'nps' THEN 10.0 ELSE 5.0 END) - COALESCE("t0"."score_min", CASE WHEN "t0"."kind" = 'nps' THEN 0.0 ELSE 1.0 END)
                )
              )
            END
            ELSE GREATEST(
              0.0,
              CASE
                WHEN (
                  (
                    "t0"."score" - COALESCE("t0"."score_min", CASE WHEN "t0"."kind" = 'nps' THEN 0.0 ELSE 1.0 END)
                  ) / (
                    COALESCE("t0"."score_max", CASE WHEN "t0"."kind" = 'nps' THEN 10.0 ELSE 5.0 END) - COALESCE("t0"."score_min", CASE WHEN "t0"."kind" = 'nps' THEN 0.0 ELSE 1.0 END)
                  )
                ) IS NULL
                THEN (
                  "t0"."score" - COALESCE("t0"."score_min", CASE WHEN "t0"."kind" = 'nps' THEN 0.0 ELSE 1.0 END)
                ) / (
                  COALESCE("t0"."score_max", CASE WHEN "t0"."kind" = 'nps' THEN 10.0 ELSE 5.0 END) - COALESCE("t0"."score_min", CASE WHEN "t0"."kind" = 'nps' THEN 0.0 ELSE 1.0 END)
                )
                ELSE LEAST(
                  1.0,
                  (
                    "t0"."score" - COALESCE("t0"."score_min", CASE WHEN "t0"."kind" = 'nps' THEN 0.0 ELSE 1.0 END)
                  ) / (
                    COALESCE("t0"."score_max", CASE WHEN "t0"."kind" = 'nps' THEN 10.0 ELSE 5.0 END) - COALESCE("t0"."score_min", CASE WHEN "t0"."kind" = 'nps' THEN 0.0 ELSE 1.0 END)
                  )
                )
              END
            )
          END
          ELSE CAST(NULL AS DOUBLE)
        END AS "level"
      FROM "feedback" AS "t0"
    ) AS "t4"
    INNER JOIN "cutoffs" AS "t2"
      ON "t4"."occurred_at" < "t2"."as_of"
      AND (
        (
          "t4"."recorded_at" IS NULL
        ) OR (
          "t4"."recorded_at" <= "t2"."as_of"
        )
      )
  ) AS "t5"
) AS "t6"
GROUP BY
  1,
  2
