SELECT
  `t7`.`customer_id`,
  `t7`.`as_of`,
  CAST(SUM(`t7`.`n`) AS DOUBLE) AS `orders__n__0_ever`,
  MAX(`t7`.`at`) AS `orders__at__0_ever`,
  CAST(SUM(`t7`.`gap`) AS DOUBLE) AS `orders__gap__0_ever`,
  CAST(SUM(`t7`.`gaps`) AS DOUBLE) AS `orders__gaps__0_ever`,
  CAST(MAX(`t7`.`longest_gap`) AS DOUBLE) AS `orders__longest_gap__0_ever`,
  CAST(SUM(IF(`t7`.`slice` <= 7, `t7`.`gap`, NULL)) AS DOUBLE) AS `orders__gap__0_365`,
  CAST(SUM(IF(`t7`.`slice` <= 7, `t7`.`gaps`, NULL)) AS DOUBLE) AS `orders__gaps__0_365`,
  CAST(SUM(`t7`.`gap_squared`) AS DOUBLE) AS `orders__gap_squared__0_ever`,
  CAST(SUM(IF(`t7`.`slice` <= 5, `t7`.`gap`, NULL)) AS DOUBLE) AS `orders__gap__0_180`,
  CAST(SUM(IF(`t7`.`slice` <= 5, `t7`.`gaps`, NULL)) AS DOUBLE) AS `orders__gaps__0_180`,
  CAST(SUM(`t7`.`period`) AS DOUBLE) AS `orders__period__0_ever`,
  MIN(`t7`.`first_at`) AS `orders__first_at__0_ever`,
  CAST(SUM(IF(`t7`.`slice` <= 0, `t7`.`n`, NULL)) AS DOUBLE) AS `orders__n__0_7`,
  CAST(SUM(IF(`t7`.`slice` <= 1, `t7`.`n`, NULL)) AS DOUBLE) AS `orders__n__0_14`,
  CAST(SUM(IF(`t7`.`slice` <= 2, `t7`.`n`, NULL)) AS DOUBLE) AS `orders__n__0_30`,
  CAST(SUM(IF(`t7`.`slice` <= 3, `t7`.`n`, NULL)) AS DOUBLE) AS `orders__n__0_60`,
  CAST(SUM(IF(`t7`.`slice` <= 4, `t7`.`n`, NULL)) AS DOUBLE) AS `orders__n__0_90`,
  CAST(SUM(IF(`t7`.`slice` <= 5, `t7`.`n`, NULL)) AS DOUBLE) AS `orders__n__0_180`,
  CAST(SUM(IF(`t7`.`slice` <= 7, `t7`.`n`, NULL)) AS DOUBLE) AS `orders__n__0_365`,
  CAST(SUM(IF(`t7`.`slice` <= 4, `t7`.`day`, NULL)) AS DOUBLE) AS `orders__day__0_90`,
  CAST(SUM(IF(`t7`.`slice` <= 7, `t7`.`day`, NULL)) AS DOUBLE) AS `orders__day__0_365`,
  CAST(SUM(`t7`.`day`) AS DOUBLE) AS `orders__day__0_ever`,
  CAST(SUM(`t7`.`decayed_30`) AS DOUBLE) / 1000000000.0 AS `orders__decayed_30__0_ever`,
  CAST(SUM(`t7`.`decayed_90`) AS DOUBLE) / 1000000000.0 AS `orders__decayed_90__0_ever`,
  CAST(SUM(IF(`t7`.`slice` <= 0, `t7`.`spend`, NULL)) AS DOUBLE) AS `orders__spend__0_7`,
  CAST(SUM(IF(`t7`.`slice` <= 1, `t7`.`spend`, NULL)) AS DOUBLE) AS `orders__spend__0_14`,
  CAST(SUM(IF(`t7`.`slice` <= 2, `t7`.`spend`, NULL)) AS DOUBLE) AS `orders__spend__0_30`,
  CAST(SUM(IF(`t7`.`slice` <= 3, `t7`.`spend`, NULL)) AS DOUBLE) AS `orders__spend__0_60`,
  CAST(SUM(IF(`t7`.`slice` <= 4, `t7`.`spend`, NULL)) AS DOUBLE) AS `orders__spend__0_90`,
  CAST(SUM(IF(`t7`.`slice` <= 5, `t7`.`spend`, NULL)) AS DOUBLE) AS `orders__spend__0_180`,
  CAST(SUM(IF(`t7`.`slice` <= 7, `t7`.`spend`, NULL)) AS DOUBLE) AS `orders__spend__0_365`,
  CAST(SUM(`t7`.`spend`) AS DOUBLE) AS `orders__spend__0_ever`,
  CAST(SUM(IF(`t7`.`slice` <= 4, `t7`.`returned`, NULL)) AS DOUBLE) AS `orders__returned__0_90`,
  CAST(SUM(IF(`t7`.`slice` <= 7, `t7`.`returned`, NULL)) AS DOUBLE) AS `orders__returned__0_365`,
  CAST(SUM(`t7`.`returned`) AS DOUBLE) AS `orders__returned__0_ever`,
  CAST(SUM(`t7`.`log_value`) AS DOUBLE) / 1000000000.0 AS `orders__log_value__0_ever`,
  CAST(SUM(`t7`.`log_value_squared`) AS DOUBLE) / 1000000000.0 AS `orders__log_value_squared__0_ever`,
  CAST(MAX(`t7`.`largest`) AS DOUBLE) AS `orders__largest__0_ever`,
  CAST(MAX(`t7`.`last_value`) AS DOUBLE) AS `orders__last_value__0_ever`,
  CAST(SUM(IF(`t7`.`slice` <= 7, `t7`.`lines`, NULL)) AS DOUBLE) AS `orders__lines__0_365`,
  CAST(SUM(IF(`t7`.`slice` <= 7, `t7`.`items`, NULL)) AS DOUBLE) / 1000000.0 AS `orders__items__0_365`,
  CAST(SUM(IF((
    `t7`.`slice` <= 3
  ) AND (
    `t7`.`slice` > 2
  ), `t7`.`n`, NULL)) AS DOUBLE) AS `orders__n__30_60`,
  CAST(SUM(IF((
    `t7`.`slice` <= 5
  ) AND (
    `t7`.`slice` > 4
  ), `t7`.`n`, NULL)) AS DOUBLE) AS `orders__n__90_180`,
  CAST(SUM(IF((
    `t7`.`slice` <= 3
  ) AND (
    `t7`.`slice` > 2
  ), `t7`.`spend`, NULL)) AS DOUBLE) AS `orders__spend__30_60`,
  CAST(SUM(IF((
    `t7`.`slice` <= 5
  ) AND (
    `t7`.`slice` > 4
  ), `t7`.`spend`, NULL)) AS DOUBLE) AS `orders__spend__90_180`,
  CAST(SUM(IF(`t7`.`slice` <= 5, `t7`.`returned`, NULL)) AS DOUBLE) AS `orders__returned__0_180`,
  CAST(SUM(IF(`t7`.`slice` > 5, `t7`.`spend`, NULL)) AS DOUBLE) AS `orders__spend__180_ever`,
  CAST(SUM(IF(`t7`.`slice` > 5, `t7`.`returned`, NULL)) AS DOUBLE) AS `orders__returned__180_ever`,
  CAST(SUM(IF(`t7`.`slice` > 5, `t7`.`n`, NULL)) AS DOUBLE) AS `orders__n__180_ever`,
  CAST(SUM(IF(`t7`.`slice` <= 7, `t7`.`premium`, NULL)) AS DOUBLE) AS `orders__premium__0_365`,
  CAST(SUM(IF(`t7`.`slice` <= 7, `t7`.`premium_flagged`, NULL)) AS DOUBLE) AS `orders__premium_flagged__0_365`,
  CAST(SUM(IF(`t7`.`slice` <= 7, `t7`.`main`, NULL)) AS DOUBLE) AS `orders__main__0_365`,
  CAST(SUM(IF(`t7`.`slice` <= 7, `t7`.`main_flagged`, NULL)) AS DOUBLE) AS `orders__main_flagged__0_365`,
  CAST(SUM(IF(`t7`.`slice` <= 4, `t7`.`returns`, NULL)) AS DOUBLE) AS `orders__returns__0_90`,
  CAST(SUM(IF(`t7`.`slice` <= 7, `t7`.`returns`, NULL)) AS DOUBLE) AS `orders__returns__0_365`,
  CAST(SUM(`t7`.`returns`) AS DOUBLE) AS `orders__returns__0_ever`,
  MAX(`t7`.`return_at`) AS `orders__return_at__0_ever`,
  CAST(SUM(IF(`t7`.`slice` <= 7, `t7`.`discount`, NULL)) AS DOUBLE) AS `orders__discount__0_365`,
  CAST(SUM(IF(`t7`.`slice` <= 7, `t7`.`discounted`, NULL)) AS DOUBLE) AS `orders__discounted__0_365`,
  CAST(SUM(IF((
    `t7`.`slice` <= 7
  ) AND (
    `t7`.`slice` > 6
  ), `t7`.`n`, NULL)) AS DOUBLE) AS `orders__n__275_365`
FROM (
  SELECT
    `t6`.`customer_id`,
    `t6`.`as_of`,
    `t6`.`slice`,
    SUM(CAST(`t6`.`is_order` AS BIGINT)) AS `n`,
    MAX(IF(`t6`.`is_order`, `t6`.`occurred_at`, CAST(NULL AS TIMESTAMP))) AS `at`,
    SUM(`t6`.`gap`) AS `gap`,
    SUM(CAST(`t6`.`gap` > 0 AS BIGINT)) AS `gaps`,
    MAX(IF(`t6`.`gap` > 0, `t6`.`gap`, CAST(NULL AS BIGINT))) AS `longest_gap`,
    SUM(`t6`.`gap` * `t6`.`gap`) AS `gap_squared`,
    SUM(
      CAST(`t6`.`is_order`
      AND (
        (
          `t6`.`gap` IS NULL
        )
        OR (
          (
            (
              `t6`.`age` + `t6`.`gap`
            ) - (
              (
                `t6`.`age` + `t6`.`gap`
              ) % 30
            )
          ) > (
            `t6`.`age` - (
              `t6`.`age` % 30
            )
          )
        )
      ) AS BIGINT)
    ) AS `period`,
    MIN(IF(`t6`.`is_order`, `t6`.`occurred_at`, CAST(NULL AS TIMESTAMP))) AS `first_at`,
    SUM(
      CAST(`t6`.`is_order`
      AND (
        (
          `t6`.`gap` IS NULL
        ) OR (
          `t6`.`gap` > 0
        )
      ) AS BIGINT)
    ) AS `day`,
    SUM(
      CAST(ROUND(EXP(CAST(`t6`.`age` AS DOUBLE) * -0.023104906018664842) * `t6`.`weight`, 0) AS BIGINT)
    ) AS `decayed_30`,
    SUM(
      CAST(ROUND(EXP(CAST(`t6`.`age` AS DOUBLE) * -0.007701635339554948) * `t6`.`weight`, 0) AS BIGINT)
    ) AS `decayed_90`,
    SUM(`t6`.`amount`) AS `spend`,
    SUM(IF(`t6`.`is_return`, -(
      `t6`.`amount`
    ), CAST(NULL AS DECIMAL(18, 4)))) AS `returned`,
    SUM(`t6`.`log_value`) AS `log_value`,
    SUM(`t6`.`log_value_squared`) AS `log_value_squared`,
    MAX(IF(`t6`.`is_order`, `t6`.`amount`, CAST(NULL AS DECIMAL(18, 4)))) AS `largest`,
    MAX(
      IF(
        `t6`.`is_order`
        AND (
          (
            `t6`.`next_at` IS NULL
          ) OR (
            `t6`.`next_at` >= `t6`.`as_of`
          )
        ),
        `t6`.`amount`,
        CAST(NULL AS DECIMAL(18, 4))
      )
    ) AS `last_value`,
    SUM(IF(NOT (
      `t6`.`is_return`
    ), `t6`.`lines`, CAST(NULL AS BIGINT))) AS `lines`,
    SUM(IF(NOT (
      `t6`.`is_return`
    ), `t6`.`items`, CAST(NULL AS BIGINT))) AS `items`,
    SUM(`t6`.`premium`) AS `premium`,
    SUM(`t6`.`premium_flagged`) AS `premium_flagged`,
    SUM(`t6`.`main`) AS `main`,
    SUM(`t6`.`main_flagged`) AS `main_flagged`,
    SUM(CAST(`t6`.`is_return` AS BIGINT)) AS `returns`,
    MAX(IF(`t6`.`is_return`, `t6`.`occurred_at`, CAST(NULL AS TIMESTAMP))) AS `return_at`,
    SUM(IF(NOT (
      `t6`.`is_return`
    ), `t6`.`discount`, CAST(NULL AS DECIMAL(18, 4)))) AS `discount`,
    SUM(CAST(`t6`.`is_order` AND (
      `t6`.`discount` > 0
    ) AS BIGINT)) AS `discounted`
  FROM (
    SELECT
      `t5`.`customer_id`,
      `t5`.`order_id`,
      `t5`.`occurred_at`,
      `t5`.`lines`,
      `t5`.`amount`,
      `t5`.`premium`,
      `t5`.`premium_flagged`,
      `t5`.`main`,
      `t5`.`main_flagged`,
      `t5`.`items`,
      `t5`.`discount`,
      `t5`.`is_order`,
      `t5`.`is_return`,
      `t5`.`age_at_last`,
      `t5`.`before`,
      `t5`.`next_at`,
      `t5`.`gap`,
      `t5`.`weight`,
      `t5`.`log_value`,
      `t5`.`log_value_squared`,
      `t5`.`as_of`,
      `t5`.`log_start`,
      `t5`.`shift`,
      `t5`.`age`,
      CAST(`t5`.`age` >= 7 AS TINYINT) + 0 + CAST(`t5`.`age` >= 14 AS TINYINT) + CAST(`t5`.`age` >= 30 AS TINYINT) + CAST(`t5`.`age` >= 60 AS TINYINT) + CAST(`t5`.`age` >= 90 AS TINYINT) + CAST(`t5`.`age` >= 180 AS TINYINT) + CAST(`t5`.`age` >= 275 AS TINYINT) + CAST(`t5`.`age` >= 365 AS TINYINT) AS `slice`
    FROM (
      SELECT
        `t4`.`customer_id`,
        `t4`.`order_id`,
        `t4`.`occurred_at`,
        `t4`.`lines`,
        `t4`.`amount`,
        `t4`.`premium`,
        `t4`.`premium_flagged`,
        `t4`.`main`,
        `t4`.`main_flagged`,
        `t4`.`items`,
        `t4`.`discount`,
        `t4`.`is_order`,
        `t4`.`is_return`,
        `t4`.`age_at_last`,
        `t4`.`before`,
        `t4`.`next_at`,
        `t4`.`gap`,
        `t4`.`weight`,
        `t4`.`log_value`,
        `t4`.`log_value_squared`,
        `t4`.`as_of`,
        `t4`.`log_start`,
        `t4`.`shift`,
        `t4`.`age_at_last` - `t4`.`shift` AS `age`
      FROM (
        SELECT
          `t2`.`customer_id`,
          `t2`.`order_id`,
          `t2`.`occurred_at`,
          `t2`.`lines`,
          `t2`.`amount`,
          `t2`.`premium`,
          `t2`.`premium_flagged`,
          `t2`.`main`,
          `t2`.`main_flagged`,
          `t2`.`items`,
          `t2`.`discount`,
          `t2`.`is_order`,
          `t2`.`is_return`,
          `t2`.`age_at_last`,
          `t2`.`before`,
          `t2`.`next_at`,
          `t2`.`gap`,
          `t2`.`weight`,
          `t2`.`log_value`,
          `t2`.`log_value_squared`,
          `t3`.`as_of`,
          `t3`.`log_start`,
          `t3`.`shift`
        FROM `orders` AS `t2`
        INNER JOIN `cutoffs` AS `t3`
          ON `t2`.`occurred_at` < `t3`.`as_of`
      ) AS `t4`
    ) AS `t5`
  ) AS `t6`
  GROUP BY
    1,
    2,
    3
) AS `t7`
GROUP BY
  1,
  2
