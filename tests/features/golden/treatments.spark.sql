SELECT
  *
FROM (
  SELECT
    `t1`.`treatment_id`,
    `t1`.`customer_id`,
    `t1`.`treated_at`,
    `t1`.`strategy`,
    `t1`.`arm`
  FROM (
    SELECT
      *
    FROM `treatments` AS `t0`
    WHERE
      `t0`.`treated_at` < CAST('2024-03-01T00:00:00' AS TIMESTAMP)
  ) AS `t1`
) AS `t2`
ORDER BY
  `t2`.`customer_id` ASC NULLS LAST,
  `t2`.`treated_at` ASC NULLS LAST,
  `t2`.`treatment_id` ASC NULLS LAST
