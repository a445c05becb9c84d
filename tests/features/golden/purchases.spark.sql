SELECT
  *
FROM (
  SELECT
    `t4`.`customer_id`,
    `t4`.`item`,
    COUNT(DISTINCT `t4`.`order_id`) AS `orders`,
    MAX(`t4`.`occurred_at`) AS `last_at`
  FROM (
    SELECT
      `t3`.`customer_id`,
      `t3`.`order_id`,
      `t3`.`occurred_at`,
      `t3`.`product_id` AS `item`
    FROM (
      SELECT
        *
      FROM (
        SELECT
          *
        FROM (
          SELECT
            *
          FROM `transactions` AS `t0`
          WHERE
            `t0`.`occurred_at` < CAST('2024-03-01T00:00:00' AS TIMESTAMP)
            AND (
              (
                `t0`.`recorded_at` IS NULL
              )
              OR (
                `t0`.`recorded_at` <= CAST('2024-03-01T00:00:00' AS TIMESTAMP)
              )
            )
        ) AS `t1`
        WHERE
          `t1`.`product_id` IS NOT NULL
          AND `t1`.`occurred_at` >= CAST('2022-03-02T00:00:00' AS TIMESTAMP)
      ) AS `t2`
      WHERE
        `t2`.`amount` > 0
    ) AS `t3`
  ) AS `t4`
  GROUP BY
    1,
    2
) AS `t5`
ORDER BY
  `t5`.`customer_id` ASC NULLS LAST,
  `t5`.`item` ASC NULLS LAST
