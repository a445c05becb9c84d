SELECT
  `t7`.`customer_id`,
  `t7`.`as_of`,
  CAST(SUM(`t7`.`firsts`) AS DOUBLE) AS `new_categories__n__0_ever`,
  CAST(SUM(IF(`t7`.`age` < 90, `t7`.`firsts`, NULL)) AS DOUBLE) AS `new_categories__n__0_90`,
  CAST(SUM(IF(`t7`.`age` < 365, `t7`.`firsts`, NULL)) AS DOUBLE) AS `new_categories__n__0_365`
FROM (
  SELECT
    `t6`.`customer_id`,
    `t6`.`occurred_at`,
    `t6`.`firsts`,
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
      `t5`.`firsts`,
      `t2`.`as_of`,
      `t2`.`log_start`,
      `t2`.`shift`
    FROM (
      SELECT
        `t3`.`customer_id`,
        `t3`.`occurred_at`,
        COUNT(*) AS `firsts`
      FROM (
        SELECT
          `t1`.`customer_id`,
          `t1`.`category`,
          `t1`.`first_at` AS `occurred_at`
        FROM `category_sums_0` AS `t1`
      ) AS `t3`
      GROUP BY
        1,
        2
    ) AS `t5`
    INNER JOIN `cutoffs` AS `t2`
      ON `t5`.`occurred_at` < `t2`.`as_of`
  ) AS `t6`
) AS `t7`
GROUP BY
  1,
  2
