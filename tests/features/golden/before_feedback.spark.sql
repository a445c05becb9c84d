SELECT
  `t2`.`feedback_id`,
  `t2`.`customer_id`,
  `t2`.`occurred_at`,
  `t2`.`kind`,
  `t2`.`topic`,
  `t2`.`score`,
  `t2`.`score_min`,
  `t2`.`score_max`,
  IF(
    `t2`.`resolved_at` < CAST('2024-03-01T00:00:00' AS TIMESTAMP),
    `t2`.`resolved_at`,
    CAST(NULL AS TIMESTAMP)
  ) AS `resolved_at`
FROM (
  SELECT
    *
  FROM (
    SELECT
      *
    FROM `all_feedback` AS `t0`
    WHERE
      (
        `t0`.`occurred_at` IS NULL
      )
      OR (
        `t0`.`occurred_at` < CAST('2024-03-01T00:00:00' AS TIMESTAMP)
      )
  ) AS `t1`
  WHERE
    (
      `t1`.`recorded_at` IS NULL
    )
    OR (
      `t1`.`recorded_at` <= CAST('2024-06-01T00:00:00' AS TIMESTAMP)
    )
) AS `t2`
