SELECT
  MIN(`t0`.`occurred_at`) AS `min`,
  MAX(`t0`.`occurred_at`) AS `max`
FROM `transactions` AS `t0`
