SELECT
  `t7`.`customer_id`,
  `t7`.`category`,
  MIN(`t7`.`occurred_at`) AS `first_at`,
  SUM(
    IF(
      (
        `t7`.`occurred_at` < `t7`.`as_of_0`
      )
      AND (
        IF(`t7`.`quantity` > 0, `t7`.`quantity`, CAST(NULL AS DOUBLE)) IS NOT NULL
        AND NOT ISNAN(IF(`t7`.`quantity` > 0, `t7`.`quantity`, CAST(NULL AS DOUBLE)))
      ),
      `t7`.`amount`,
      NULL
    )
  ) AS `spend_0`,
  SUM(
    IF(
      (
        `t7`.`occurred_at` < `t7`.`as_of_0`
      )
      AND (
        IF(`t7`.`quantity` > 0, `t7`.`quantity`, CAST(NULL AS DOUBLE)) IS NOT NULL
        AND NOT ISNAN(IF(`t7`.`quantity` > 0, `t7`.`quantity`, CAST(NULL AS DOUBLE)))
      ),
      CAST(ROUND(
        IF(
          IF(
            IF(`t7`.`quantity` > 0, `t7`.`quantity`, CAST(NULL AS DOUBLE)) IS NULL,
            IF(`t7`.`quantity` > 0, `t7`.`quantity`, CAST(NULL AS DOUBLE)),
            LEAST(9000000000000.0, IF(`t7`.`quantity` > 0, `t7`.`quantity`, CAST(NULL AS DOUBLE)))
          ) IS NULL,
          IF(
            IF(`t7`.`quantity` > 0, `t7`.`quantity`, CAST(NULL AS DOUBLE)) IS NULL,
            IF(`t7`.`quantity` > 0, `t7`.`quantity`, CAST(NULL AS DOUBLE)),
            LEAST(9000000000000.0, IF(`t7`.`quantity` > 0, `t7`.`quantity`, CAST(NULL AS DOUBLE)))
          ),
          GREATEST(
            -9000000000000.0,
            IF(
              IF(`t7`.`quantity` > 0, `t7`.`quantity`, CAST(NULL AS DOUBLE)) IS NULL,
              IF(`t7`.`quantity` > 0, `t7`.`quantity`, CAST(NULL AS DOUBLE)),
              LEAST(9000000000000.0, IF(`t7`.`quantity` > 0, `t7`.`quantity`, CAST(NULL AS DOUBLE)))
            )
          )
        ) * 1000000.0,
        0
      ) AS BIGINT),
      NULL
    )
  ) AS `items_0`,
  SUM(
    IF(
      (
        `t7`.`occurred_at` < `t7`.`as_of_1`
      )
      AND (
        IF(`t7`.`quantity` > 0, `t7`.`quantity`, CAST(NULL AS DOUBLE)) IS NOT NULL
        AND NOT ISNAN(IF(`t7`.`quantity` > 0, `t7`.`quantity`, CAST(NULL AS DOUBLE)))
      ),
      `t7`.`amount`,
      NULL
    )
  ) AS `spend_1`,
  SUM(
    IF(
      (
        `t7`.`occurred_at` < `t7`.`as_of_1`
      )
      AND (
        IF(`t7`.`quantity` > 0, `t7`.`quantity`, CAST(NULL AS DOUBLE)) IS NOT NULL
        AND NOT ISNAN(IF(`t7`.`quantity` > 0, `t7`.`quantity`, CAST(NULL AS DOUBLE)))
      ),
      CAST(ROUND(
        IF(
          IF(
            IF(`t7`.`quantity` > 0, `t7`.`quantity`, CAST(NULL AS DOUBLE)) IS NULL,
            IF(`t7`.`quantity` > 0, `t7`.`quantity`, CAST(NULL AS DOUBLE)),
            LEAST(9000000000000.0, IF(`t7`.`quantity` > 0, `t7`.`quantity`, CAST(NULL AS DOUBLE)))
          ) IS NULL,
          IF(
            IF(`t7`.`quantity` > 0, `t7`.`quantity`, CAST(NULL AS DOUBLE)) IS NULL,
            IF(`t7`.`quantity` > 0, `t7`.`quantity`, CAST(NULL AS DOUBLE)),
            LEAST(9000000000000.0, IF(`t7`.`quantity` > 0, `t7`.`quantity`, CAST(NULL AS DOUBLE)))
          ),
          GREATEST(
            -9000000000000.0,
            IF(
              IF(`t7`.`quantity` > 0, `t7`.`quantity`, CAST(NULL AS DOUBLE)) IS NULL,
              IF(`t7`.`quantity` > 0, `t7`.`quantity`, CAST(NULL AS DOUBLE)),
              LEAST(9000000000000.0, IF(`t7`.`quantity` > 0, `t7`.`quantity`, CAST(NULL AS DOUBLE)))
            )
          )
        ) * 1000000.0,
        0
      ) AS BIGINT),
      NULL
    )
  ) AS `items_1`
FROM (
  SELECT
    `t6`.`customer_id`,
    `t6`.`order_id`,
    `t6`.`occurred_at`,
    `t6`.`amount`,
    `t6`.`product_id`,
    `t6`.`category`,
    `t6`.`quantity`,
    `t6`.`unit_price`,
    `t6`.`discount`,
    `t6`.`channel`,
    `t6`.`returns_order_id`,
    `t6`.`promised_at`,
    `t6`.`delivered_at`,
    `t2`.`as_of_0`,
    `t2`.`as_of_1`
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
        `t3`.`category` IS NOT NULL
    ) AS `t4`
    WHERE
      `t4`.`amount` > 0
  ) AS `t6`
  CROSS JOIN `clock` AS `t2`
) AS `t7`
GROUP BY
  1,
  2
