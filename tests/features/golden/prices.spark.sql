WITH `t10` AS (
  SELECT
    `t9`.`category`,
    `t9`.`spend_0`,
    `t9`.`items_0`,
    `t9`.`spend_1`,
    `t9`.`items_1`,
    `t2`.`as_of_0`,
    `t2`.`as_of_1`
  FROM (
    SELECT
      `t7`.`category`,
      SUM(`t7`.`spend_0`) AS `spend_0`,
      SUM(`t7`.`items_0`) AS `items_0`,
      SUM(`t7`.`spend_1`) AS `spend_1`,
      SUM(`t7`.`items_1`) AS `items_1`
    FROM (
      SELECT
        `t6`.`category`,
        SUM(
          IF(
            (
              `t6`.`occurred_at` < `t6`.`as_of_0`
            )
            AND (
              (
                `t6`.`recorded_at` IS NULL
              ) OR (
                `t6`.`recorded_at` <= `t6`.`as_of_0`
              )
            )
            AND (
              IF(`t6`.`quantity` > 0, `t6`.`quantity`, CAST(NULL AS DOUBLE)) IS NOT NULL
              AND NOT ISNAN(IF(`t6`.`quantity` > 0, `t6`.`quantity`, CAST(NULL AS DOUBLE)))
            ),
            `t6`.`amount`,
            NULL
          )
        ) AS `spend_0`,
        SUM(
          IF(
            (
              `t6`.`occurred_at` < `t6`.`as_of_0`
            )
            AND (
              (
                `t6`.`recorded_at` IS NULL
              ) OR (
                `t6`.`recorded_at` <= `t6`.`as_of_0`
              )
            )
            AND (
              IF(`t6`.`quantity` > 0, `t6`.`quantity`, CAST(NULL AS DOUBLE)) IS NOT NULL
              AND NOT ISNAN(IF(`t6`.`quantity` > 0, `t6`.`quantity`, CAST(NULL AS DOUBLE)))
            ),
            CAST(ROUND(
              IF(
                IF(
                  IF(`t6`.`quantity` > 0, `t6`.`quantity`, CAST(NULL AS DOUBLE)) IS NULL,
                  IF(`t6`.`quantity` > 0, `t6`.`quantity`, CAST(NULL AS DOUBLE)),
                  LEAST(9000000000000.0, IF(`t6`.`quantity` > 0, `t6`.`quantity`, CAST(NULL AS DOUBLE)))
                ) IS NULL,
                IF(
                  IF(`t6`.`quantity` > 0, `t6`.`quantity`, CAST(NULL AS DOUBLE)) IS NULL,
                  IF(`t6`.`quantity` > 0, `t6`.`quantity`, CAST(NULL AS DOUBLE)),
                  LEAST(9000000000000.0, IF(`t6`.`quantity` > 0, `t6`.`quantity`, CAST(NULL AS DOUBLE)))
                ),
                GREATEST(
                  -9000000000000.0,
                  IF(
                    IF(`t6`.`quantity` > 0, `t6`.`quantity`, CAST(NULL AS DOUBLE)) IS NULL,
                    IF(`t6`.`quantity` > 0, `t6`.`quantity`, CAST(NULL AS DOUBLE)),
                    LEAST(9000000000000.0, IF(`t6`.`quantity` > 0, `t6`.`quantity`, CAST(NULL AS DOUBLE)))
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
              `t6`.`occurred_at` < `t6`.`as_of_1`
            )
            AND (
              (
                `t6`.`recorded_at` IS NULL
              ) OR (
                `t6`.`recorded_at` <= `t6`.`as_of_1`
              )
            )
            AND (
              IF(`t6`.`quantity` > 0, `t6`.`quantity`, CAST(NULL AS DOUBLE)) IS NOT NULL
              AND NOT ISNAN(IF(`t6`.`quantity` > 0, `t6`.`quantity`, CAST(NULL AS DOUBLE)))
            ),
            `t6`.`amount`,
            NULL
          )
        ) AS `spend_1`,
        SUM(
          IF(
            (
              `t6`.`occurred_at` < `t6`.`as_of_1`
            )
            AND (
              (
                `t6`.`recorded_at` IS NULL
              ) OR (
                `t6`.`recorded_at` <= `t6`.`as_of_1`
              )
            )
            AND (
              IF(`t6`.`quantity` > 0, `t6`.`quantity`, CAST(NULL AS DOUBLE)) IS NOT NULL
              AND NOT ISNAN(IF(`t6`.`quantity` > 0, `t6`.`quantity`, CAST(NULL AS DOUBLE)))
            ),
            CAST(ROUND(
              IF(
                IF(
                  IF(`t6`.`quantity` > 0, `t6`.`quantity`, CAST(NULL AS DOUBLE)) IS NULL,
                  IF(`t6`.`quantity` > 0, `t6`.`quantity`, CAST(NULL AS DOUBLE)),
                  LEAST(9000000000000.0, IF(`t6`.`quantity` > 0, `t6`.`quantity`, CAST(NULL AS DOUBLE)))
                ) IS NULL,
                IF(
                  IF(`t6`.`quantity` > 0, `t6`.`quantity`, CAST(NULL AS DOUBLE)) IS NULL,
                  IF(`t6`.`quantity` > 0, `t6`.`quantity`, CAST(NULL AS DOUBLE)),
                  LEAST(9000000000000.0, IF(`t6`.`quantity` > 0, `t6`.`quantity`, CAST(NULL AS DOUBLE)))
                ),
                GREATEST(
                  -9000000000000.0,
                  IF(
                    IF(`t6`.`quantity` > 0, `t6`.`quantity`, CAST(NULL AS DOUBLE)) IS NULL,
                    IF(`t6`.`quantity` > 0, `t6`.`quantity`, CAST(NULL AS DOUBLE)),
                    LEAST(9000000000000.0, IF(`t6`.`quantity` > 0, `t6`.`quantity`, CAST(NULL AS DOUBLE)))
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
          `t5`.`recorded_at`,
          `t5`.`returns_order_id`,
          `t5`.`promised_at`,
          `t5`.`delivered_at`,
          `t2`.`as_of_0`,
          `t2`.`as_of_1`
        FROM (
          SELECT
            *
          FROM (
            SELECT
              *
            FROM `transactions` AS `t1`
            WHERE
              `t1`.`category` IS NOT NULL
          ) AS `t3`
          WHERE
            `t3`.`amount` > 0
        ) AS `t5`
        CROSS JOIN `clock` AS `t2`
      ) AS `t6`
      GROUP BY
        1
    ) AS `t7`
    GROUP BY
      1
  ) AS `t9`
  CROSS JOIN `clock` AS `t2`
)
SELECT
  *
FROM (
  SELECT
    *
  FROM (
    SELECT
      `t12`.`as_of_0` AS `as_of`,
      `t12`.`category`,
      CAST(`t12`.`spend_0` AS DOUBLE) / (
        CAST(`t12`.`items_0` AS DOUBLE) / 1000000.0
      ) AS `unit_price`
    FROM (
      SELECT
        *
      FROM `t10` AS `t11`
      WHERE
        `t11`.`items_0` > 0
    ) AS `t12`
  ) AS `t14`
  UNION ALL
  SELECT
    *
  FROM (
    SELECT
      `t13`.`as_of_1` AS `as_of`,
      `t13`.`category`,
      CAST(`t13`.`spend_1` AS DOUBLE) / (
        CAST(`t13`.`items_1` AS DOUBLE) / 1000000.0
      ) AS `unit_price`
    FROM (
      SELECT
        *
      FROM `t10` AS `t11`
      WHERE
        `t11`.`items_1` > 0
    ) AS `t13`
  ) AS `t15`
) AS `t16`
ORDER BY
  `t16`.`as_of` ASC NULLS LAST,
  `t16`.`category` ASC NULLS LAST
