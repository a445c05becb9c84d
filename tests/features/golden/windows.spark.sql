SELECT
  *
FROM (
  SELECT
    `t9`.`customer_id`,
    `t9`.`item`,
    `t9`.`window`,
    COUNT(DISTINCT `t9`.`order_id`) AS `orders`,
    CAST(SUM(`t9`.`amount`) AS DOUBLE) AS `spend`
  FROM (
    SELECT
      *
    FROM (
      SELECT
        *
      FROM (
        SELECT
          `t6`.`customer_id`,
          `t6`.`order_id`,
          `t6`.`occurred_at`,
          `t6`.`amount`,
          `t6`.`product_id`,
          `t6`.`quantity`,
          `t6`.`unit_price`,
          `t6`.`discount`,
          `t6`.`channel`,
          `t6`.`recorded_at`,
          `t6`.`returns_order_id`,
          `t6`.`promised_at`,
          `t6`.`delivered_at`,
          `t6`.`path_product`,
          `t6`.`category`,
          CASE
            WHEN (
              `t6`.`occurred_at` >= CAST('2024-01-01T00:00:00' AS TIMESTAMP)
            )
            AND (
              `t6`.`occurred_at` < CAST('2024-03-01T00:00:00' AS TIMESTAMP)
            )
            THEN 'now'
            ELSE NULL
          END AS `window`,
          `t6`.`category` AS `item`
        FROM (
          SELECT
            `t5`.`customer_id`,
            `t5`.`order_id`,
            `t5`.`occurred_at`,
            `t5`.`amount`,
            `t5`.`product_id`,
            `t5`.`quantity`,
            `t5`.`unit_price`,
            `t5`.`discount`,
            `t5`.`channel`,
            `t5`.`recorded_at`,
            `t5`.`returns_order_id`,
            `t5`.`promised_at`,
            `t5`.`delivered_at`,
            `t4`.`path_product`,
            `t4`.`category`
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
          ) AS `t5`
          LEFT OUTER JOIN (
            SELECT
              `t1`.`product_id` AS `path_product`,
              ELEMENT_AT(`t1`.`category`, 0 + 1) AS `category`
            FROM `products` AS `t1`
          ) AS `t4`
            ON `t5`.`product_id` = `t4`.`path_product`
        ) AS `t6`
      ) AS `t7`
      WHERE
        `t7`.`window` IS NOT NULL AND `t7`.`item` IS NOT NULL
    ) AS `t8`
    WHERE
      `t8`.`amount` > 0
  ) AS `t9`
  GROUP BY
    1,
    2,
    3
) AS `t10`
ORDER BY
  `t10`.`customer_id` ASC NULLS LAST,
  `t10`.`item` ASC NULLS LAST,
  `t10`.`window` ASC NULLS LAST
