SELECT
  *
FROM (
  SELECT
    `t12`.`customer_id`,
    `t12`.`level`,
    `t12`.`category`,
    CAST(SUM(
      CAST(CAST(`t12`.`all_spent` AS DECIMAL(22, 4)) * CAST(CAST(ROUND(`t12`.`weight` * 1000000, 0) AS BIGINT) AS INT) AS DECIMAL(34, 4))
    ) AS DOUBLE) / 1000000 AS `spent`,
    CAST(SUM(
      IF(
        (
          `t12`.`premium` IS NOT NULL AND NOT ISNAN(`t12`.`premium`)
        )
        OR (
          `t12`.`dear` IS NOT NULL AND NOT ISNAN(`t12`.`dear`)
        ),
        CAST(CAST(`t12`.`all_spent` AS DECIMAL(22, 4)) * CAST(CAST(ROUND(`t12`.`weight` * 1000000, 0) AS BIGINT) AS INT) AS DECIMAL(34, 4)),
        NULL
      )
    ) AS DOUBLE) / 1000000 AS `premium_known`,
    CAST(SUM(
      IF(
        (
          `t12`.`premium` = 1
        )
        OR (
          `t12`.`dear` IS NOT NULL AND NOT ISNAN(`t12`.`dear`)
        ),
        CAST(CAST(IF(
          `t12`.`premium` IS NULL OR ISNAN(`t12`.`premium`),
          `t12`.`dear_spent`,
          `t12`.`all_spent`
        ) AS DECIMAL(22, 4)) * CAST(CAST(ROUND(`t12`.`weight` * 1000000, 0) AS BIGINT) AS INT) AS DECIMAL(34, 4)),
        NULL
      )
    ) AS DOUBLE) / 1000000 AS `premium`,
    CAST(SUM(
      IF(
        `t12`.`premium` IS NOT NULL AND NOT ISNAN(`t12`.`premium`),
        CAST(CAST(`t12`.`all_spent` AS DECIMAL(22, 4)) * CAST(CAST(ROUND(`t12`.`weight` * 1000000, 0) AS BIGINT) AS INT) AS DECIMAL(34, 4)),
        NULL
      )
    ) AS DOUBLE) / 1000000 AS `premium_flagged`,
    CAST(SUM(
      IF(
        `t12`.`main` IS NOT NULL AND NOT ISNAN(`t12`.`main`),
        CAST(CAST(`t12`.`all_spent` AS DECIMAL(22, 4)) * CAST(CAST(ROUND(`t12`.`weight` * 1000000, 0) AS BIGINT) AS INT) AS DECIMAL(34, 4)),
        NULL
      )
    ) AS DOUBLE) / 1000000 AS `main_known`,
    CAST(SUM(
      IF(
        `t12`.`main` = 1,
        CAST(CAST(`t12`.`all_spent` AS DECIMAL(22, 4)) * CAST(CAST(ROUND(`t12`.`weight` * 1000000, 0) AS BIGINT) AS INT) AS DECIMAL(34, 4)),
        NULL
      )
    ) AS DOUBLE) / 1000000 AS `main`,
    CAST(SUM(
      IF(
        `t12`.`main` IS NOT NULL AND NOT ISNAN(`t12`.`main`),
        CAST(CAST(`t12`.`all_spent` AS DECIMAL(22, 4)) * CAST(CAST(ROUND(`t12`.`weight` * 1000000, 0) AS BIGINT) AS INT) AS DECIMAL(34, 4)),
        NULL
      )
    ) AS DOUBLE) / 1000000 AS `main_flagged`,
    BOOL_OR(`t12`.`lately`) AS `lately`,
    BOOL_OR(`t12`.`before`) AS `before`
  FROM (
    SELECT
      `t11`.`customer_id`,
      `t11`.`bought_item`,
      `t11`.`all_spent`,
      `t11`.`dear_spent`,
      `t11`.`lately`,
      `t11`.`before`,
      `t2`.`item`,
      `t2`.`level`,
      `t2`.`category`,
      `t2`.`weight`,
      `t2`.`premium`,
      `t2`.`main`,
      `t2`.`dear`
    FROM (
      SELECT
        `t9`.`customer_id`,
        `t9`.`limited` AS `bought_item`,
        SUM(`t9`.`amount`) AS `all_spent`,
        COALESCE(
          SUM(
            IF(
              (
                `t9`.`quantity` > 0
              )
              AND (
                (
                  CAST(`t9`.`amount` AS DOUBLE) / `t9`.`quantity`
                ) > `t9`.`dear_from`
              ),
              `t9`.`amount`,
              NULL
            )
          ),
          CAST(0 AS DECIMAL(18, 4))
        ) AS `dear_spent`,
        BOOL_OR(`t9`.`occurred_at` >= CAST('2023-12-02T00:00:00' AS TIMESTAMP)) AS `lately`,
        BOOL_OR(
          (
            `t9`.`occurred_at` >= CAST('2023-09-03T00:00:00' AS TIMESTAMP)
          )
          AND (
            `t9`.`occurred_at` < CAST('2023-12-02T00:00:00' AS TIMESTAMP)
          )
        ) AS `before`
      FROM (
        SELECT
          *
        FROM (
          SELECT
            `t7`.`customer_id`,
            `t7`.`order_id`,
            `t7`.`occurred_at`,
            `t7`.`amount`,
            `t7`.`product_id`,
            `t7`.`category`,
            `t7`.`quantity`,
            `t7`.`unit_price`,
            `t7`.`discount`,
            `t7`.`channel`,
            `t7`.`recorded_at`,
            `t7`.`returns_order_id`,
            `t7`.`promised_at`,
            `t7`.`delivered_at`,
            `t6`.`limited`,
            `t6`.`dear_from`
          FROM (
            SELECT
              *
            FROM `transactions` AS `t1`
            WHERE
              `t1`.`occurred_at` < CAST('2024-03-01T00:00:00' AS TIMESTAMP)
              AND (
                (
                  `t1`.`recorded_at` IS NULL
                )
                OR (
                  `t1`.`recorded_at` <= CAST('2024-03-01T00:00:00' AS TIMESTAMP)
                )
              )
          ) AS `t7`
          INNER JOIN (
            SELECT DISTINCT
              *
            FROM (
              SELECT
                `t0`.`item` AS `limited`,
                `t0`.`dear` AS `dear_from`
              FROM `nodes` AS `t0`
            ) AS `t3`
          ) AS `t6`
            ON `t7`.`product_id` = `t6`.`limited`
        ) AS `t8`
        WHERE
          `t8`.`amount` > 0
          AND `t8`.`occurred_at` >= CAST('2023-03-02T00:00:00' AS TIMESTAMP)
      ) AS `t9`
      GROUP BY
        1,
        2
    ) AS `t11`
    INNER JOIN `nodes` AS `t2`
      ON `t11`.`bought_item` = `t2`.`item`
  ) AS `t12`
  GROUP BY
    1,
    2,
    3
) AS `t13`
ORDER BY
  `t13`.`customer_id` ASC NULLS LAST,
  `t13`.`level` ASC NULLS LAST,
  `t13`.`spent` DESC,
  `t13`.`category` ASC NULLS LAST
