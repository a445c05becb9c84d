SELECT
  `t4`.`as_of`,
  MIN(`t4`.`occurred_at`) AS `log_start`
FROM (
  SELECT
    `t2`.`customer_id`,
    `t2`.`order_id`,
    `t2`.`occurred_at`,
    `t2`.`amount`,
    `t2`.`product_id`,
    `t2`.`category`,
    `t2`.`quantity`,
    `t2`.`unit_price`,
    `t2`.`discount`,
    `t2`.`channel`,
    `t2`.`recorded_at`,
    `t2`.`returns_order_id`,
    `t2`.`promised_at`,
    `t2`.`delivered_at`,
    `t3`.`as_of`,
    `t3`.`log_start`,
    `t3`.`shift`
  FROM `transactions` AS `t2`
  INNER JOIN `cutoffs` AS `t3`
    ON `t2`.`occurred_at` < `t3`.`as_of`
    AND (
      (
        `t2`.`recorded_at` IS NULL
      ) OR (
        `t2`.`recorded_at` <= `t3`.`as_of`
      )
    )
) AS `t4`
GROUP BY
  1
