SELECT
  `t10`.`customer_id`,
  `t10`.`as_of`,
  CAST(SUM(`t10`.`firsts`) AS DOUBLE) AS `new_products__n__0_ever`,
  CAST(SUM(IF(`t10`.`age` < 90, `t10`.`firsts`, NULL)) AS DOUBLE) AS `new_products__n__0_90`,
  CAST(SUM(IF(`t10`.`age` < 365, `t10`.`firsts`, NULL)) AS DOUBLE) AS `new_products__n__0_365`
FROM (
  SELECT
    `t9`.`customer_id`,
    `t9`.`occurred_at`,
    `t9`.`firsts`,
    `t9`.`as_of`,
    `t9`.`log_start`,
    `t9`.`shift`,
    CAST(FLOOR(
      (
        DATEDIFF(MICROSECOND, `t9`.`occurred_at`, `t9`.`as_of`) - 1
      ) / (
        86400000000
      )
    ) AS BIGINT) AS `age`
  FROM (
    SELECT
      `t8`.`customer_id`,
      `t8`.`occurred_at`,
      `t8`.`firsts`,
      `t2`.`as_of`,
      `t2`.`log_start`,
      `t2`.`shift`
    FROM (
      SELECT
        `t6`.`customer_id`,
        `t6`.`occurred_at`,
        COUNT(*) AS `firsts`
      FROM (
        SELECT
          `t5`.`customer_id`,
          `t5`.`product_id`,
          MIN(`t5`.`occurred_at`) AS `occurred_at`
        FROM (
          SELECT
            *
          FROM (
            SELECT
              *
            FROM (
              SELECT
                `t1`.`customer_id`,
                `t1`.`order_id`,
                `t1`.`occurred_at`,
                `t1`.`amount`,
                `t1`.`product_id`,
                `t1`.`category`,
                `t1`.`quantity`,
                `t1`.`unit_price`,
                `t1`.`discount`,
                `t1`.`channel`,
                `t1`.`returns_order_id`,
                `t1`.`promised_at`,
                `t1`.`delivered_at`
              FROM `transactions` AS `t1`
            ) AS `t3`
            WHERE
              `t3`.`amount` > 0
          ) AS `t4`
          WHERE
            `t4`.`product_id` IS NOT NULL
        ) AS `t5`
        GROUP BY
          1,
          2
      ) AS `t6`
      GROUP BY
        1,
        2
    ) AS `t8`
    INNER JOIN `cutoffs` AS `t2`
      ON `t8`.`occurred_at` < `t2`.`as_of`
  ) AS `t9`
) AS `t10`
GROUP BY
  1,
  2
