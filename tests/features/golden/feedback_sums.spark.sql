SELECT
  `t6`.`customer_id`,
  `t6`.`as_of`,
  CAST(SUM(
    IF(
      `t6`.`age` < 365,
      CAST(ROUND(
        IF(
          IF(
            IF(
              `t6`.`level` IS NOT NULL AND NOT ISNAN(`t6`.`level`),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ) IS NULL,
            IF(
              `t6`.`level` IS NOT NULL AND NOT ISNAN(`t6`.`level`),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ),
            LEAST(
              9000000000.0,
              IF(
                `t6`.`level` IS NOT NULL AND NOT ISNAN(`t6`.`level`),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              )
            )
          ) IS NULL,
          IF(
            IF(
              `t6`.`level` IS NOT NULL AND NOT ISNAN(`t6`.`level`),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ) IS NULL,
            IF(
              `t6`.`level` IS NOT NULL AND NOT ISNAN(`t6`.`level`),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ),
            LEAST(
              9000000000.0,
              IF(
                `t6`.`level` IS NOT NULL AND NOT ISNAN(`t6`.`level`),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              )
            )
          ),
          GREATEST(
            -9000000000.0,
            IF(
              IF(
                `t6`.`level` IS NOT NULL AND NOT ISNAN(`t6`.`level`),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              ) IS NULL,
              IF(
                `t6`.`level` IS NOT NULL AND NOT ISNAN(`t6`.`level`),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              ),
              LEAST(
                9000000000.0,
                IF(
                  `t6`.`level` IS NOT NULL AND NOT ISNAN(`t6`.`level`),
                  `t6`.`level`,
                  CAST(NULL AS DOUBLE)
                )
              )
            )
          )
        ) * 1000000000.0,
        0
      ) AS BIGINT),
      NULL
    )
  ) AS DOUBLE) / 1000000000.0 AS `feedback__score__0_365`,
  CAST(SUM(
    IF(
      `t6`.`age` < 365,
      CAST(`t6`.`level` IS NOT NULL AND NOT ISNAN(`t6`.`level`) AS BIGINT),
      NULL
    )
  ) AS DOUBLE) AS `feedback__scores__0_365`,
  CAST(SUM(
    IF(
      `t6`.`age` < 90,
      CAST(ROUND(
        IF(
          IF(
            IF(
              `t6`.`level` IS NOT NULL AND NOT ISNAN(`t6`.`level`),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ) IS NULL,
            IF(
              `t6`.`level` IS NOT NULL AND NOT ISNAN(`t6`.`level`),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ),
            LEAST(
              9000000000.0,
              IF(
                `t6`.`level` IS NOT NULL AND NOT ISNAN(`t6`.`level`),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              )
            )
          ) IS NULL,
          IF(
            IF(
              `t6`.`level` IS NOT NULL AND NOT ISNAN(`t6`.`level`),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ) IS NULL,
            IF(
              `t6`.`level` IS NOT NULL AND NOT ISNAN(`t6`.`level`),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ),
            LEAST(
              9000000000.0,
              IF(
                `t6`.`level` IS NOT NULL AND NOT ISNAN(`t6`.`level`),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              )
            )
          ),
          GREATEST(
            -9000000000.0,
            IF(
              IF(
                `t6`.`level` IS NOT NULL AND NOT ISNAN(`t6`.`level`),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              ) IS NULL,
              IF(
                `t6`.`level` IS NOT NULL AND NOT ISNAN(`t6`.`level`),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              ),
              LEAST(
                9000000000.0,
                IF(
                  `t6`.`level` IS NOT NULL AND NOT ISNAN(`t6`.`level`),
                  `t6`.`level`,
                  CAST(NULL AS DOUBLE)
                )
              )
            )
          )
        ) * 1000000000.0,
        0
      ) AS BIGINT),
      NULL
    )
  ) AS DOUBLE) / 1000000000.0 AS `feedback__score__0_90`,
  CAST(SUM(
    IF(
      `t6`.`age` < 90,
      CAST(`t6`.`level` IS NOT NULL AND NOT ISNAN(`t6`.`level`) AS BIGINT),
      NULL
    )
  ) AS DOUBLE) AS `feedback__scores__0_90`,
  CAST(SUM(
    IF(
      (
        `t6`.`age` < 365
      ) AND (
        `t6`.`age` >= 90
      ),
      CAST(ROUND(
        IF(
          IF(
            IF(
              `t6`.`level` IS NOT NULL AND NOT ISNAN(`t6`.`level`),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ) IS NULL,
            IF(
              `t6`.`level` IS NOT NULL AND NOT ISNAN(`t6`.`level`),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ),
            LEAST(
              9000000000.0,
              IF(
                `t6`.`level` IS NOT NULL AND NOT ISNAN(`t6`.`level`),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              )
            )
          ) IS NULL,
          IF(
            IF(
              `t6`.`level` IS NOT NULL AND NOT ISNAN(`t6`.`level`),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ) IS NULL,
            IF(
              `t6`.`level` IS NOT NULL AND NOT ISNAN(`t6`.`level`),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ),
            LEAST(
              9000000000.0,
              IF(
                `t6`.`level` IS NOT NULL AND NOT ISNAN(`t6`.`level`),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              )
            )
          ),
          GREATEST(
            -9000000000.0,
            IF(
              IF(
                `t6`.`level` IS NOT NULL AND NOT ISNAN(`t6`.`level`),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              ) IS NULL,
              IF(
                `t6`.`level` IS NOT NULL AND NOT ISNAN(`t6`.`level`),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              ),
              LEAST(
                9000000000.0,
                IF(
                  `t6`.`level` IS NOT NULL AND NOT ISNAN(`t6`.`level`),
                  `t6`.`level`,
                  CAST(NULL AS DOUBLE)
                )
              )
            )
          )
        ) * 1000000000.0,
        0
      ) AS BIGINT),
      NULL
    )
  ) AS DOUBLE) / 1000000000.0 AS `feedback__score__90_365`,
  CAST(SUM(
    IF(
      (
        `t6`.`age` < 365
      ) AND (
        `t6`.`age` >= 90
      ),
      CAST(`t6`.`level` IS NOT NULL AND NOT ISNAN(`t6`.`level`) AS BIGINT),
      NULL
    )
  ) AS DOUBLE) AS `feedback__scores__90_365`,
  CAST(SUM(
    IF(
      `t6`.`age` < 365,
      CAST(ROUND(
        IF(
          IF(
            IF(
              `t6`.`level` IS NOT NULL
              AND NOT ISNAN(`t6`.`level`)
              AND (
                `t6`.`topic` = 'quality'
              ),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ) IS NULL,
            IF(
              `t6`.`level` IS NOT NULL
              AND NOT ISNAN(`t6`.`level`)
              AND (
                `t6`.`topic` = 'quality'
              ),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ),
            LEAST(
              9000000000.0,
              IF(
                `t6`.`level` IS NOT NULL
                AND NOT ISNAN(`t6`.`level`)
                AND (
                  `t6`.`topic` = 'quality'
                ),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              )
            )
          ) IS NULL,
          IF(
            IF(
              `t6`.`level` IS NOT NULL
              AND NOT ISNAN(`t6`.`level`)
              AND (
                `t6`.`topic` = 'quality'
              ),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ) IS NULL,
            IF(
              `t6`.`level` IS NOT NULL
              AND NOT ISNAN(`t6`.`level`)
              AND (
                `t6`.`topic` = 'quality'
              ),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ),
            LEAST(
              9000000000.0,
              IF(
                `t6`.`level` IS NOT NULL
                AND NOT ISNAN(`t6`.`level`)
                AND (
                  `t6`.`topic` = 'quality'
                ),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              )
            )
          ),
          GREATEST(
            -9000000000.0,
            IF(
              IF(
                `t6`.`level` IS NOT NULL
                AND NOT ISNAN(`t6`.`level`)
                AND (
                  `t6`.`topic` = 'quality'
                ),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              ) IS NULL,
              IF(
                `t6`.`level` IS NOT NULL
                AND NOT ISNAN(`t6`.`level`)
                AND (
                  `t6`.`topic` = 'quality'
                ),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              ),
              LEAST(
                9000000000.0,
                IF(
                  `t6`.`level` IS NOT NULL
                  AND NOT ISNAN(`t6`.`level`)
                  AND (
                    `t6`.`topic` = 'quality'
                  ),
                  `t6`.`level`,
                  CAST(NULL AS DOUBLE)
                )
              )
            )
          )
        ) * 1000000000.0,
        0
      ) AS BIGINT),
      NULL
    )
  ) AS DOUBLE) / 1000000000.0 AS `feedback__score_quality__0_365`,
  CAST(SUM(
    IF(
      `t6`.`age` < 365,
      CAST(`t6`.`level` IS NOT NULL
      AND NOT ISNAN(`t6`.`level`)
      AND (
        `t6`.`topic` = 'quality'
      ) AS BIGINT),
      NULL
    )
  ) AS DOUBLE) AS `feedback__scores_quality__0_365`,
  CAST(SUM(
    IF(
      `t6`.`age` < 90,
      CAST(ROUND(
        IF(
          IF(
            IF(
              `t6`.`level` IS NOT NULL
              AND NOT ISNAN(`t6`.`level`)
              AND (
                `t6`.`topic` = 'quality'
              ),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ) IS NULL,
            IF(
              `t6`.`level` IS NOT NULL
              AND NOT ISNAN(`t6`.`level`)
              AND (
                `t6`.`topic` = 'quality'
              ),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ),
            LEAST(
              9000000000.0,
              IF(
                `t6`.`level` IS NOT NULL
                AND NOT ISNAN(`t6`.`level`)
                AND (
                  `t6`.`topic` = 'quality'
                ),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              )
            )
          ) IS NULL,
          IF(
            IF(
              `t6`.`level` IS NOT NULL
              AND NOT ISNAN(`t6`.`level`)
              AND (
                `t6`.`topic` = 'quality'
              ),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ) IS NULL,
            IF(
              `t6`.`level` IS NOT NULL
              AND NOT ISNAN(`t6`.`level`)
              AND (
                `t6`.`topic` = 'quality'
              ),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ),
            LEAST(
              9000000000.0,
              IF(
                `t6`.`level` IS NOT NULL
                AND NOT ISNAN(`t6`.`level`)
                AND (
                  `t6`.`topic` = 'quality'
                ),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              )
            )
          ),
          GREATEST(
            -9000000000.0,
            IF(
              IF(
                `t6`.`level` IS NOT NULL
                AND NOT ISNAN(`t6`.`level`)
                AND (
                  `t6`.`topic` = 'quality'
                ),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              ) IS NULL,
              IF(
                `t6`.`level` IS NOT NULL
                AND NOT ISNAN(`t6`.`level`)
                AND (
                  `t6`.`topic` = 'quality'
                ),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              ),
              LEAST(
                9000000000.0,
                IF(
                  `t6`.`level` IS NOT NULL
                  AND NOT ISNAN(`t6`.`level`)
                  AND (
                    `t6`.`topic` = 'quality'
                  ),
                  `t6`.`level`,
                  CAST(NULL AS DOUBLE)
                )
              )
            )
          )
        ) * 1000000000.0,
        0
      ) AS BIGINT),
      NULL
    )
  ) AS DOUBLE) / 1000000000.0 AS `feedback__score_quality__0_90`,
  CAST(SUM(
    IF(
      `t6`.`age` < 90,
      CAST(`t6`.`level` IS NOT NULL
      AND NOT ISNAN(`t6`.`level`)
      AND (
        `t6`.`topic` = 'quality'
      ) AS BIGINT),
      NULL
    )
  ) AS DOUBLE) AS `feedback__scores_quality__0_90`,
  CAST(SUM(
    IF(
      (
        `t6`.`age` < 365
      ) AND (
        `t6`.`age` >= 90
      ),
      CAST(ROUND(
        IF(
          IF(
            IF(
              `t6`.`level` IS NOT NULL
              AND NOT ISNAN(`t6`.`level`)
              AND (
                `t6`.`topic` = 'quality'
              ),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ) IS NULL,
            IF(
              `t6`.`level` IS NOT NULL
              AND NOT ISNAN(`t6`.`level`)
              AND (
                `t6`.`topic` = 'quality'
              ),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ),
            LEAST(
              9000000000.0,
              IF(
                `t6`.`level` IS NOT NULL
                AND NOT ISNAN(`t6`.`level`)
                AND (
                  `t6`.`topic` = 'quality'
                ),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              )
            )
          ) IS NULL,
          IF(
            IF(
              `t6`.`level` IS NOT NULL
              AND NOT ISNAN(`t6`.`level`)
              AND (
                `t6`.`topic` = 'quality'
              ),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ) IS NULL,
            IF(
              `t6`.`level` IS NOT NULL
              AND NOT ISNAN(`t6`.`level`)
              AND (
                `t6`.`topic` = 'quality'
              ),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ),
            LEAST(
              9000000000.0,
              IF(
                `t6`.`level` IS NOT NULL
                AND NOT ISNAN(`t6`.`level`)
                AND (
                  `t6`.`topic` = 'quality'
                ),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              )
            )
          ),
          GREATEST(
            -9000000000.0,
            IF(
              IF(
                `t6`.`level` IS NOT NULL
                AND NOT ISNAN(`t6`.`level`)
                AND (
                  `t6`.`topic` = 'quality'
                ),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              ) IS NULL,
              IF(
                `t6`.`level` IS NOT NULL
                AND NOT ISNAN(`t6`.`level`)
                AND (
                  `t6`.`topic` = 'quality'
                ),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              ),
              LEAST(
                9000000000.0,
                IF(
                  `t6`.`level` IS NOT NULL
                  AND NOT ISNAN(`t6`.`level`)
                  AND (
                    `t6`.`topic` = 'quality'
                  ),
                  `t6`.`level`,
                  CAST(NULL AS DOUBLE)
                )
              )
            )
          )
        ) * 1000000000.0,
        0
      ) AS BIGINT),
      NULL
    )
  ) AS DOUBLE) / 1000000000.0 AS `feedback__score_quality__90_365`,
  CAST(SUM(
    IF(
      (
        `t6`.`age` < 365
      ) AND (
        `t6`.`age` >= 90
      ),
      CAST(`t6`.`level` IS NOT NULL
      AND NOT ISNAN(`t6`.`level`)
      AND (
        `t6`.`topic` = 'quality'
      ) AS BIGINT),
      NULL
    )
  ) AS DOUBLE) AS `feedback__scores_quality__90_365`,
  CAST(SUM(
    IF(
      `t6`.`age` < 365,
      CAST(ROUND(
        IF(
          IF(
            IF(
              `t6`.`level` IS NOT NULL
              AND NOT ISNAN(`t6`.`level`)
              AND (
                `t6`.`topic` = 'service'
              ),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ) IS NULL,
            IF(
              `t6`.`level` IS NOT NULL
              AND NOT ISNAN(`t6`.`level`)
              AND (
                `t6`.`topic` = 'service'
              ),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ),
            LEAST(
              9000000000.0,
              IF(
                `t6`.`level` IS NOT NULL
                AND NOT ISNAN(`t6`.`level`)
                AND (
                  `t6`.`topic` = 'service'
                ),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              )
            )
          ) IS NULL,
          IF(
            IF(
              `t6`.`level` IS NOT NULL
              AND NOT ISNAN(`t6`.`level`)
              AND (
                `t6`.`topic` = 'service'
              ),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ) IS NULL,
            IF(
              `t6`.`level` IS NOT NULL
              AND NOT ISNAN(`t6`.`level`)
              AND (
                `t6`.`topic` = 'service'
              ),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ),
            LEAST(
              9000000000.0,
              IF(
                `t6`.`level` IS NOT NULL
                AND NOT ISNAN(`t6`.`level`)
                AND (
                  `t6`.`topic` = 'service'
                ),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              )
            )
          ),
          GREATEST(
            -9000000000.0,
            IF(
              IF(
                `t6`.`level` IS NOT NULL
                AND NOT ISNAN(`t6`.`level`)
                AND (
                  `t6`.`topic` = 'service'
                ),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              ) IS NULL,
              IF(
                `t6`.`level` IS NOT NULL
                AND NOT ISNAN(`t6`.`level`)
                AND (
                  `t6`.`topic` = 'service'
                ),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              ),
              LEAST(
                9000000000.0,
                IF(
                  `t6`.`level` IS NOT NULL
                  AND NOT ISNAN(`t6`.`level`)
                  AND (
                    `t6`.`topic` = 'service'
                  ),
                  `t6`.`level`,
                  CAST(NULL AS DOUBLE)
                )
              )
            )
          )
        ) * 1000000000.0,
        0
      ) AS BIGINT),
      NULL
    )
  ) AS DOUBLE) / 1000000000.0 AS `feedback__score_service__0_365`,
  CAST(SUM(
    IF(
      `t6`.`age` < 365,
      CAST(`t6`.`level` IS NOT NULL
      AND NOT ISNAN(`t6`.`level`)
      AND (
        `t6`.`topic` = 'service'
      ) AS BIGINT),
      NULL
    )
  ) AS DOUBLE) AS `feedback__scores_service__0_365`,
  CAST(SUM(
    IF(
      `t6`.`age` < 90,
      CAST(ROUND(
        IF(
          IF(
            IF(
              `t6`.`level` IS NOT NULL
              AND NOT ISNAN(`t6`.`level`)
              AND (
                `t6`.`topic` = 'service'
              ),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ) IS NULL,
            IF(
              `t6`.`level` IS NOT NULL
              AND NOT ISNAN(`t6`.`level`)
              AND (
                `t6`.`topic` = 'service'
              ),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ),
            LEAST(
              9000000000.0,
              IF(
                `t6`.`level` IS NOT NULL
                AND NOT ISNAN(`t6`.`level`)
                AND (
                  `t6`.`topic` = 'service'
                ),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              )
            )
          ) IS NULL,
          IF(
            IF(
              `t6`.`level` IS NOT NULL
              AND NOT ISNAN(`t6`.`level`)
              AND (
                `t6`.`topic` = 'service'
              ),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ) IS NULL,
            IF(
              `t6`.`level` IS NOT NULL
              AND NOT ISNAN(`t6`.`level`)
              AND (
                `t6`.`topic` = 'service'
              ),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ),
            LEAST(
              9000000000.0,
              IF(
                `t6`.`level` IS NOT NULL
                AND NOT ISNAN(`t6`.`level`)
                AND (
                  `t6`.`topic` = 'service'
                ),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              )
            )
          ),
          GREATEST(
            -9000000000.0,
            IF(
              IF(
                `t6`.`level` IS NOT NULL
                AND NOT ISNAN(`t6`.`level`)
                AND (
                  `t6`.`topic` = 'service'
                ),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              ) IS NULL,
              IF(
                `t6`.`level` IS NOT NULL
                AND NOT ISNAN(`t6`.`level`)
                AND (
                  `t6`.`topic` = 'service'
                ),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              ),
              LEAST(
                9000000000.0,
                IF(
                  `t6`.`level` IS NOT NULL
                  AND NOT ISNAN(`t6`.`level`)
                  AND (
                    `t6`.`topic` = 'service'
                  ),
                  `t6`.`level`,
                  CAST(NULL AS DOUBLE)
                )
              )
            )
          )
        ) * 1000000000.0,
        0
      ) AS BIGINT),
      NULL
    )
  ) AS DOUBLE) / 1000000000.0 AS `feedback__score_service__0_90`,
  CAST(SUM(
    IF(
      `t6`.`age` < 90,
      CAST(`t6`.`level` IS NOT NULL
      AND NOT ISNAN(`t6`.`level`)
      AND (
        `t6`.`topic` = 'service'
      ) AS BIGINT),
      NULL
    )
  ) AS DOUBLE) AS `feedback__scores_service__0_90`,
  CAST(SUM(
    IF(
      (
        `t6`.`age` < 365
      ) AND (
        `t6`.`age` >= 90
      ),
      CAST(ROUND(
        IF(
          IF(
            IF(
              `t6`.`level` IS NOT NULL
              AND NOT ISNAN(`t6`.`level`)
              AND (
                `t6`.`topic` = 'service'
              ),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ) IS NULL,
            IF(
              `t6`.`level` IS NOT NULL
              AND NOT ISNAN(`t6`.`level`)
              AND (
                `t6`.`topic` = 'service'
              ),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ),
            LEAST(
              9000000000.0,
              IF(
                `t6`.`level` IS NOT NULL
                AND NOT ISNAN(`t6`.`level`)
                AND (
                  `t6`.`topic` = 'service'
                ),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              )
            )
          ) IS NULL,
          IF(
            IF(
              `t6`.`level` IS NOT NULL
              AND NOT ISNAN(`t6`.`level`)
              AND (
                `t6`.`topic` = 'service'
              ),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ) IS NULL,
            IF(
              `t6`.`level` IS NOT NULL
              AND NOT ISNAN(`t6`.`level`)
              AND (
                `t6`.`topic` = 'service'
              ),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ),
            LEAST(
              9000000000.0,
              IF(
                `t6`.`level` IS NOT NULL
                AND NOT ISNAN(`t6`.`level`)
                AND (
                  `t6`.`topic` = 'service'
                ),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              )
            )
          ),
          GREATEST(
            -9000000000.0,
            IF(
              IF(
                `t6`.`level` IS NOT NULL
                AND NOT ISNAN(`t6`.`level`)
                AND (
                  `t6`.`topic` = 'service'
                ),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              ) IS NULL,
              IF(
                `t6`.`level` IS NOT NULL
                AND NOT ISNAN(`t6`.`level`)
                AND (
                  `t6`.`topic` = 'service'
                ),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              ),
              LEAST(
                9000000000.0,
                IF(
                  `t6`.`level` IS NOT NULL
                  AND NOT ISNAN(`t6`.`level`)
                  AND (
                    `t6`.`topic` = 'service'
                  ),
                  `t6`.`level`,
                  CAST(NULL AS DOUBLE)
                )
              )
            )
          )
        ) * 1000000000.0,
        0
      ) AS BIGINT),
      NULL
    )
  ) AS DOUBLE) / 1000000000.0 AS `feedback__score_service__90_365`,
  CAST(SUM(
    IF(
      (
        `t6`.`age` < 365
      ) AND (
        `t6`.`age` >= 90
      ),
      CAST(`t6`.`level` IS NOT NULL
      AND NOT ISNAN(`t6`.`level`)
      AND (
        `t6`.`topic` = 'service'
      ) AS BIGINT),
      NULL
    )
  ) AS DOUBLE) AS `feedback__scores_service__90_365`,
  CAST(SUM(
    IF(
      `t6`.`age` < 365,
      CAST(ROUND(
        IF(
          IF(
            IF(
              `t6`.`level` IS NOT NULL
              AND NOT ISNAN(`t6`.`level`)
              AND (
                `t6`.`topic` = 'logistics'
              ),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ) IS NULL,
            IF(
              `t6`.`level` IS NOT NULL
              AND NOT ISNAN(`t6`.`level`)
              AND (
                `t6`.`topic` = 'logistics'
              ),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ),
            LEAST(
              9000000000.0,
              IF(
                `t6`.`level` IS NOT NULL
                AND NOT ISNAN(`t6`.`level`)
                AND (
                  `t6`.`topic` = 'logistics'
                ),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              )
            )
          ) IS NULL,
          IF(
            IF(
              `t6`.`level` IS NOT NULL
              AND NOT ISNAN(`t6`.`level`)
              AND (
                `t6`.`topic` = 'logistics'
              ),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ) IS NULL,
            IF(
              `t6`.`level` IS NOT NULL
              AND NOT ISNAN(`t6`.`level`)
              AND (
                `t6`.`topic` = 'logistics'
              ),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ),
            LEAST(
              9000000000.0,
              IF(
                `t6`.`level` IS NOT NULL
                AND NOT ISNAN(`t6`.`level`)
                AND (
                  `t6`.`topic` = 'logistics'
                ),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              )
            )
          ),
          GREATEST(
            -9000000000.0,
            IF(
              IF(
                `t6`.`level` IS NOT NULL
                AND NOT ISNAN(`t6`.`level`)
                AND (
                  `t6`.`topic` = 'logistics'
                ),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              ) IS NULL,
              IF(
                `t6`.`level` IS NOT NULL
                AND NOT ISNAN(`t6`.`level`)
                AND (
                  `t6`.`topic` = 'logistics'
                ),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              ),
              LEAST(
                9000000000.0,
                IF(
                  `t6`.`level` IS NOT NULL
                  AND NOT ISNAN(`t6`.`level`)
                  AND (
                    `t6`.`topic` = 'logistics'
                  ),
                  `t6`.`level`,
                  CAST(NULL AS DOUBLE)
                )
              )
            )
          )
        ) * 1000000000.0,
        0
      ) AS BIGINT),
      NULL
    )
  ) AS DOUBLE) / 1000000000.0 AS `feedback__score_logistics__0_365`,
  CAST(SUM(
    IF(
      `t6`.`age` < 365,
      CAST(`t6`.`level` IS NOT NULL
      AND NOT ISNAN(`t6`.`level`)
      AND (
        `t6`.`topic` = 'logistics'
      ) AS BIGINT),
      NULL
    )
  ) AS DOUBLE) AS `feedback__scores_logistics__0_365`,
  CAST(SUM(
    IF(
      `t6`.`age` < 90,
      CAST(ROUND(
        IF(
          IF(
            IF(
              `t6`.`level` IS NOT NULL
              AND NOT ISNAN(`t6`.`level`)
              AND (
                `t6`.`topic` = 'logistics'
              ),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ) IS NULL,
            IF(
              `t6`.`level` IS NOT NULL
              AND NOT ISNAN(`t6`.`level`)
              AND (
                `t6`.`topic` = 'logistics'
              ),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ),
            LEAST(
              9000000000.0,
              IF(
                `t6`.`level` IS NOT NULL
                AND NOT ISNAN(`t6`.`level`)
                AND (
                  `t6`.`topic` = 'logistics'
                ),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              )
            )
          ) IS NULL,
          IF(
            IF(
              `t6`.`level` IS NOT NULL
              AND NOT ISNAN(`t6`.`level`)
              AND (
                `t6`.`topic` = 'logistics'
              ),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ) IS NULL,
            IF(
              `t6`.`level` IS NOT NULL
              AND NOT ISNAN(`t6`.`level`)
              AND (
                `t6`.`topic` = 'logistics'
              ),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ),
            LEAST(
              9000000000.0,
              IF(
                `t6`.`level` IS NOT NULL
                AND NOT ISNAN(`t6`.`level`)
                AND (
                  `t6`.`topic` = 'logistics'
                ),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              )
            )
          ),
          GREATEST(
            -9000000000.0,
            IF(
              IF(
                `t6`.`level` IS NOT NULL
                AND NOT ISNAN(`t6`.`level`)
                AND (
                  `t6`.`topic` = 'logistics'
                ),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              ) IS NULL,
              IF(
                `t6`.`level` IS NOT NULL
                AND NOT ISNAN(`t6`.`level`)
                AND (
                  `t6`.`topic` = 'logistics'
                ),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              ),
              LEAST(
                9000000000.0,
                IF(
                  `t6`.`level` IS NOT NULL
                  AND NOT ISNAN(`t6`.`level`)
                  AND (
                    `t6`.`topic` = 'logistics'
                  ),
                  `t6`.`level`,
                  CAST(NULL AS DOUBLE)
                )
              )
            )
          )
        ) * 1000000000.0,
        0
      ) AS BIGINT),
      NULL
    )
  ) AS DOUBLE) / 1000000000.0 AS `feedback__score_logistics__0_90`,
  CAST(SUM(
    IF(
      `t6`.`age` < 90,
      CAST(`t6`.`level` IS NOT NULL
      AND NOT ISNAN(`t6`.`level`)
      AND (
        `t6`.`topic` = 'logistics'
      ) AS BIGINT),
      NULL
    )
  ) AS DOUBLE) AS `feedback__scores_logistics__0_90`,
  CAST(SUM(
    IF(
      (
        `t6`.`age` < 365
      ) AND (
        `t6`.`age` >= 90
      ),
      CAST(ROUND(
        IF(
          IF(
            IF(
              `t6`.`level` IS NOT NULL
              AND NOT ISNAN(`t6`.`level`)
              AND (
                `t6`.`topic` = 'logistics'
              ),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ) IS NULL,
            IF(
              `t6`.`level` IS NOT NULL
              AND NOT ISNAN(`t6`.`level`)
              AND (
                `t6`.`topic` = 'logistics'
              ),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ),
            LEAST(
              9000000000.0,
              IF(
                `t6`.`level` IS NOT NULL
                AND NOT ISNAN(`t6`.`level`)
                AND (
                  `t6`.`topic` = 'logistics'
                ),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              )
            )
          ) IS NULL,
          IF(
            IF(
              `t6`.`level` IS NOT NULL
              AND NOT ISNAN(`t6`.`level`)
              AND (
                `t6`.`topic` = 'logistics'
              ),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ) IS NULL,
            IF(
              `t6`.`level` IS NOT NULL
              AND NOT ISNAN(`t6`.`level`)
              AND (
                `t6`.`topic` = 'logistics'
              ),
              `t6`.`level`,
              CAST(NULL AS DOUBLE)
            ),
            LEAST(
              9000000000.0,
              IF(
                `t6`.`level` IS NOT NULL
                AND NOT ISNAN(`t6`.`level`)
                AND (
                  `t6`.`topic` = 'logistics'
                ),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              )
            )
          ),
          GREATEST(
            -9000000000.0,
            IF(
              IF(
                `t6`.`level` IS NOT NULL
                AND NOT ISNAN(`t6`.`level`)
                AND (
                  `t6`.`topic` = 'logistics'
                ),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              ) IS NULL,
              IF(
                `t6`.`level` IS NOT NULL
                AND NOT ISNAN(`t6`.`level`)
                AND (
                  `t6`.`topic` = 'logistics'
                ),
                `t6`.`level`,
                CAST(NULL AS DOUBLE)
              ),
              LEAST(
                9000000000.0,
                IF(
                  `t6`.`level` IS NOT NULL
                  AND NOT ISNAN(`t6`.`level`)
                  AND (
                    `t6`.`topic` = 'logistics'
                  ),
                  `t6`.`level`,
                  CAST(NULL AS DOUBLE)
                )
              )
            )
          )
        ) * 1000000000.0,
        0
      ) AS BIGINT),
      NULL
    )
  ) AS DOUBLE) / 1000000000.0 AS `feedback__score_logistics__90_365`,
  CAST(SUM(
    IF(
      (
        `t6`.`age` < 365
      ) AND (
        `t6`.`age` >= 90
      ),
      CAST(`t6`.`level` IS NOT NULL
      AND NOT ISNAN(`t6`.`level`)
      AND (
        `t6`.`topic` = 'logistics'
      ) AS BIGINT),
      NULL
    )
  ) AS DOUBLE) AS `feedback__scores_logistics__90_365`,
  CAST(SUM(IF(`t6`.`age` < 365, CAST(`t6`.`level` < 0.4 AS BIGINT), NULL)) AS DOUBLE) AS `feedback__low__0_365`,
  CAST(SUM(IF(`t6`.`age` < 30, CAST(`t6`.`kind` = 'complaint' AS BIGINT), NULL)) AS DOUBLE) AS `feedback__complaints__0_30`,
  CAST(SUM(IF(`t6`.`age` < 90, CAST(`t6`.`kind` = 'complaint' AS BIGINT), NULL)) AS DOUBLE) AS `feedback__complaints__0_90`,
  CAST(SUM(IF(`t6`.`age` < 365, CAST(`t6`.`kind` = 'complaint' AS BIGINT), NULL)) AS DOUBLE) AS `feedback__complaints__0_365`,
  CAST(SUM(CAST(`t6`.`kind` = 'complaint' AS BIGINT)) AS DOUBLE) AS `feedback__complaints__0_ever`,
  CAST(SUM(
    CAST((
      `t6`.`kind` = 'complaint'
    )
    AND (
      IF(`t6`.`resolved_at` < `t6`.`as_of`, `t6`.`resolved_at`, CAST(NULL AS TIMESTAMP)) IS NULL
    ) AS BIGINT)
  ) AS DOUBLE) AS `feedback__open__0_ever`,
  MIN(
    IF(
      (
        `t6`.`kind` = 'complaint'
      )
      AND (
        IF(`t6`.`resolved_at` < `t6`.`as_of`, `t6`.`resolved_at`, CAST(NULL AS TIMESTAMP)) IS NULL
      ),
      `t6`.`occurred_at`,
      CAST(NULL AS TIMESTAMP)
    )
  ) AS `feedback__open_at__0_ever`,
  MAX(IF(`t6`.`kind` = 'complaint', `t6`.`occurred_at`, CAST(NULL AS TIMESTAMP))) AS `feedback__complaint_at__0_ever`
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
GROUP BY
  1,
  2
