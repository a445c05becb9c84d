WITH `t17` AS (
  SELECT
    `t16`.`customer_id`,
    `t16`.`order_id`,
    `t16`.`occurred_at`,
    `t16`.`lines`,
    `t16`.`amount`,
    `t16`.`premium`,
    `t16`.`premium_flagged`,
    `t16`.`main`,
    `t16`.`main_flagged`,
    `t16`.`items`,
    `t16`.`discount`,
    `t16`.`amount` > 0 AS `is_order`,
    `t16`.`amount` < 0 AS `is_return`
  FROM (
    SELECT
      `t15`.`customer_id`,
      `t15`.`order_id`,
      `t15`.`occurred_at`,
      COUNT(*) AS `lines`,
      COALESCE(CAST(SUM(`t15`.`amount`) AS DECIMAL(18, 4)), CAST(0 AS DECIMAL(18, 4))) AS `amount`,
      COALESCE(
        CAST(SUM(
          IF(
            `t15`.`product_line` IN ('premium', 'high', 'luxury', '高端')
            AND (
              `t15`.`amount` > 0
            ),
            `t15`.`amount`,
            NULL
          )
        ) AS DECIMAL(18, 4)),
        CAST(0 AS DECIMAL(18, 4))
      ) AS `premium`,
      COALESCE(
        CAST(SUM(
          IF(
            `t15`.`product_line` IN ('premium', 'high', 'luxury', '高端', 'mass', 'standard', 'economy', '大众')
            AND (
              `t15`.`amount` > 0
            ),
            `t15`.`amount`,
            NULL
          )
        ) AS DECIMAL(18, 4)),
        CAST(0 AS DECIMAL(18, 4))
      ) AS `premium_flagged`,
      COALESCE(
        CAST(SUM(
          IF(
            `t15`.`product_line` IN ('main', 'core', 'main line', '主力')
            AND (
              `t15`.`amount` > 0
            ),
            `t15`.`amount`,
            NULL
          )
        ) AS DECIMAL(18, 4)),
        CAST(0 AS DECIMAL(18, 4))
      ) AS `main`,
      COALESCE(
        CAST(SUM(
          IF(
            `t15`.`product_line` IN (
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
              `t15`.`amount` > 0
            ),
            `t15`.`amount`,
            NULL
          )
        ) AS DECIMAL(18, 4)),
        CAST(0 AS DECIMAL(18, 4))
      ) AS `main_flagged`,
      COALESCE(
        SUM(
          CAST(ROUND(
            IF(
              IF(`t15`.`quantity` IS NULL, `t15`.`quantity`, LEAST(9000000000000.0, `t15`.`quantity`)) IS NULL,
              IF(`t15`.`quantity` IS NULL, `t15`.`quantity`, LEAST(9000000000000.0, `t15`.`quantity`)),
              GREATEST(
                -9000000000000.0,
                IF(`t15`.`quantity` IS NULL, `t15`.`quantity`, LEAST(9000000000000.0, `t15`.`quantity`))
              )
            ) * 1000000.0,
            0
          ) AS BIGINT)
        ),
        0
      ) AS `items`,
      COALESCE(CAST(SUM(`t15`.`discount`) AS DECIMAL(18, 4)), CAST(0 AS DECIMAL(18, 4))) AS `discount`
    FROM (
      SELECT
        `t5`.`customer_id`,
        `t5`.`order_id`,
        `t5`.`occurred_at`,
        `t5`.`amount`,
        `t5`.`product_id`,
        `t5`.`category`,
        `t5`.`quantity`,
        `t5`.`unit_price`,
        `t5`.`discount`,
        `t5`.`channel`,
        `t5`.`returns_order_id`,
        `t5`.`promised_at`,
        `t5`.`delivered_at`,
        `t14`.`marked_product`,
        `t14`.`product_line`
      FROM (
        SELECT
          `t2`.`customer_id`,
          `t2`.`order_id`,
          `t2`.`occurred_at`,
          `t2`.`amount`,
          `t2`.`product_id`,
          `t2`.`category`,
          `t2`.`quantity`,
          `t2`.`unit_price`,
          `t2`.`discount`,
          `t2`.`channel`,
          `t2`.`returns_order_id`,
          `t2`.`promised_at`,
          `t2`.`delivered_at`
        FROM `transactions` AS `t2`
      ) AS `t5`
      LEFT OUTER JOIN (
        SELECT
          `t10`.`product_id` AS `marked_product`,
          LOWER(`t10`.`line`) AS `product_line`
        FROM (
          SELECT
            *
          FROM `products` AS `t3`
          WHERE
            LOWER(`t3`.`line`) IN (
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
        ) AS `t10`
      ) AS `t14`
        ON `t5`.`product_id` = `t14`.`marked_product`
      LEFT SEMI JOIN (
        SELECT
          *
        FROM `order_sums` AS `t0`
        WHERE
          `t0`.`occurred_at` < `t0`.`until`
      ) AS `t9`
        ON `t5`.`customer_id` = `t9`.`customer_id` AND `t5`.`order_id` = `t9`.`order_id`
    ) AS `t15`
    GROUP BY
      1,
      2,
      3
  ) AS `t16`
)
SELECT
  `t28`.`customer_id`,
  `t28`.`order_id`,
  `t28`.`occurred_at`,
  `t28`.`lines`,
  `t28`.`amount`,
  `t28`.`premium`,
  `t28`.`premium_flagged`,
  `t28`.`main`,
  `t28`.`main_flagged`,
  `t28`.`items`,
  `t28`.`discount`,
  `t28`.`is_order`,
  `t28`.`is_return`,
  `t28`.`age_at_last`,
  `t28`.`before`,
  `t28`.`next_at`,
  `t28`.`before` - `t28`.`age_at_last` AS `gap`,
  CAST(CAST(`t28`.`is_order` AS BIGINT) AS DOUBLE) * 1000000000.0 AS `weight`,
  CAST(ROUND(
    IF(
      IF(
        LN(IF(`t28`.`is_order`, CAST(`t28`.`amount` AS DOUBLE), CAST(NULL AS DOUBLE))) IS NULL,
        LN(IF(`t28`.`is_order`, CAST(`t28`.`amount` AS DOUBLE), CAST(NULL AS DOUBLE))),
        LEAST(
          9000000000.0,
          LN(IF(`t28`.`is_order`, CAST(`t28`.`amount` AS DOUBLE), CAST(NULL AS DOUBLE)))
        )
      ) IS NULL,
      IF(
        LN(IF(`t28`.`is_order`, CAST(`t28`.`amount` AS DOUBLE), CAST(NULL AS DOUBLE))) IS NULL,
        LN(IF(`t28`.`is_order`, CAST(`t28`.`amount` AS DOUBLE), CAST(NULL AS DOUBLE))),
        LEAST(
          9000000000.0,
          LN(IF(`t28`.`is_order`, CAST(`t28`.`amount` AS DOUBLE), CAST(NULL AS DOUBLE)))
        )
      ),
      GREATEST(
        -9000000000.0,
        IF(
          LN(IF(`t28`.`is_order`, CAST(`t28`.`amount` AS DOUBLE), CAST(NULL AS DOUBLE))) IS NULL,
          LN(IF(`t28`.`is_order`, CAST(`t28`.`amount` AS DOUBLE), CAST(NULL AS DOUBLE))),
          LEAST(
            9000000000.0,
            LN(IF(`t28`.`is_order`, CAST(`t28`.`amount` AS DOUBLE), CAST(NULL AS DOUBLE)))
          )
        )
      )
    ) * 1000000000.0,
    0
  ) AS BIGINT) AS `log_value`,
  CAST(ROUND(
    IF(
      IF(
        (
          LN(IF(`t28`.`is_order`, CAST(`t28`.`amount` AS DOUBLE), CAST(NULL AS DOUBLE))) * LN(IF(`t28`.`is_order`, CAST(`t28`.`amount` AS DOUBLE), CAST(NULL AS DOUBLE)))
        ) IS NULL,
        LN(IF(`t28`.`is_order`, CAST(`t28`.`amount` AS DOUBLE), CAST(NULL AS DOUBLE))) * LN(IF(`t28`.`is_order`, CAST(`t28`.`amount` AS DOUBLE), CAST(NULL AS DOUBLE))),
        LEAST(
          9000000000.0,
          LN(IF(`t28`.`is_order`, CAST(`t28`.`amount` AS DOUBLE), CAST(NULL AS DOUBLE))) * LN(IF(`t28`.`is_order`, CAST(`t28`.`amount` AS DOUBLE), CAST(NULL AS DOUBLE)))
        )
      ) IS NULL,
      IF(
        (
          LN(IF(`t28`.`is_order`, CAST(`t28`.`amount` AS DOUBLE), CAST(NULL AS DOUBLE))) * LN(IF(`t28`.`is_order`, CAST(`t28`.`amount` AS DOUBLE), CAST(NULL AS DOUBLE)))
        ) IS NULL,
        LN(IF(`t28`.`is_order`, CAST(`t28`.`amount` AS DOUBLE), CAST(NULL AS DOUBLE))) * LN(IF(`t28`.`is_order`, CAST(`t28`.`amount` AS DOUBLE), CAST(NULL AS DOUBLE))),
        LEAST(
          9000000000.0,
          LN(IF(`t28`.`is_order`, CAST(`t28`.`amount` AS DOUBLE), CAST(NULL AS DOUBLE))) * LN(IF(`t28`.`is_order`, CAST(`t28`.`amount` AS DOUBLE), CAST(NULL AS DOUBLE)))
        )
      ),
      GREATEST(
        -9000000000.0,
        IF(
          (
            LN(IF(`t28`.`is_order`, CAST(`t28`.`amount` AS DOUBLE), CAST(NULL AS DOUBLE))) * LN(IF(`t28`.`is_order`, CAST(`t28`.`amount` AS DOUBLE), CAST(NULL AS DOUBLE)))
          ) IS NULL,
          LN(IF(`t28`.`is_order`, CAST(`t28`.`amount` AS DOUBLE), CAST(NULL AS DOUBLE))) * LN(IF(`t28`.`is_order`, CAST(`t28`.`amount` AS DOUBLE), CAST(NULL AS DOUBLE))),
          LEAST(
            9000000000.0,
            LN(IF(`t28`.`is_order`, CAST(`t28`.`amount` AS DOUBLE), CAST(NULL AS DOUBLE))) * LN(IF(`t28`.`is_order`, CAST(`t28`.`amount` AS DOUBLE), CAST(NULL AS DOUBLE)))
          )
        )
      )
    ) * 1000000000.0,
    0
  ) AS BIGINT) AS `log_value_squared`
FROM (
  SELECT
    `t27`.`customer_id`,
    `t27`.`order_id`,
    `t27`.`occurred_at`,
    `t27`.`lines`,
    `t27`.`amount`,
    `t27`.`premium`,
    `t27`.`premium_flagged`,
    `t27`.`main`,
    `t27`.`main_flagged`,
    `t27`.`items`,
    `t27`.`discount`,
    `t27`.`is_order`,
    `t27`.`is_return`,
    `t27`.`age_at_last`,
    IF(
      `t27`.`is_order`,
      LAG(`t27`.`age_at_last`) OVER (
        PARTITION BY `t27`.`customer_id`, `t27`.`is_order`
        ORDER BY `t27`.`occurred_at` ASC NULLS LAST, `t27`.`order_id` ASC NULLS LAST
      ),
      CAST(NULL AS BIGINT)
    ) AS `before`,
    IF(
      `t27`.`is_order`,
      LEAD(`t27`.`occurred_at`) OVER (
        PARTITION BY `t27`.`customer_id`, `t27`.`is_order`
        ORDER BY `t27`.`occurred_at` ASC NULLS LAST, `t27`.`order_id` ASC NULLS LAST
      ),
      CAST(NULL AS TIMESTAMP)
    ) AS `next_at`
  FROM (
    SELECT
      `t26`.`customer_id`,
      `t26`.`order_id`,
      `t26`.`occurred_at`,
      `t26`.`lines`,
      `t26`.`amount`,
      `t26`.`premium`,
      `t26`.`premium_flagged`,
      `t26`.`main`,
      `t26`.`main_flagged`,
      `t26`.`items`,
      `t26`.`discount`,
      `t26`.`is_order`,
      `t26`.`is_return`,
      CAST(FLOOR(
        (
          DATEDIFF(
            MICROSECOND,
            `t26`.`occurred_at`,
            (
              SELECT
                MAX(`t1`.`as_of`) AS `Max(as_of)`
              FROM `cutoffs` AS `t1`
            )
          ) - 1
        ) / (
          86400000000
        )
      ) AS BIGINT) AS `age_at_last`
    FROM (
      SELECT
        *
      FROM (
        SELECT
          `t11`.`customer_id`,
          `t11`.`order_id`,
          `t11`.`occurred_at`,
          `t11`.`lines`,
          `t11`.`amount`,
          `t11`.`premium`,
          `t11`.`premium_flagged`,
          `t11`.`main`,
          `t11`.`main_flagged`,
          `t11`.`items`,
          `t11`.`discount`,
          `t11`.`is_order`,
          `t11`.`is_return`
        FROM (
          SELECT
            `t6`.`customer_id`,
            `t6`.`order_id`,
            `t6`.`occurred_at`,
            `t6`.`until`,
            `t6`.`lines`,
            `t6`.`amount`,
            `t6`.`premium`,
            `t6`.`premium_flagged`,
            `t6`.`main`,
            `t6`.`main_flagged`,
            `t6`.`items`,
            `t6`.`discount`,
            `t6`.`amount` > 0 AS `is_order`,
            `t6`.`amount` < 0 AS `is_return`
          FROM (
            SELECT
              *
            FROM `order_sums` AS `t0`
            WHERE
              `t0`.`occurred_at` = `t0`.`until`
          ) AS `t6`
        ) AS `t11`
      ) AS `t13`
      UNION ALL
      SELECT
        *
      FROM (
        SELECT
          `t24`.`customer_id`,
          `t24`.`order_id`,
          `t24`.`occurred_at`,
          `t24`.`lines`,
          `t24`.`amount`,
          `t24`.`premium`,
          `t24`.`premium_flagged`,
          `t24`.`main`,
          `t24`.`main_flagged`,
          `t24`.`items`,
          `t24`.`discount`,
          `t24`.`is_order`,
          `t24`.`is_return`
        FROM (
          SELECT
            `t23`.`customer_id`,
            `t23`.`order_id`,
            `t23`.`occurred_at`,
            `t23`.`lines`,
            `t23`.`amount`,
            `t23`.`premium`,
            `t23`.`premium_flagged`,
            `t23`.`main`,
            `t23`.`main_flagged`,
            `t23`.`items`,
            `t23`.`discount`,
            `t23`.`is_order` AND (
              `t23`.`occurred_at` = `t23`.`started_at`
            ) AS `is_order`,
            `t23`.`is_return`,
            `t23`.`started_customer`,
            `t23`.`started_order`,
            `t23`.`started_at`
          FROM (
            SELECT
              `t19`.`customer_id`,
              `t19`.`order_id`,
              `t19`.`occurred_at`,
              `t19`.`lines`,
              `t19`.`amount`,
              `t19`.`premium`,
              `t19`.`premium_flagged`,
              `t19`.`main`,
              `t19`.`main_flagged`,
              `t19`.`items`,
              `t19`.`discount`,
              `t19`.`is_order`,
              `t19`.`is_return`,
              `t22`.`started_customer`,
              `t22`.`started_order`,
              `t22`.`started_at`
            FROM `t17` AS `t19`
            LEFT OUTER JOIN (
              SELECT
                `t20`.`customer_id` AS `started_customer`,
                `t20`.`order_id` AS `started_order`,
                MIN(`t20`.`occurred_at`) AS `started_at`
              FROM (
                SELECT
                  *
                FROM `t17` AS `t18`
                WHERE
                  `t18`.`is_order`
              ) AS `t20`
              GROUP BY
                1,
                2
            ) AS `t22`
              ON `t19`.`customer_id` = `t22`.`started_customer`
              AND `t19`.`order_id` = `t22`.`started_order`
          ) AS `t23`
        ) AS `t24`
      ) AS `t25`
    ) AS `t26`
  ) AS `t27`
) AS `t28`
