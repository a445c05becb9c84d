SELECT
  *
FROM (
  SELECT
    `t7`.`referred_by`,
    COUNT(DISTINCT `t7`.`customer_id`) AS `referrals`
  FROM (
    SELECT
      `t3`.`customer_id`,
      `t3`.`customer_type`,
      `t3`.`region`,
      `t3`.`country`,
      `t3`.`industry`,
      `t3`.`company_size`,
      `t3`.`acquired_at`,
      `t3`.`birthday`,
      `t3`.`gender`,
      `t3`.`interests`,
      `t3`.`preferred_channel`,
      `t3`.`member_level`,
      `t3`.`points_balance`,
      `t3`.`points_expire_on`,
      `t3`.`referred_by`,
      `t3`.`fulfilment`,
      `t3`.`consent`,
      `t3`.`owner`,
      `t3`.`renewal_at`,
      `t3`.`phone`,
      `t3`.`email`
    FROM (
      SELECT
        *
      FROM `customers` AS `t0`
      WHERE
        `t0`.`referred_by` IS NOT NULL AND `t0`.`referred_by` <> `t0`.`customer_id`
    ) AS `t3`
    LEFT SEMI JOIN (
      SELECT
        *
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
      ) AS `t4`
      WHERE
        `t4`.`amount` > 0
    ) AS `t6`
      ON `t3`.`customer_id` = `t6`.`customer_id`
  ) AS `t7`
  GROUP BY
    1
) AS `t8`
ORDER BY
  `t8`.`referred_by` ASC NULLS LAST
