SELECT
  `t4`.`customer_id`,
  `t4`.`occurred_at`,
  `t4`.`kind`,
  `t4`.`topic`,
  `t4`.`level`
FROM (
  SELECT
    *
  FROM (
    SELECT
      `t2`.`feedback_id`,
      `t2`.`customer_id`,
      `t2`.`occurred_at`,
      `t2`.`kind`,
      `t2`.`topic`,
      `t2`.`score`,
      `t2`.`score_min`,
      `t2`.`score_max`,
      `t2`.`resolved_at`,
      `t2`.`recorded_at`,
      IF(
        (
          COALESCE(`t2`.`score_max`, IF(`t2`.`kind` = 'nps', 10.0, 5.0)) - COALESCE(`t2`.`score_min`, IF(`t2`.`kind` = 'nps', 0.0, 1.0))
        ) > 0,
        IF(
          IF(
            (
              (
                `t2`.`score` - COALESCE(`t2`.`score_min`, IF(`t2`.`kind` = 'nps', 0.0, 1.0))
              ) / (
                COALESCE(`t2`.`score_max`, IF(`t2`.`kind` = 'nps', 10.0, 5.0)) - COALESCE(`t2`.`score_min`, IF(`t2`.`kind` = 'nps', 0.0, 1.0))
              )
            ) IS NULL,
            (
              `t2`.`score` - COALESCE(`t2`.`score_min`, IF(`t2`.`kind` = 'nps', 0.0, 1.0))
            ) / (
              COALESCE(`t2`.`score_max`, IF(`t2`.`kind` = 'nps', 10.0, 5.0)) - COALESCE(`t2`.`score_min`, IF(`t2`.`kind` = 'nps', 0.0, 1.0))
            ),
            LEAST(
              1.0,
              (
                `t2`.`score` - COALESCE(`t2`.`score_min`, IF(`t2`.`kind` = 'nps', 0.0, 1.0))
              ) / (
                COALESCE(`t2`.`score_max`, IF(`t2`.`kind` = 'nps', 10.0, 5.0)) - COALESCE(`t2`.`score_min`, IF(`t2`.`kind` = 'nps', 0.0, 1.0))
              )
            )
          ) IS NULL,
          IF(
            (
              (
                `t2`.`score` - COALESCE(`t2`.`score_min`, IF(`t2`.`kind` = 'nps', 0.0, 1.0))
              ) / (
                COALESCE(`t2`.`score_max`, IF(`t2`.`kind` = 'nps', 10.0, 5.0)) - COALESCE(`t2`.`score_min`, IF(`t2`.`kind` = 'nps', 0.0, 1.0))
              )
            ) IS NULL,
            (
              `t2`.`score` - COALESCE(`t2`.`score_min`, IF(`t2`.`kind` = 'nps', 0.0, 1.0))
            ) / (
              COALESCE(`t2`.`score_max`, IF(`t2`.`kind` = 'nps', 10.0, 5.0)) - COALESCE(`t2`.`score_min`, IF(`t2`.`kind` = 'nps', 0.0, 1.0))
            ),
            LEAST(
              1.0,
              (
                `t2`.`score` - COALESCE(`t2`.`score_min`, IF(`t2`.`kind` = 'nps', 0.0, 1.0))
              ) / (
                COALESCE(`t2`.`score_max`, IF(`t2`.`kind` = 'nps', 10.0, 5.0)) - COALESCE(`t2`.`score_min`, IF(`t2`.`kind` = 'nps', 0.0, 1.0))
              )
            )
          ),
          GREATEST(
            0.0,
            IF(
              (
                (
                  `t2`.`score` - COALESCE(`t2`.`score_min`, IF(`t2`.`kind` = 'nps', 0.0, 1.0))
                ) / (
                  COALESCE(`t2`.`score_max`, IF(`t2`.`kind` = 'nps', 10.0, 5.0)) - COALESCE(`t2`.`score_min`, IF(`t2`.`kind` = 'nps', 0.0, 1.0))
                )
              ) IS NULL,
              (
                `t2`.`score` - COALESCE(`t2`.`score_min`, IF(`t2`.`kind` = 'nps', 0.0, 1.0))
              ) / (
                COALESCE(`t2`.`score_max`, IF(`t2`.`kind` = 'nps', 10.0, 5.0)) - COALESCE(`t2`.`score_min`, IF(`t2`.`kind` = 'nps', 0.0, 1.0))
              ),
              LEAST(
                1.0,
                (
                  `t2`.`score` - COALESCE(`t2`.`score_min`, IF(`t2`.`kind` = 'nps', 0.0, 1.0))
                ) / (
                  COALESCE(`t2`.`score_max`, IF(`t2`.`kind` = 'nps', 10.0, 5.0)) - COALESCE(`t2`.`score_min`, IF(`t2`.`kind` = 'nps', 0.0, 1.0))
                )
              )
            )
          )
        ),
        CAST(NULL AS DOUBLE)
      ) AS `level`
    FROM (
      SELECT
        *
      FROM (
        SELECT
          *
        FROM `feedback` AS `t0`
        WHERE
          `t0`.`occurred_at` < CAST('2024-03-01T00:00:00' AS TIMESTAMP)
          AND (
            (
              `t0`.`recorded_at` IS NULL
            )
            OR (
              `t0`.`recorded_at` <= CAST('2024-03-01T00:00:00' AS TIMESTAMP)
            )
          )
      ) AS `t1`
    ) AS `t2`
  ) AS `t3`
  ORDER BY
    `t3`.`customer_id` ASC NULLS LAST,
    `t3`.`occurred_at` ASC NULLS LAST,
    `t3`.`feedback_id` ASC NULLS LAST
) AS `t4`
