SELECT
  *
FROM (
  SELECT DISTINCT
    *
  FROM (
    SELECT
      `t2`.`customer_id`,
      `t3`.`as_of`
    FROM `transactions` AS `t2`
    INNER JOIN `cutoffs` AS `t3`
      ON `t2`.`occurred_at` < `t3`.`as_of` AND `t2`.`recorded_at` > `t3`.`as_of`
  ) AS `t4`
) AS `t5`
ORDER BY
  `t5`.`as_of` ASC NULLS LAST,
  `t5`.`customer_id` ASC NULLS LAST
