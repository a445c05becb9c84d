SELECT
  `t9`.`customer_id`,
  `t9`.`as_of`,
  CAST(SUM(
    IF(
      `t9`.`age` < 365,
      DATEDIFF(
        MICROSECOND,
        `t9`.`promised_at`,
        IF(`t9`.`delivered_at` < `t9`.`as_of`, `t9`.`delivered_at`, CAST(NULL AS TIMESTAMP))
      ),
      NULL
    )
  ) AS DOUBLE) / 86400000000.0 AS `deliveries__delay__0_365`,
  CAST(SUM(IF(`t9`.`age` < 365, CAST(`t9`.`delivered_at` < `t9`.`as_of` AS BIGINT), NULL)) AS DOUBLE) AS `deliveries__n__0_365`,
  CAST(SUM(
    IF(
      `t9`.`age` < 365,
      CAST((
        `t9`.`delivered_at` < `t9`.`as_of`
      )
      AND (
        `t9`.`delivered_at` > `t9`.`promised_at`
      ) AS BIGINT),
      NULL
    )
  ) AS DOUBLE) AS `deliveries__late__0_365`
FROM (
  SELECT
    `t8`.`customer_id`,
    `t8`.`order_id`,
    `t8`.`occurred_at`,
    `t8`.`promised_at`,
    `t8`.`delivered_at`,
    `t8`.`as_of`,
    `t8`.`log_start`,
    `t8`.`shift`,
    CAST(FLOOR(
      (
        DATEDIFF(MICROSECOND, `t8`.`occurred_at`, `t8`.`as_of`) - 1
      ) / (
        86400000000
      )
    ) AS BIGINT) AS `age`
  FROM (
    SELECT
      `t7`.`customer_id`,
      `t7`.`order_id`,
      `t7`.`occurred_at`,
      `t7`.`promised_at`,
      `t7`.`delivered_at`,
      `t2`.`as_of`,
      `t2`.`log_start`,
      `t2`.`shift`
    FROM (
      SELECT DISTINCT
        *
      FROM (
        SELECT
          `t4`.`customer_id`,
          `t4`.`order_id`,
          `t4`.`occurred_at`,
          `t4`.`promised_at`,
          `t4`.`delivered_at`
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
            `t3`.`promised_at` IS NOT NULL AND `t3`.`delivered_at` IS NOT NULL
        ) AS `t4`
      ) AS `t5`
    ) AS `t7`
    INNER JOIN `cutoffs` AS `t2`
      ON `t7`.`occurred_at` < `t2`.`as_of`
  ) AS `t8`
) AS `t9`
GROUP BY
  1,
  2
