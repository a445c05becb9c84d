SELECT
  `t14`.`customer_id`,
  `t14`.`as_of`,
  CAST(SUM(
    IF(
      `t14`.`age` < 30,
      CAST((
        `t14`.`bought_at` IS NULL
      ) OR (
        `t14`.`bought_at` >= `t14`.`as_of`
      ) AS BIGINT),
      NULL
    )
  ) AS DOUBLE) AS `carts__abandoned__0_30`
FROM (
  SELECT
    `t13`.`customer_id`,
    `t13`.`occurred_at`,
    `t13`.`recorded_at`,
    `t13`.`bought_at`,
    `t13`.`as_of`,
    `t13`.`log_start`,
    `t13`.`shift`,
    CAST(FLOOR(
      (
        DATEDIFF(MICROSECOND, `t13`.`occurred_at`, `t13`.`as_of`) - 1
      ) / (
        86400000000
      )
    ) AS BIGINT) AS `age`
  FROM (
    SELECT
      `t12`.`customer_id`,
      `t12`.`occurred_at`,
      `t12`.`recorded_at`,
      `t12`.`bought_at`,
      `t3`.`as_of`,
      `t3`.`log_start`,
      `t3`.`shift`
    FROM (
      SELECT
        `t10`.`customer_id`,
        `t10`.`occurred_at`,
        `t10`.`recorded_at`,
        `t10`.`bought_at`
      FROM (
        SELECT
          *
        FROM (
          SELECT
            `t8`.`customer_id`,
            `t8`.`occurred_at`,
            `t8`.`recorded_at`,
            `t8`.`order_at`,
            MIN(`t8`.`order_at`) OVER (
              PARTITION BY `t8`.`customer_id`
              ORDER BY `t8`.`occurred_at` ASC NULLS LAST, `t8`.`order_at` IS NOT NULL ASC NULLS LAST
              ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
            ) AS `bought_at`
          FROM (
            SELECT
              *
            FROM (
              SELECT
                `t5`.`customer_id`,
                `t5`.`occurred_at`,
                `t5`.`recorded_at`,
                CAST(NULL AS TIMESTAMP) AS `order_at`
              FROM (
                SELECT
                  *
                FROM `interactions` AS `t1`
                WHERE
                  `t1`.`kind` = 'cart'
              ) AS `t5`
            ) AS `t7`
            UNION ALL
            SELECT
              *
            FROM (
              SELECT
                `t4`.`customer_id`,
                `t4`.`occurred_at`,
                CAST(NULL AS TIMESTAMP) AS `recorded_at`,
                `t4`.`occurred_at` AS `order_at`
              FROM (
                SELECT
                  *
                FROM `orders` AS `t2`
                WHERE
                  `t2`.`is_order`
              ) AS `t4`
            ) AS `t6`
          ) AS `t8`
        ) AS `t9`
        WHERE
          `t9`.`order_at` IS NULL
      ) AS `t10`
    ) AS `t12`
    INNER JOIN `cutoffs` AS `t3`
      ON `t12`.`occurred_at` < `t3`.`as_of`
      AND (
        (
          `t12`.`recorded_at` IS NULL
        ) OR (
          `t12`.`recorded_at` <= `t3`.`as_of`
        )
      )
  ) AS `t13`
) AS `t14`
GROUP BY
  1,
  2
