SELECT
  *
FROM (
  SELECT
    *
  FROM `all_treatments` AS `t0`
  WHERE
    (
      `t0`.`treated_at` IS NULL
    )
    OR (
      `t0`.`treated_at` < CAST('2024-03-01T00:00:00' AS TIMESTAMP)
    )
) AS `t1`
