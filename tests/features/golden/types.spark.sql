SELECT
  `t0`.`customer_id`,
  `t0`.`customer_type`
FROM `customers` AS `t0`
