SELECT
  `t7`.`customer_id`,
  `t7`.`as_of`,
  CAST(SUM(IF(`t7`.`age` < 90, CAST(`t7`.`occurred_at` IS NOT NULL AS BIGINT), NULL)) AS DOUBLE) AS `treatments__n__0_90`,
  CAST(SUM(IF(`t7`.`age` < 365, CAST(`t7`.`occurred_at` IS NOT NULL AS BIGINT), NULL)) AS DOUBLE) AS `treatments__n__0_365`,
  MAX(`t7`.`occurred_at`) AS `treatments__at__0_ever`
FROM (
  SELECT
    `t6`.`customer_id`,
    `t6`.`occurred_at`,
    `t6`.`as_of`,
    `t6`.`log_start`,
    `t6`.`shift`,
    CAST(FLOOR(
      (
        DATEDIFF(MICROSECOND, `t6`.`occurred_at`, `t6`.`as_of`) - 1
      ) / (
        86400000000
      )
    ) AS BIGINT) AS `age`
  FROM (
    SELECT
      `t5`.`customer_id`,
      `t5`.`occurred_at`,
      `t2`.`as_of`,
      `t2`.`log_start`,
      `t2`.`shift`
    FROM (
      SELECT
        `t3`.`customer_id`,
        `t3`.`treated_at` AS `occurred_at`
      FROM (
        SELECT
          *
        FROM `treatments` AS `t1`
        WHERE
          `t1`.`arm` = 'treated'
      ) AS `t3`
    ) AS `t5`
    INNER JOIN `cutoffs` AS `t2`
      ON `t5`.`occurred_at` < `t2`.`as_of`
  ) AS `t6`
) AS `t7`
GROUP BY
  1,
  2
