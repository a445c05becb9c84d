SELECT
  `t8`.`customer_id`,
  `t8`.`as_of`,
  CAST(SUM(IF(`t8`.`slice` <= 7, `t8`.`score`, NULL)) AS DOUBLE) / 1000000000.0 AS `feedback__score__0_365`,
  CAST(SUM(IF(`t8`.`slice` <= 7, `t8`.`scores`, NULL)) AS DOUBLE) AS `feedback__scores__0_365`,
  CAST(SUM(IF(`t8`.`slice` <= 4, `t8`.`score`, NULL)) AS DOUBLE) / 1000000000.0 AS `feedback__score__0_90`,
  CAST(SUM(IF(`t8`.`slice` <= 4, `t8`.`scores`, NULL)) AS DOUBLE) AS `feedback__scores__0_90`,
  CAST(SUM(IF((
    `t8`.`slice` <= 7
  ) AND (
    `t8`.`slice` > 4
  ), `t8`.`score`, NULL)) AS DOUBLE) / 1000000000.0 AS `feedback__score__90_365`,
  CAST(SUM(IF((
    `t8`.`slice` <= 7
  ) AND (
    `t8`.`slice` > 4
  ), `t8`.`scores`, NULL)) AS DOUBLE) AS `feedback__scores__90_365`,
  CAST(SUM(IF(`t8`.`slice` <= 7, `t8`.`score_quality`, NULL)) AS DOUBLE) / 1000000000.0 AS `feedback__score_quality__0_365`,
  CAST(SUM(IF(`t8`.`slice` <= 7, `t8`.`scores_quality`, NULL)) AS DOUBLE) AS `feedback__scores_quality__0_365`,
  CAST(SUM(IF(`t8`.`slice` <= 4, `t8`.`score_quality`, NULL)) AS DOUBLE) / 1000000000.0 AS `feedback__score_quality__0_90`,
  CAST(SUM(IF(`t8`.`slice` <= 4, `t8`.`scores_quality`, NULL)) AS DOUBLE) AS `feedback__scores_quality__0_90`,
  CAST(SUM(
    IF((
      `t8`.`slice` <= 7
    ) AND (
      `t8`.`slice` > 4
    ), `t8`.`score_quality`, NULL)
  ) AS DOUBLE) / 1000000000.0 AS `feedback__score_quality__90_365`,
  CAST(SUM(
    IF((
      `t8`.`slice` <= 7
    ) AND (
      `t8`.`slice` > 4
    ), `t8`.`scores_quality`, NULL)
  ) AS DOUBLE) AS `feedback__scores_quality__90_365`,
  CAST(SUM(IF(`t8`.`slice` <= 7, `t8`.`score_service`, NULL)) AS DOUBLE) / 1000000000.0 AS `feedback__score_service__0_365`,
  CAST(SUM(IF(`t8`.`slice` <= 7, `t8`.`scores_service`, NULL)) AS DOUBLE) AS `feedback__scores_service__0_365`,
  CAST(SUM(IF(`t8`.`slice` <= 4, `t8`.`score_service`, NULL)) AS DOUBLE) / 1000000000.0 AS `feedback__score_service__0_90`,
  CAST(SUM(IF(`t8`.`slice` <= 4, `t8`.`scores_service`, NULL)) AS DOUBLE) AS `feedback__scores_service__0_90`,
  CAST(SUM(
    IF((
      `t8`.`slice` <= 7
    ) AND (
      `t8`.`slice` > 4
    ), `t8`.`score_service`, NULL)
  ) AS DOUBLE) / 1000000000.0 AS `feedback__score_service__90_365`,
  CAST(SUM(
    IF((
      `t8`.`slice` <= 7
    ) AND (
      `t8`.`slice` > 4
    ), `t8`.`scores_service`, NULL)
  ) AS DOUBLE) AS `feedback__scores_service__90_365`,
  CAST(SUM(IF(`t8`.`slice` <= 7, `t8`.`score_logistics`, NULL)) AS DOUBLE) / 1000000000.0 AS `feedback__score_logistics__0_365`,
  CAST(SUM(IF(`t8`.`slice` <= 7, `t8`.`scores_logistics`, NULL)) AS DOUBLE) AS `feedback__scores_logistics__0_365`,
  CAST(SUM(IF(`t8`.`slice` <= 4, `t8`.`score_logistics`, NULL)) AS DOUBLE) / 1000000000.0 AS `feedback__score_logistics__0_90`,
  CAST(SUM(IF(`t8`.`slice` <= 4, `t8`.`scores_logistics`, NULL)) AS DOUBLE) AS `feedback__scores_logistics__0_90`,
  CAST(SUM(
    IF((
      `t8`.`slice` <= 7
    ) AND (
      `t8`.`slice` > 4
    ), `t8`.`score_logistics`, NULL)
  ) AS DOUBLE) / 1000000000.0 AS `feedback__score_logistics__90_365`,
  CAST(SUM(
    IF((
      `t8`.`slice` <= 7
    ) AND (
      `t8`.`slice` > 4
    ), `t8`.`scores_logistics`, NULL)
  ) AS DOUBLE) AS `feedback__scores_logistics__90_365`,
  CAST(SUM(IF(`t8`.`slice` <= 7, `t8`.`low`, NULL)) AS DOUBLE) AS `feedback__low__0_365`,
  CAST(SUM(IF(`t8`.`slice` <= 2, `t8`.`complaints`, NULL)) AS DOUBLE) AS `feedback__complaints__0_30`,
  CAST(SUM(IF(`t8`.`slice` <= 4, `t8`.`complaints`, NULL)) AS DOUBLE) AS `feedback__complaints__0_90`,
  CAST(SUM(IF(`t8`.`slice` <= 7, `t8`.`complaints`, NULL)) AS DOUBLE) AS `feedback__complaints__0_365`,
  CAST(SUM(`t8`.`complaints`) AS DOUBLE) AS `feedback__complaints__0_ever`,
  CAST(SUM(`t8`.`open`) AS DOUBLE) AS `feedback__open__0_ever`,
  MIN(`t8`.`open_at`) AS `feedback__open_at__0_ever`,
  MAX(`t8`.`complaint_at`) AS `feedback__complaint_at__0_ever`
FROM (
  SELECT
    `t7`.`customer_id`,
    `t7`.`as_of`,
    `t7`.`slice`,
    SUM(
      CAST(ROUND(
        IF(
          IF(
            IF(
              `t7`.`level` IS NOT NULL AND NOT ISNAN(`t7`.`level`),
              `t7`.`level`,
              CAST(NULL AS DOUBLE)
            ) IS NULL,
            IF(
              `t7`.`level` IS NOT NULL AND NOT ISNAN(`t7`.`level`),
              `t7`.`level`,
              CAST(NULL AS DOUBLE)
            ),
            LEAST(
              9000000000.0,
              IF(
                `t7`.`level` IS NOT NULL AND NOT ISNAN(`t7`.`level`),
                `t7`.`level`,
                CAST(NULL AS DOUBLE)
              )
            )
          ) IS NULL,
          IF(
            IF(
              `t7`.`level` IS NOT NULL AND NOT ISNAN(`t7`.`level`),
              `t7`.`level`,
              CAST(NULL AS DOUBLE)
            ) IS NULL,
            IF(
              `t7`.`level` IS NOT NULL AND NOT ISNAN(`t7`.`level`),
              `t7`.`level`,
              CAST(NULL AS DOUBLE)
            ),
            LEAST(
              9000000000.0,
              IF(
                `t7`.`level` IS NOT NULL AND NOT ISNAN(`t7`.`level`),
                `t7`.`level`,
                CAST(NULL AS DOUBLE)
              )
            )
          ),
          GREATEST(
            -9000000000.0,
            IF(
              IF(
                `t7`.`level` IS NOT NULL AND NOT ISNAN(`t7`.`level`),
                `t7`.`level`,
                CAST(NULL AS DOUBLE)
              ) IS NULL,
              IF(
                `t7`.`level` IS NOT NULL AND NOT ISNAN(`t7`.`level`),
                `t7`.`level`,
                CAST(NULL AS DOUBLE)
              ),
              LEAST(
                9000000000.0,
                IF(
                  `t7`.`level` IS NOT NULL AND NOT ISNAN(`t7`.`level`),
                  `t7`.`level`,
                  CAST(NULL AS DOUBLE)
                )
              )
            )
          )
        ) * 1000000000.0,
        0
      ) AS BIGINT)
    ) AS `score`,
    SUM(CAST(`t7`.`level` IS NOT NULL AND NOT ISNAN(`t7`.`level`) AS BIGINT)) AS `scores`,
    SUM(
      CAST(ROUND(
        IF(
          IF(
            IF(
              `t7`.`level` IS NOT NULL
              AND NOT ISNAN(`t7`.`level`)
              AND (
                `t7`.`topic` = 'quality'
              ),
              `t7`.`level`,
              CAST(NULL AS DOUBLE)
            ) IS NULL,
            IF(
              `t7`.`level` IS NOT NULL
              AND NOT ISNAN(`t7`.`level`)
              AND (
                `t7`.`topic` = 'quality'
              ),
              `t7`.`level`,
              CAST(NULL AS DOUBLE)
            ),
            LEAST(
              9000000000.0,
              IF(
                `t7`.`level` IS NOT NULL
                AND NOT ISNAN(`t7`.`level`)
                AND (
                  `t7`.`topic` = 'quality'
                ),
                `t7`.`level`,
                CAST(NULL AS DOUBLE)
              )
            )
          ) IS NULL,
          IF(
            IF(
              `t7`.`level` IS NOT NULL
              AND NOT ISNAN(`t7`.`level`)
              AND (
                `t7`.`topic` = 'quality'
              ),
              `t7`.`level`,
              CAST(NULL AS DOUBLE)
            ) IS NULL,
            IF(
              `t7`.`level` IS NOT NULL
              AND NOT ISNAN(`t7`.`level`)
              AND (
                `t7`.`topic` = 'quality'
              ),
              `t7`.`level`,
              CAST(NULL AS DOUBLE)
            ),
            LEAST(
              9000000000.0,
              IF(
                `t7`.`level` IS NOT NULL
                AND NOT ISNAN(`t7`.`level`)
                AND (
                  `t7`.`topic` = 'quality'
                ),
                `t7`.`level`,
                CAST(NULL AS DOUBLE)
              )
            )
          ),
          GREATEST(
            -9000000000.0,
            IF(
              IF(
                `t7`.`level` IS NOT NULL
                AND NOT ISNAN(`t7`.`level`)
                AND (
                  `t7`.`topic` = 'quality'
                ),
                `t7`.`level`,
                CAST(NULL AS DOUBLE)
              ) IS NULL,
              IF(
                `t7`.`level` IS NOT NULL
                AND NOT ISNAN(`t7`.`level`)
                AND (
                  `t7`.`topic` = 'quality'
                ),
                `t7`.`level`,
                CAST(NULL AS DOUBLE)
              ),
              LEAST(
                9000000000.0,
                IF(
                  `t7`.`level` IS NOT NULL
                  AND NOT ISNAN(`t7`.`level`)
                  AND (
                    `t7`.`topic` = 'quality'
                  ),
                  `t7`.`level`,
                  CAST(NULL AS DOUBLE)
                )
              )
            )
          )
        ) * 1000000000.0,
        0
      ) AS BIGINT)
    ) AS `score_quality`,
    SUM(
      CAST(`t7`.`level` IS NOT NULL
      AND NOT ISNAN(`t7`.`level`)
      AND (
        `t7`.`topic` = 'quality'
      ) AS BIGINT)
    ) AS `scores_quality`,
    SUM(
      CAST(ROUND(
        IF(
          IF(
            IF(
              `t7`.`level` IS NOT NULL
              AND NOT ISNAN(`t7`.`level`)
              AND (
                `t7`.`topic` = 'service'
              ),
              `t7`.`level`,
              CAST(NULL AS DOUBLE)
            ) IS NULL,
            IF(
              `t7`.`level` IS NOT NULL
              AND NOT ISNAN(`t7`.`level`)
              AND (
                `t7`.`topic` = 'service'
              ),
              `t7`.`level`,
              CAST(NULL AS DOUBLE)
            ),
            LEAST(
              9000000000.0,
              IF(
                `t7`.`level` IS NOT NULL
                AND NOT ISNAN(`t7`.`level`)
                AND (
                  `t7`.`topic` = 'service'
                ),
                `t7`.`level`,
                CAST(NULL AS DOUBLE)
              )
            )
          ) IS NULL,
          IF(
            IF(
              `t7`.`level` IS NOT NULL
              AND NOT ISNAN(`t7`.`level`)
              AND (
                `t7`.`topic` = 'service'
              ),
              `t7`.`level`,
              CAST(NULL AS DOUBLE)
            ) IS NULL,
            IF(
              `t7`.`level` IS NOT NULL
              AND NOT ISNAN(`t7`.`level`)
              AND (
                `t7`.`topic` = 'service'
              ),
              `t7`.`level`,
              CAST(NULL AS DOUBLE)
            ),
            LEAST(
              9000000000.0,
              IF(
                `t7`.`level` IS NOT NULL
                AND NOT ISNAN(`t7`.`level`)
                AND (
                  `t7`.`topic` = 'service'
                ),
                `t7`.`level`,
                CAST(NULL AS DOUBLE)
              )
            )
          ),
          GREATEST(
            -9000000000.0,
            IF(
              IF(
                `t7`.`level` IS NOT NULL
                AND NOT ISNAN(`t7`.`level`)
                AND (
                  `t7`.`topic` = 'service'
                ),
                `t7`.`level`,
                CAST(NULL AS DOUBLE)
              ) IS NULL,
              IF(
                `t7`.`level` IS NOT NULL
                AND NOT ISNAN(`t7`.`level`)
                AND (
                  `t7`.`topic` = 'service'
                ),
                `t7`.`level`,
                CAST(NULL AS DOUBLE)
              ),
              LEAST(
                9000000000.0,
                IF(
                  `t7`.`level` IS NOT NULL
                  AND NOT ISNAN(`t7`.`level`)
                  AND (
                    `t7`.`topic` = 'service'
                  ),
                  `t7`.`level`,
                  CAST(NULL AS DOUBLE)
                )
              )
            )
          )
        ) * 1000000000.0,
        0
      ) AS BIGINT)
    ) AS `score_service`,
    SUM(
      CAST(`t7`.`level` IS NOT NULL
      AND NOT ISNAN(`t7`.`level`)
      AND (
        `t7`.`topic` = 'service'
      ) AS BIGINT)
    ) AS `scores_service`,
    SUM(
      CAST(ROUND(
        IF(
          IF(
            IF(
              `t7`.`level` IS NOT NULL
              AND NOT ISNAN(`t7`.`level`)
              AND (
                `t7`.`topic` = 'logistics'
              ),
              `t7`.`level`,
              CAST(NULL AS DOUBLE)
            ) IS NULL,
            IF(
              `t7`.`level` IS NOT NULL
              AND NOT ISNAN(`t7`.`level`)
              AND (
                `t7`.`topic` = 'logistics'
              ),
              `t7`.`level`,
              CAST(NULL AS DOUBLE)
            ),
            LEAST(
              9000000000.0,
              IF(
                `t7`.`level` IS NOT NULL
                AND NOT ISNAN(`t7`.`level`)
                AND (
                  `t7`.`topic` = 'logistics'
                ),
                `t7`.`level`,
                CAST(NULL AS DOUBLE)
              )
            )
          ) IS NULL,
          IF(
            IF(
              `t7`.`level` IS NOT NULL
              AND NOT ISNAN(`t7`.`level`)
              AND (
                `t7`.`topic` = 'logistics'
              ),
              `t7`.`level`,
              CAST(NULL AS DOUBLE)
            ) IS NULL,
            IF(
              `t7`.`level` IS NOT NULL
              AND NOT ISNAN(`t7`.`level`)
              AND (
                `t7`.`topic` = 'logistics'
              ),
              `t7`.`level`,
              CAST(NULL AS DOUBLE)
            ),
            LEAST(
              9000000000.0,
              IF(
                `t7`.`level` IS NOT NULL
                AND NOT ISNAN(`t7`.`level`)
                AND (
                  `t7`.`topic` = 'logistics'
                ),
                `t7`.`level`,
                CAST(NULL AS DOUBLE)
              )
            )
          ),
          GREATEST(
            -9000000000.0,
            IF(
              IF(
                `t7`.`level` IS NOT NULL
                AND NOT ISNAN(`t7`.`level`)
                AND (
                  `t7`.`topic` = 'logistics'
                ),
                `t7`.`level`,
                CAST(NULL AS DOUBLE)
              ) IS NULL,
              IF(
                `t7`.`level` IS NOT NULL
                AND NOT ISNAN(`t7`.`level`)
                AND (
                  `t7`.`topic` = 'logistics'
                ),
                `t7`.`level`,
                CAST(NULL AS DOUBLE)
              ),
              LEAST(
                9000000000.0,
                IF(
                  `t7`.`level` IS NOT NULL
                  AND NOT ISNAN(`t7`.`level`)
                  AND (
                    `t7`.`topic` = 'logistics'
                  ),
                  `t7`.`level`,
                  CAST(NULL AS DOUBLE)
                )
              )
            )
          )
        ) * 1000000000.0,
        0
      ) AS BIGINT)
    ) AS `score_logistics`,
    SUM(
      CAST(`t7`.`level` IS NOT NULL
      AND NOT ISNAN(`t7`.`level`)
      AND (
        `t7`.`topic` = 'logistics'
      ) AS BIGINT)
    ) AS `scores_logistics`,
    SUM(CAST(`t7`.`level` < 0.4 AS BIGINT)) AS `low`,
    SUM(CAST(`t7`.`kind` = 'complaint' AS BIGINT)) AS `complaints`,
    SUM(
      CAST((
        `t7`.`kind` = 'complaint'
      )
      AND (
        IF(`t7`.`resolved_at` < `t7`.`as_of`, `t7`.`resolved_at`, CAST(NULL AS TIMESTAMP)) IS NULL
      ) AS BIGINT)
    ) AS `open`,
    MIN(
      IF(
        (
          `t7`.`kind` = 'complaint'
        )
        AND (
          IF(`t7`.`resolved_at` < `t7`.`as_of`, `t7`.`resolved_at`, CAST(NULL AS TIMESTAMP)) IS NULL
        ),
        `t7`.`occurred_at`,
        CAST(NULL AS TIMESTAMP)
      )
    ) AS `open_at`,
    MAX(IF(`t7`.`kind` = 'complaint', `t7`.`occurred_at`, CAST(NULL AS TIMESTAMP))) AS `complaint_at`
  FROM (
    SELECT
      `t6`.`feedback_id`,
      `t6`.`customer_id`,
      `t6`.`occurred_at`,
      `t6`.`kind`,
      `t6`.`topic`,
      `t6`.`score`,
      `t6`.`score_min`,
      `t6`.`score_max`,
      `t6`.`resolved_at`,
      `t6`.`recorded_at`,
      `t6`.`level`,
      `t6`.`as_of`,
      `t6`.`log_start`,
      `t6`.`shift`,
      `t6`.`age`,
      CAST(`t6`.`age` >= 7 AS TINYINT) + 0 + CAST(`t6`.`age` >= 14 AS TINYINT) + CAST(`t6`.`age` >= 30 AS TINYINT) + CAST(`t6`.`age` >= 60 AS TINYINT) + CAST(`t6`.`age` >= 90 AS TINYINT) + CAST(`t6`.`age` >= 180 AS TINYINT) + CAST(`t6`.`age` >= 275 AS TINYINT) + CAST(`t6`.`age` >= 365 AS TINYINT) AS `slice`
    FROM (
      SELECT
        `t5`.`feedback_id`,
        `t5`.`customer_id`,
        `t5`.`occurred_at`,
        `t5`.`kind`,
        `t5`.`topic`,
        `t5`.`score`,
        `t5`.`score_min`,
        `t5`.`score_max`,
        `t5`.`resolved_at`,
        `t5`.`recorded_at`,
        `t5`.`level`,
        `t5`.`as_of`,
        `t5`.`log_start`,
        `t5`.`shift`,
        CAST(FLOOR(
          (
            DATEDIFF(MICROSECOND, `t5`.`occurred_at`, `t5`.`as_of`) - 1
          ) / (
            86400000000
          )
        ) AS BIGINT) AS `age`
      FROM (
        SELECT
          `t4`.`feedback_id`,
          `t4`.`customer_id`,
          `t4`.`occurred_at`,
          `t4`.`kind`,
          `t4`.`topic`,
          `t4`.`score`,
          `t4`.`score_min`,
          `t4`.`score_max`,
          `t4`.`resolved_at`,
          `t4`.`recorded_at`,
          `t4`.`level`,
          `t2`.`as_of`,
          `t2`.`log_start`,
          `t2`.`shift`
        FROM (
          SELECT
            `t0`.`feedback_id`,
            `t0`.`customer_id`,
            `t0`.`occurred_at`,
            `t0`.`kind`,
            `t0`.`topic`,
            `t0`.`score`,
            `t0`.`score_min`,
            `t0`.`score_max`,
            `t0`.`resolved_at`,
            `t0`.`recorded_at`,
            IF(
              (
                COALESCE(`t0`.`score_max`, IF(`t0`.`kind` = 'nps', 10.0, 5.0)) - COALESCE(`t0`.`score_min`, IF(`t0`.`kind` = 'nps', 0.0, 1.0))
              ) > 0,
              IF(
                IF(
                  (
                    (
                      `t0`.`score` - COALESCE(`t0`.`score_min`, IF(`t0`.`kind` = 'nps', 0.0, 1.0))
                    ) / (
                      COALESCE(`t0`.`score_max`, IF(`t0`.`kind` = 'nps', 10.0, 5.0)) - COALESCE(`t0`.`score_min`, IF(`t0`.`kind` = 'nps', 0.0, 1.0))
                    )
                  ) IS NULL,
                  (
                    `t0`.`score` - COALESCE(`t0`.`score_min`, IF(`t0`.`kind` = 'nps', 0.0, 1.0))
                  ) / (
                    COALESCE(`t0`.`score_max`, IF(`t0`.`kind` = 'nps', 10.0, 5.0)) - COALESCE(`t0`.`score_min`, IF(`t0`.`kind` = 'nps', 0.0, 1.0))
                  ),
                  LEAST(
                    1.0,
                    (
                      `t0`.`score` - COALESCE(`t0`.`score_min`, IF(`t0`.`kind` = 'nps', 0.0, 1.0))
                    ) / (
                      COALESCE(`t0`.`score_max`, IF(`t0`.`kind` = 'nps', 10.0, 5.0)) - COALESCE(`t0`.`score_min`, IF(`t0`.`kind` = 'nps', 0.0, 1.0))
                    )
                  )
                ) IS NULL,
                IF(
                  (
                    (
                      `t0`.`score` - COALESCE(`t0`.`score_min`, IF(`t0`.`kind` = 'nps', 0.0, 1.0))
                    ) / (
                      COALESCE(`t0`.`score_max`, IF(`t0`.`kind` = 'nps', 10.0, 5.0)) - COALESCE(`t0`.`score_min`, IF(`t0`.`kind` = 'nps', 0.0, 1.0))
                    )
                  ) IS NULL,
                  (
                    `t0`.`score` - COALESCE(`t0`.`score_min`, IF(`t0`.`kind` = 'nps', 0.0, 1.0))
                  ) / (
                    COALESCE(`t0`.`score_max`, IF(`t0`.`kind` = 'nps', 10.0, 5.0)) - COALESCE(`t0`.`score_min`, IF(`t0`.`kind` = 'nps', 0.0, 1.0))
                  ),
                  LEAST(
                    1.0,
                    (
                      `t0`.`score` - COALESCE(`t0`.`score_min`, IF(`t0`.`kind` = 'nps', 0.0, 1.0))
                    ) / (
                      COALESCE(`t0`.`score_max`, IF(`t0`.`kind` = 'nps', 10.0, 5.0)) - COALESCE(`t0`.`score_min`, IF(`t0`.`kind` = 'nps', 0.0, 1.0))
                    )
                  )
                ),
                GREATEST(
                  0.0,
                  IF(
                    (
                      (
                        `t0`.`score` - COALESCE(`t0`.`score_min`, IF(`t0`.`kind` = 'nps', 0.0, 1.0))
                      ) / (
                        COALESCE(`t0`.`score_max`, IF(`t0`.`kind` = 'nps', 10.0, 5.0)) - COALESCE(`t0`.`score_min`, IF(`t0`.`kind` = 'nps', 0.0, 1.0))
                      )
                    ) IS NULL,
                    (
                      `t0`.`score` - COALESCE(`t0`.`score_min`, IF(`t0`.`kind` = 'nps', 0.0, 1.0))
                    ) / (
                      COALESCE(`t0`.`score_max`, IF(`t0`.`kind` = 'nps', 10.0, 5.0)) - COALESCE(`t0`.`score_min`, IF(`t0`.`kind` = 'nps', 0.0, 1.0))
                    ),
                    LEAST(
                      1.0,
                      (
                        `t0`.`score` - COALESCE(`t0`.`score_min`, IF(`t0`.`kind` = 'nps', 0.0, 1.0))
                      ) / (
                        COALESCE(`t0`.`score_max`, IF(`t0`.`kind` = 'nps', 10.0, 5.0)) - COALESCE(`t0`.`score_min`, IF(`t0`.`kind` = 'nps', 0.0, 1.0))
                      )
                    )
                  )
                )
              ),
              CAST(NULL AS DOUBLE)
            ) AS `level`
          FROM `feedback` AS `t0`
        ) AS `t4`
        INNER JOIN `cutoffs` AS `t2`
          ON `t4`.`occurred_at` < `t2`.`as_of`
          AND (
            (
              `t4`.`recorded_at` IS NULL
            ) OR (
              `t4`.`recorded_at` <= `t2`.`as_of`
            )
          )
      ) AS `t5`
    ) AS `t6`
  ) AS `t7`
  GROUP BY
    1,
    2,
    3
) AS `t8`
GROUP BY
  1,
  2
