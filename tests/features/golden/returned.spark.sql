SELECT
  *
FROM (
  SELECT
    `t9`.`month`,
    SUM(CAST(`t9`.`at` <= CAST('2023-12-02T00:00:00' AS TIMESTAMP) AS BIGINT)) AS `closed`,
    SUM(
      CAST((
        `t9`.`at` <= CAST('2023-12-02T00:00:00' AS TIMESTAMP)
      )
      AND (
        (
          `t9`.`next_at` IS NOT NULL
        )
        AND (
          `t9`.`next_at` < (
            `t9`.`at` + INTERVAL '90' DAY
          )
        )
      ) AS BIGINT)
    ) AS `ordered`,
    SUM(CAST(NOT (
      `t9`.`at` <= CAST('2023-12-02T00:00:00' AS TIMESTAMP)
    ) AS BIGINT)) AS `open`
  FROM (
    SELECT
      `t8`.`customer_id`,
      `t8`.`month`,
      `t8`.`next_at`,
      `t8`.`occurred_at` AS `at`
    FROM (
      SELECT
        *
      FROM (
        SELECT
          `t6`.`customer_id`,
          `t6`.`next_at`,
          `t6`.`occurred_at`,
          CASE
            WHEN (
              `t6`.`occurred_at` >= CAST('2024-01-01T00:00:00' AS TIMESTAMP)
            )
            AND (
              `t6`.`occurred_at` < CAST('2024-02-01T00:00:00' AS TIMESTAMP)
            )
            THEN '2024-01'
            ELSE NULL
          END AS `month`,
          CASE
            WHEN (
              `t6`.`occurred_at` >= CAST('2024-01-01T00:00:00' AS TIMESTAMP)
            )
            AND (
              `t6`.`occurred_at` < CAST('2024-02-01T00:00:00' AS TIMESTAMP)
            )
            THEN CAST('2024-01-01T00:00:00' AS TIMESTAMP)
            ELSE NULL
          END AS `begin`
        FROM (
          SELECT
            `t5`.`customer_id`,
            `t5`.`next_at`,
            `t5`.`at` AS `occurred_at`
          FROM (
            SELECT
              *
            FROM (
              SELECT
                `t3`.`customer_id`,
                `t3`.`order_id`,
                `t3`.`at`,
                ROW_NUMBER() OVER (
                  PARTITION BY `t3`.`customer_id`
                  ORDER BY `t3`.`at` ASC NULLS LAST, `t3`.`order_id` ASC NULLS LAST
                ) - 1 AS `turn`,
                LEAD(`t3`.`at`) OVER (
                  PARTITION BY `t3`.`customer_id`
                  ORDER BY `t3`.`at` ASC NULLS LAST, `t3`.`order_id` ASC NULLS LAST
                ) AS `next_at`
              FROM (
                SELECT
                  `t2`.`customer_id`,
                  `t2`.`order_id`,
                  MIN(`t2`.`occurred_at`) AS `at`
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
                    `t1`.`amount` > 0
                ) AS `t2`
                GROUP BY
                  1,
                  2
              ) AS `t3`
            ) AS `t4`
            WHERE
              `t4`.`turn` = 0
          ) AS `t5`
        ) AS `t6`
      ) AS `t7`
      WHERE
        `t7`.`month` IS NOT NULL
    ) AS `t8`
  ) AS `t9`
  GROUP BY
    1
) AS `t10`
ORDER BY
  `t10`.`month` ASC NULLS LAST
