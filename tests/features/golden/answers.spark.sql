SELECT
  `t2`.`customer_id`,
  `t2`.`occurred_at`,
  `t2`.`kind`,
  `t2`.`topic`,
  `t2`.`score`,
  `t2`.`score_min`,
  `t2`.`score_max`
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
  ORDER BY
    `t1`.`customer_id` ASC NULLS LAST,
    `t1`.`occurred_at` ASC NULLS LAST,
    `t1`.`feedback_id` ASC NULLS LAST
) AS `t2`
