SELECT
  `t7`.`customer_id`,
  `t7`.`order_id`,
  MIN(`t7`.`occurred_at`) AS `occurred_at`,
  MAX(`t7`.`occurred_at`) AS `until`,
  COUNT(*) AS `lines`,
  COALESCE(CAST(SUM(`t7`.`amount`) AS DECIMAL(18, 4)), CAST(0 AS DECIMAL(18, 4))) AS `amount`,
  COALESCE(
    CAST(SUM(
      IF(
        `t7`.`product_line` IN ('premium', 'high', 'luxury', '高端')
        AND (
          `t7`.`amount` > 0
        ),
        `t7`.`amount`,
        NULL
      )
    ) AS DECIMAL(18, 4)),
    CAST(0 AS DECIMAL(18, 4))
  ) AS `premium`,
  COALESCE(
    CAST(SUM(
      IF(
        `t7`.`product_line` IN ('premium', 'high', 'luxury', '高端', 'mass', 'standard', 'economy', '大众')
        AND (
          `t7`.`amount` > 0
        ),
        `t7`.`amount`,
        NULL
      )
    ) AS DECIMAL(18, 4)),
    CAST(0 AS DECIMAL(18, 4))
  ) AS `premium_flagged`,
  COALESCE(
    CAST(SUM(
      IF(
        `t7`.`product_line` IN ('main', 'core', 'main line', '主力')
        AND (
          `t7`.`amount` > 0
        ),
        `t7`.`amount`,
        NULL
      )
    ) AS DECIMAL(18, 4)),
    CAST(0 AS DECIMAL(18, 4))
  ) AS `main`,
  COALESCE(
    CAST(SUM(
      IF(
        `t7`.`product_line` IN (
          'main',
          'core',
          'main line',
          '主力',
          'auxiliary',
          'accessory',
          'secondary',
          'auxiliary line',
          '辅助'
        )
        AND (
          `t7`.`amount` > 0
        ),
        `t7`.`amount`,
        NULL
      )
    ) AS DECIMAL(18, 4)),
    CAST(0 AS DECIMAL(18, 4))
  ) AS `main_flagged`,
  COALESCE(
    SUM(
      CAST(ROUND(
        IF(
          IF(`t7`.`quantity` IS NULL, `t7`.`quantity`, LEAST(9000000000000.0, `t7`.`quantity`)) IS NULL,
          IF(`t7`.`quantity` IS NULL, `t7`.`quantity`, LEAST(9000000000000.0, `t7`.`quantity`)),
          GREATEST(
            -9000000000000.0,
            IF(`t7`.`quantity` IS NULL, `t7`.`quantity`, LEAST(9000000000000.0, `t7`.`quantity`))
          )
        ) * 1000000.0,
        0
      ) AS BIGINT)
    ),
    0
  ) AS `items`,
  COALESCE(CAST(SUM(`t7`.`discount`) AS DECIMAL(18, 4)), CAST(0 AS DECIMAL(18, 4))) AS `discount`
FROM (
  SELECT
    `t3`.`customer_id`,
    `t3`.`order_id`,
    `t3`.`occurred_at`,
    `t3`.`amount`,
    `t3`.`product_id`,
    `t3`.`category`,
    `t3`.`quantity`,
    `t3`.`unit_price`,
    `t3`.`discount`,
    `t3`.`channel`,
    `t3`.`returns_order_id`,
    `t3`.`promised_at`,
    `t3`.`delivered_at`,
    `t6`.`marked_product`,
    `t6`.`product_line`
  FROM (
    SELECT
      `t0`.`customer_id`,
      `t0`.`order_id`,
      `t0`.`occurred_at`,
      `t0`.`amount`,
      `t0`.`product_id`,
      `t0`.`category`,
      `t0`.`quantity`,
      `t0`.`unit_price`,
      `t0`.`discount`,
      `t0`.`channel`,
      `t0`.`returns_order_id`,
      `t0`.`promised_at`,
      `t0`.`delivered_at`
    FROM `transactions` AS `t0`
  ) AS `t3`
  LEFT OUTER JOIN (
    SELECT
      `t4`.`product_id` AS `marked_product`,
      LOWER(`t4`.`line`) AS `product_line`
    FROM (
      SELECT
        *
      FROM `products` AS `t1`
      WHERE
        LOWER(`t1`.`line`) IN (
          'premium',
          'high',
          'luxury',
          '高端',
          'mass',
          'standard',
          'economy',
          '大众',
          'main',
          'core',
          'main line',
          '主力',
          'auxiliary',
          'accessory',
          'secondary',
          'auxiliary line',
          '辅助'
        )
    ) AS `t4`
  ) AS `t6`
    ON `t3`.`product_id` = `t6`.`marked_product`
) AS `t7`
GROUP BY
  1,
  2
