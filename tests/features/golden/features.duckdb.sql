SELECT
  *
FROM (
  SELECT
    "t38"."customer_id",
    "t38"."as_of",
    CAST(DATE_DIFF('MICROSECOND', "t38"."orders__at__0_ever", "t38"."as_of") AS DOUBLE) / 86400000000.0 AS "days_since_last_order",
    (
      CAST(DATE_DIFF('MICROSECOND', "t38"."orders__at__0_ever", "t38"."as_of") AS DOUBLE) / 86400000000.0
    ) / NULLIF("t38"."orders__gap__0_ever" / NULLIF("t38"."orders__gaps__0_ever", 0.0), 0.0) AS "overdue_ratio",
    (
      CAST(DATE_DIFF('MICROSECOND', "t38"."orders__at__0_ever", "t38"."as_of") AS DOUBLE) / 86400000000.0
    ) / NULLIF("t38"."orders__longest_gap__0_ever", 0.0) AS "overdue_longest_ratio",
    (
      CAST(DATE_DIFF('MICROSECOND', "t38"."orders__at__0_ever", "t38"."as_of") AS DOUBLE) / 86400000000.0
    ) - (
      "t38"."orders__gap__0_ever" / NULLIF("t38"."orders__gaps__0_ever", 0.0)
    ) AS "overdue_days",
    "t38"."orders__gap__0_ever" / NULLIF("t38"."orders__gaps__0_ever", 0.0) AS "mean_gap_days",
    "t38"."orders__gap__0_365" / NULLIF("t38"."orders__gaps__0_365", 0.0) AS "mean_gap_365d_days",
    SQRT(
      GREATEST(
        (
          "t38"."orders__gaps__0_ever" * "t38"."orders__gap_squared__0_ever"
        ) - (
          "t38"."orders__gap__0_ever" * "t38"."orders__gap__0_ever"
        ),
        0.0
      ) / NULLIF("t38"."orders__gaps__0_ever" * (
        "t38"."orders__gaps__0_ever" - 1.0
      ), 0.0)
    ) / NULLIF("t38"."orders__gap__0_ever" / NULLIF("t38"."orders__gaps__0_ever", 0.0), 0.0) AS "gap_cv",
    "t38"."orders__longest_gap__0_ever" AS "longest_gap_days",
    (
      "t38"."orders__gap__0_180" / NULLIF("t38"."orders__gaps__0_180", 0.0)
    ) / NULLIF("t38"."orders__gap__0_ever" / NULLIF("t38"."orders__gaps__0_ever", 0.0), 0.0) AS "gap_trend",
    "t38"."orders__period__0_ever" / (
      CAST(FLOOR(
        CAST(CAST(FLOOR(
          (
            DATE_DIFF('MICROSECOND', "t38"."orders__first_at__0_ever", "t38"."as_of") - 1
          ) / (
            86400000000
          )
        ) AS BIGINT) AS DOUBLE) / 30.0
      ) AS BIGINT) + 1.0
    ) AS "active_months_share",
    "t38"."orders__n__0_7" AS "orders_7d",
    "t38"."orders__n__0_14" AS "orders_14d",
    "t38"."orders__n__0_30" AS "orders_30d",
    "t38"."orders__n__0_60" AS "orders_60d",
    "t38"."orders__n__0_90" AS "orders_90d",
    "t38"."orders__n__0_180" AS "orders_180d",
    "t38"."orders__n__0_365" AS "orders_365d",
    "t38"."orders__n__0_ever" AS "orders_ever",
    "t38"."orders__day__0_90" AS "order_days_90d",
    "t38"."orders__day__0_365" AS "order_days_365d",
    "t38"."orders__day__0_ever" AS "order_days_ever",
    "t38"."orders__decayed_30__0_ever" AS "orders_half_life_30d",
    "t38"."orders__decayed_90__0_ever" AS "orders_half_life_90d",
    "t38"."orders__n__0_ever" / GREATEST(
      (
        CAST(CAST(FLOOR(
          (
            DATE_DIFF('MICROSECOND', "t38"."orders__first_at__0_ever", "t38"."as_of") - 1
          ) / (
            86400000000
          )
        ) AS BIGINT) AS DOUBLE) + 1.0
      ) / 30.0,
      1.0
    ) AS "orders_per_month",
    "t38"."orders__spend__0_7" AS "spend_7d",
    "t38"."orders__spend__0_14" AS "spend_14d",
    "t38"."orders__spend__0_30" AS "spend_30d",
    "t38"."orders__spend__0_60" AS "spend_60d",
    "t38"."orders__spend__0_90" AS "spend_90d",
    "t38"."orders__spend__0_180" AS "spend_180d",
    "t38"."orders__spend__0_365" AS "spend_365d",
    "t38"."orders__spend__0_ever" AS "spend_ever",
    (
      "t38"."orders__spend__0_90" + "t38"."orders__returned__0_90"
    ) / NULLIF("t38"."orders__n__0_90", 0.0) AS "mean_order_value_90d",
    (
      "t38"."orders__spend__0_365" + "t38"."orders__returned__0_365"
    ) / NULLIF("t38"."orders__n__0_365", 0.0) AS "mean_order_value_365d",
    (
      "t38"."orders__spend__0_ever" + "t38"."orders__returned__0_ever"
    ) / NULLIF("t38"."orders__n__0_ever", 0.0) AS "mean_order_value_ever",
    EXP("t38"."orders__log_value__0_ever" / NULLIF("t38"."orders__n__0_ever", 0.0)) AS "typical_order_value_ever",
    SQRT(
      GREATEST(
        (
          "t38"."orders__n__0_ever" * "t38"."orders__log_value_squared__0_ever"
        ) - (
          "t38"."orders__log_value__0_ever" * "t38"."orders__log_value__0_ever"
        ),
        0.0
      ) / NULLIF("t38"."orders__n__0_ever" * (
        "t38"."orders__n__0_ever" - 1.0
      ), 0.0)
    ) AS "order_value_spread",
    "t38"."orders__largest__0_ever" AS "max_order_value_ever",
    "t38"."orders__last_value__0_ever" AS "last_order_value",
    "t38"."orders__lines__0_365" / NULLIF("t38"."orders__n__0_365", 0.0) AS "lines_per_order_365d",
    "t38"."orders__items__0_365" / NULLIF("t38"."orders__n__0_365", 0.0) AS "items_per_order_365d",
    CASE
      WHEN CAST(CAST(FLOOR(
        (
          DATE_DIFF('MICROSECOND', "t38"."orders__first_at__0_ever", "t38"."as_of") - 1
        ) / (
          86400000000
        )
      ) AS BIGINT) AS DOUBLE) >= 30.0
      THEN (
        "t38"."orders__n__0_30" - "t38"."orders__n__30_60"
      ) / NULLIF(ABS("t38"."orders__n__0_30") + ABS("t38"."orders__n__30_60"), 0.0)
      ELSE CAST(NULL AS DOUBLE)
    END AS "orders_trend_30d",
    CASE
      WHEN CAST(CAST(FLOOR(
        (
          DATE_DIFF('MICROSECOND', "t38"."orders__first_at__0_ever", "t38"."as_of") - 1
        ) / (
          86400000000
        )
      ) AS BIGINT) AS DOUBLE) >= 90.0
      THEN (
        "t38"."orders__n__0_90" - "t38"."orders__n__90_180"
      ) / NULLIF(ABS("t38"."orders__n__0_90") + ABS("t38"."orders__n__90_180"), 0.0)
      ELSE CAST(NULL AS DOUBLE)
    END AS "orders_trend_90d",
    CASE
      WHEN CAST(CAST(FLOOR(
        (
          DATE_DIFF('MICROSECOND', "t38"."orders__first_at__0_ever", "t38"."as_of") - 1
        ) / (
          86400000000
        )
      ) AS BIGINT) AS DOUBLE) >= 30.0
      THEN (
        "t38"."orders__spend__0_30" - "t38"."orders__spend__30_60"
      ) / NULLIF(ABS("t38"."orders__spend__0_30") + ABS("t38"."orders__spend__30_60"), 0.0)
      ELSE CAST(NULL AS DOUBLE)
    END AS "spend_trend_30d",
    CASE
      WHEN CAST(CAST(FLOOR(
        (
          DATE_DIFF('MICROSECOND', "t38"."orders__first_at__0_ever", "t38"."as_of") - 1
        ) / (
          86400000000
        )
      ) AS BIGINT) AS DOUBLE) >= 90.0
      THEN (
        "t38"."orders__spend__0_90" - "t38"."orders__spend__90_180"
      ) / NULLIF(ABS("t38"."orders__spend__0_90") + ABS("t38"."orders__spend__90_180"), 0.0)
      ELSE CAST(NULL AS DOUBLE)
    END AS "spend_trend_90d",
    (
      (
        (
          "t38"."orders__spend__0_180" + "t38"."orders__returned__0_180"
        ) / NULLIF("t38"."orders__n__0_180", 0.0)
      ) - (
        (
          "t38"."orders__spend__180_ever" + "t38"."orders__returned__180_ever"
        ) / NULLIF("t38"."orders__n__180_ever", 0.0)
      )
    ) / NULLIF(
      ABS(
        (
          "t38"."orders__spend__0_180" + "t38"."orders__returned__0_180"
        ) / NULLIF("t38"."orders__n__0_180", 0.0)
      ) + ABS(
        (
          "t38"."orders__spend__180_ever" + "t38"."orders__returned__180_ever"
        ) / NULLIF("t38"."orders__n__180_ever", 0.0)
      ),
      0.0
    ) AS "order_value_trend",
    "t38"."orders__n__0_90" / NULLIF("t38"."orders__n__0_365", 0.0) AS "orders_share_last_90d",
    "t38"."new_products__n__0_ever" AS "products_ever",
    "t38"."new_products__n__0_90" AS "new_products_90d",
    "t38"."new_products__n__0_365" AS "new_products_365d",
    "t38"."new_categories__n__0_ever" AS "categories_ever",
    "t38"."new_categories__n__0_90" AS "new_categories_90d",
    "t38"."new_categories__n__0_365" AS "new_categories_365d",
    "t38"."new_products__n__0_ever" / NULLIF("t38"."orders__n__0_ever", 0.0) AS "products_per_order",
    "t38"."prices__spent__0_ever" / NULLIF("t38"."prices__usual__0_ever", 0.0) AS "price_level",
    "t38"."orders__premium__0_365" / NULLIF("t38"."orders__premium_flagged__0_365", 0.0) AS "premium_share_365d",
    "t38"."orders__main__0_365" / NULLIF("t38"."orders__main_flagged__0_365", 0.0) AS "main_share_365d",
    "t38"."orders__returns__0_90" AS "returns_90d",
    "t38"."orders__returns__0_365" AS "returns_365d",
    "t38"."orders__returns__0_ever" AS "returns_ever",
    "t38"."orders__returned__0_365" / NULLIF("t38"."orders__spend__0_365" + "t38"."orders__returned__0_365", 0.0) AS "return_share_365d",
    "t38"."orders__returned__0_ever" / NULLIF("t38"."orders__spend__0_ever" + "t38"."orders__returned__0_ever", 0.0) AS "return_share_ever",
    CAST(DATE_DIFF('MICROSECOND', "t38"."orders__return_at__0_ever", "t38"."as_of") AS DOUBLE) / 86400000000.0 AS "days_since_last_return",
    "t38"."feedback__score__0_365" / NULLIF("t38"."feedback__scores__0_365", 0.0) AS "satisfaction_mean_365d",
    (
      "t38"."feedback__score__0_90" / NULLIF("t38"."feedback__scores__0_90", 0.0)
    ) - (
      "t38"."feedback__score__90_365" / NULLIF("t38"."feedback__scores__90_365", 0.0)
    ) AS "satisfaction_trend",
    "t38"."feedback__score_quality__0_365" / NULLIF("t38"."feedback__scores_quality__0_365", 0.0) AS "satisfaction_quality",
    (
      "t38"."feedback__score_quality__0_90" / NULLIF("t38"."feedback__scores_quality__0_90", 0.0)
    ) - (
      "t38"."feedback__score_quality__90_365" / NULLIF("t38"."feedback__scores_quality__90_365", 0.0)
    ) AS "satisfaction_quality_trend",
    "t38"."feedback__score_service__0_365" / NULLIF("t38"."feedback__scores_service__0_365", 0.0) AS "satisfaction_service",
    (
      "t38"."feedback__score_service__0_90" / NULLIF("t38"."feedback__scores_service__0_90", 0.0)
    ) - (
      "t38"."feedback__score_service__90_365" / NULLIF("t38"."feedback__scores_service__90_365", 0.0)
    ) AS "satisfaction_service_trend",
    "t38"."feedback__score_logistics__0_365" / NULLIF("t38"."feedback__scores_logistics__0_365", 0.0) AS "satisfaction_logistics",
    (
      "t38"."feedback__score_logistics__0_90" / NULLIF("t38"."feedback__scores_logistics__0_90", 0.0)
    ) - (
      "t38"."feedback__score_logistics__90_365" / NULLIF("t38"."feedback__scores_logistics__90_365", 0.0)
    ) AS "satisfaction_logistics_trend",
    "t38"."feedback__low__0_365" / NULLIF("t38"."feedback__scores__0_365", 0.0) AS "low_score_share_365d",
    "t38"."feedback__complaints__0_30" AS "complaints_30d",
    "t38"."feedback__complaints__0_90" AS "complaints_90d",
    "t38"."feedback__complaints__0_365" AS "complaints_365d",
    "t38"."feedback__complaints__0_ever" AS "complaints_ever",
    "t38"."feedback__open__0_ever" AS "open_complaints",
    CAST(DATE_DIFF('MICROSECOND', "t38"."feedback__open_at__0_ever", "t38"."as_of") AS DOUBLE) / 86400000000.0 AS "oldest_open_complaint_days",
    CAST(DATE_DIFF('MICROSECOND', "t38"."feedback__complaint_at__0_ever", "t38"."as_of") AS DOUBLE) / 86400000000.0 AS "days_since_last_complaint",
    "t38"."deliveries__delay__0_365" / NULLIF("t38"."deliveries__n__0_365", 0.0) AS "delivery_delay_days",
    "t38"."deliveries__late__0_365" / NULLIF("t38"."deliveries__n__0_365", 0.0) AS "late_delivery_share_365d",
    "t38"."interactions__contact__0_30" AS "contacts_30d",
    "t38"."interactions__contact__0_90" AS "contacts_90d",
    "t38"."interactions__contact__0_365" AS "contacts_365d",
    CAST(DATE_DIFF('MICROSECOND', "t38"."interactions__contact_at__0_ever", "t38"."as_of") AS DOUBLE) / 86400000000.0 AS "days_since_last_contact",
    (
      "t38"."interactions__contact__0_90" - "t38"."interactions__contact__90_180"
    ) / NULLIF(
      ABS("t38"."interactions__contact__0_90") + ABS("t38"."interactions__contact__90_180"),
      0.0
    ) AS "contacts_trend_90d",
    "t38"."treatments__n__0_90" AS "treatments_90d",
    "t38"."treatments__n__0_365" AS "treatments_365d",
    CAST(DATE_DIFF('MICROSECOND', "t38"."treatments__at__0_ever", "t38"."as_of") AS DOUBLE) / 86400000000.0 AS "days_since_last_treatment",
    "t38"."interactions__visit__0_30" AS "visits_30d",
    "t38"."interactions__visit__0_90" AS "visits_90d",
    CAST(DATE_DIFF('MICROSECOND', "t38"."interactions__visit_at__0_ever", "t38"."as_of") AS DOUBLE) / 86400000000.0 AS "days_since_last_visit",
    "t38"."interactions__browse__0_90" AS "browses_90d",
    "t38"."interactions__open__0_90" AS "opens_90d",
    "t38"."interactions__click__0_90" AS "clicks_90d",
    "t38"."interactions__cart__0_90" AS "carts_90d",
    "t38"."carts__abandoned__0_30" AS "cart_abandoned_30d",
    (
      "t38"."interactions__visit__0_90" - "t38"."interactions__visit__90_180"
    ) / NULLIF(
      ABS("t38"."interactions__visit__0_90") + ABS("t38"."interactions__visit__90_180"),
      0.0
    ) AS "visits_trend_90d",
    "t38"."orders__discount__0_365" / NULLIF(
      "t38"."orders__discount__0_365" + (
        "t38"."orders__spend__0_365" + "t38"."orders__returned__0_365"
      ),
      0.0
    ) AS "discount_share_365d",
    "t38"."orders__discounted__0_365" / NULLIF("t38"."orders__n__0_365", 0.0) AS "discounted_orders_share_365d",
    "t38"."interactions__redeem__0_90" AS "redemptions_90d",
    "t38"."interactions__redeem__0_365" AS "redemptions_365d",
    CAST(DATE_DIFF('MICROSECOND', "t38"."interactions__redeem_at__0_ever", "t38"."as_of") AS DOUBLE) / 86400000000.0 AS "days_since_last_redemption",
    CAST(DATE_DIFF('MICROSECOND', "t38"."orders__first_at__0_ever", "t38"."as_of") AS DOUBLE) / 86400000000.0 AS "days_since_first_order",
    CAST(DATE_DIFF('MICROSECOND', "t38"."profile__acquired_at", "t38"."as_of") AS DOUBLE) / 86400000000.0 AS "acquired_days",
    CAST(DATE_DIFF('MICROSECOND', "t38"."log_start", "t38"."as_of") AS DOUBLE) / 86400000000.0 AS "log_days",
    (
      CAST(DATE_DIFF('MICROSECOND', "t38"."orders__first_at__0_ever", "t38"."as_of") AS DOUBLE) / 86400000000.0
    ) / (
      CAST(DATE_DIFF('MICROSECOND', "t38"."log_start", "t38"."as_of") AS DOUBLE) / 86400000000.0
    ) AS "known_share_of_log",
    "t38"."profile__customer_type" AS "customer_type",
    "t38"."profile__region" AS "region",
    "t38"."profile__country" AS "country",
    "t38"."profile__industry" AS "industry",
    "t38"."profile__company_size" AS "company_size",
    "t38"."profile__member_level" AS "member_level",
    "t38"."profile__preferred_channel" AS "preferred_channel",
    "t38"."profile__fulfilment" AS "fulfilment",
    SIN(CAST(EXTRACT(dayofyear FROM "t38"."as_of") AS DOUBLE) * 0.017202423838958484) AS "as_of_season_sin",
    COS(CAST(EXTRACT(dayofyear FROM "t38"."as_of") AS DOUBLE) * 0.017202423838958484) AS "as_of_season_cos",
    "t38"."orders__n__275_365" AS "orders_same_season_last_year"
  FROM (
    SELECT
      "t37"."customer_id",
      "t37"."as_of",
      "t11"."log_start",
      "t32"."profile__acquired_at",
      "t32"."profile__company_size",
      "t32"."profile__country",
      "t32"."profile__customer_type",
      "t32"."profile__fulfilment",
      "t32"."profile__industry",
      "t32"."profile__member_level",
      "t32"."profile__preferred_channel",
      "t32"."profile__region",
      "t24"."orders__at__0_ever",
      COALESCE("t24"."orders__gap__0_ever", 0.0) AS "orders__gap__0_ever",
      COALESCE("t24"."orders__gaps__0_ever", 0.0) AS "orders__gaps__0_ever",
      "t24"."orders__longest_gap__0_ever",
      COALESCE("t24"."orders__gap__0_365", 0.0) AS "orders__gap__0_365",
      COALESCE("t24"."orders__gaps__0_365", 0.0) AS "orders__gaps__0_365",
      COALESCE("t24"."orders__gap_squared__0_ever", 0.0) AS "orders__gap_squared__0_ever",
      COALESCE("t24"."orders__gap__0_180", 0.0) AS "orders__gap__0_180",
      COALESCE("t24"."orders__gaps__0_180", 0.0) AS "orders__gaps__0_180",
      COALESCE("t24"."orders__period__0_ever", 0.0) AS "orders__period__0_ever",
      "t24"."orders__first_at__0_ever",
      COALESCE("t24"."orders__n__0_7", 0.0) AS "orders__n__0_7",
      COALESCE("t24"."orders__n__0_14", 0.0) AS "orders__n__0_14",
      COALESCE("t24"."orders__n__0_30", 0.0) AS "orders__n__0_30",
      COALESCE("t24"."orders__n__0_60", 0.0) AS "orders__n__0_60",
      COALESCE("t24"."orders__n__0_90", 0.0) AS "orders__n__0_90",
      COALESCE("t24"."orders__n__0_180", 0.0) AS "orders__n__0_180",
      COALESCE("t24"."orders__n__0_365", 0.0) AS "orders__n__0_365",
      COALESCE("t24"."orders__n__0_ever", 0.0) AS "orders__n__0_ever",
      COALESCE("t24"."orders__day__0_90", 0.0) AS "orders__day__0_90",
      COALESCE("t24"."orders__day__0_365", 0.0) AS "orders__day__0_365",
      COALESCE("t24"."orders__day__0_ever", 0.0) AS "orders__day__0_ever",
      COALESCE("t24"."orders__decayed_30__0_ever", 0.0) AS "orders__decayed_30__0_ever",
      COALESCE("t24"."orders__decayed_90__0_ever", 0.0) AS "orders__decayed_90__0_ever",
      COALESCE("t24"."orders__spend__0_7", 0.0) AS "orders__spend__0_7",
      COALESCE("t24"."orders__spend__0_14", 0.0) AS "orders__spend__0_14",
      COALESCE("t24"."orders__spend__0_30", 0.0) AS "orders__spend__0_30",
      COALESCE("t24"."orders__spend__0_60", 0.0) AS "orders__spend__0_60",
      COALESCE("t24"."orders__spend__0_90", 0.0) AS "orders__spend__0_90",
      COALESCE("t24"."orders__spend__0_180", 0.0) AS "orders__spend__0_180",
      COALESCE("t24"."orders__spend__0_365", 0.0) AS "orders__spend__0_365",
      COALESCE("t24"."orders__spend__0_ever", 0.0) AS "orders__spend__0_ever",
      COALESCE("t24"."orders__returned__0_90", 0.0) AS "orders__returned__0_90",
      COALESCE("t24"."orders__returned__0_365", 0.0) AS "orders__returned__0_365",
      COALESCE("t24"."orders__returned__0_ever", 0.0) AS "orders__returned__0_ever",
      COALESCE("t24"."orders__log_value__0_ever", 0.0) AS "orders__log_value__0_ever",
      COALESCE("t24"."orders__log_value_squared__0_ever", 0.0) AS "orders__log_value_squared__0_ever",
      "t24"."orders__largest__0_ever",
      "t24"."orders__last_value__0_ever",
      COALESCE("t24"."orders__lines__0_365", 0.0) AS "orders__lines__0_365",
      COALESCE("t24"."orders__items__0_365", 0.0) AS "orders__items__0_365",
      COALESCE("t24"."orders__n__30_60", 0.0) AS "orders__n__30_60",
      COALESCE("t24"."orders__n__90_180", 0.0) AS "orders__n__90_180",
      COALESCE("t24"."orders__spend__30_60", 0.0) AS "orders__spend__30_60",
      COALESCE("t24"."orders__spend__90_180", 0.0) AS "orders__spend__90_180",
      COALESCE("t24"."orders__returned__0_180", 0.0) AS "orders__returned__0_180",
      COALESCE("t24"."orders__spend__180_ever", 0.0) AS "orders__spend__180_ever",
      COALESCE("t24"."orders__returned__180_ever", 0.0) AS "orders__returned__180_ever",
      COALESCE("t24"."orders__n__180_ever", 0.0) AS "orders__n__180_ever",
      COALESCE("t25"."new_products__n__0_ever", 0.0) AS "new_products__n__0_ever",
      COALESCE("t25"."new_products__n__0_90", 0.0) AS "new_products__n__0_90",
      COALESCE("t25"."new_products__n__0_365", 0.0) AS "new_products__n__0_365",
      COALESCE("t26"."new_categories__n__0_ever", 0.0) AS "new_categories__n__0_ever",
      COALESCE("t26"."new_categories__n__0_90", 0.0) AS "new_categories__n__0_90",
      COALESCE("t26"."new_categories__n__0_365", 0.0) AS "new_categories__n__0_365",
      COALESCE("t34"."prices__spent__0_ever", 0.0) AS "prices__spent__0_ever",
      COALESCE("t34"."prices__usual__0_ever", 0.0) AS "prices__usual__0_ever",
      COALESCE("t24"."orders__premium__0_365", 0.0) AS "orders__premium__0_365",
      COALESCE("t24"."orders__premium_flagged__0_365", 0.0) AS "orders__premium_flagged__0_365",
      COALESCE("t24"."orders__main__0_365", 0.0) AS "orders__main__0_365",
      COALESCE("t24"."orders__main_flagged__0_365", 0.0) AS "orders__main_flagged__0_365",
      COALESCE("t24"."orders__returns__0_90", 0.0) AS "orders__returns__0_90",
      COALESCE("t24"."orders__returns__0_365", 0.0) AS "orders__returns__0_365",
      COALESCE("t24"."orders__returns__0_ever", 0.0) AS "orders__returns__0_ever",
      "t24"."orders__return_at__0_ever",
      COALESCE("t27"."feedback__score__0_365", 0.0) AS "feedback__score__0_365",
      COALESCE("t27"."feedback__scores__0_365", 0.0) AS "feedback__scores__0_365",
      COALESCE("t27"."feedback__score__0_90", 0.0) AS "feedback__score__0_90",
      COALESCE("t27"."feedback__scores__0_90", 0.0) AS "feedback__scores__0_90",
      COALESCE("t27"."feedback__score__90_365", 0.0) AS "feedback__score__90_365",
      COALESCE("t27"."feedback__scores__90_365", 0.0) AS "feedback__scores__90_365",
      COALESCE("t27"."feedback__score_quality__0_365", 0.0) AS "feedback__score_quality__0_365",
      COALESCE("t27"."feedback__scores_quality__0_365", 0.0) AS "feedback__scores_quality__0_365",
      COALESCE("t27"."feedback__score_quality__0_90", 0.0) AS "feedback__score_quality__0_90",
      COALESCE("t27"."feedback__scores_quality__0_90", 0.0) AS "feedback__scores_quality__0_90",
      COALESCE("t27"."feedback__score_quality__90_365", 0.0) AS "feedback__score_quality__90_365",
      COALESCE("t27"."feedback__scores_quality__90_365", 0.0) AS "feedback__scores_quality__90_365",
      COALESCE("t27"."feedback__score_service__0_365", 0.0) AS "feedback__score_service__0_365",
      COALESCE("t27"."feedback__scores_service__0_365", 0.0) AS "feedback__scores_service__0_365",
      COALESCE("t27"."feedback__score_service__0_90", 0.0) AS "feedback__score_service__0_90",
      COALESCE("t27"."feedback__scores_service__0_90", 0.0) AS "feedback__scores_service__0_90",
      COALESCE("t27"."feedback__score_service__90_365", 0.0) AS "feedback__score_service__90_365",
      COALESCE("t27"."feedback__scores_service__90_365", 0.0) AS "feedback__scores_service__90_365",
      COALESCE("t27"."feedback__score_logistics__0_365", 0.0) AS "feedback__score_logistics__0_365",
      COALESCE("t27"."feedback__scores_logistics__0_365", 0.0) AS "feedback__scores_logistics__0_365",
      COALESCE("t27"."feedback__score_logistics__0_90", 0.0) AS "feedback__score_logistics__0_90",
      COALESCE("t27"."feedback__scores_logistics__0_90", 0.0) AS "feedback__scores_logistics__0_90",
      COALESCE("t27"."feedback__score_logistics__90_365", 0.0) AS "feedback__score_logistics__90_365",
      COALESCE("t27"."feedback__scores_logistics__90_365", 0.0) AS "feedback__scores_logistics__90_365",
      COALESCE("t27"."feedback__low__0_365", 0.0) AS "feedback__low__0_365",
      COALESCE("t27"."feedback__complaints__0_30", 0.0) AS "feedback__complaints__0_30",
      COALESCE("t27"."feedback__complaints__0_90", 0.0) AS "feedback__complaints__0_90",
      COALESCE("t27"."feedback__complaints__0_365", 0.0) AS "feedback__complaints__0_365",
      COALESCE("t27"."feedback__complaints__0_ever", 0.0) AS "feedback__complaints__0_ever",
      COALESCE("t27"."feedback__open__0_ever", 0.0) AS "feedback__open__0_ever",
      "t27"."feedback__open_at__0_ever",
      "t27"."feedback__complaint_at__0_ever",
      COALESCE("t28"."deliveries__delay__0_365", 0.0) AS "deliveries__delay__0_365",
      COALESCE("t28"."deliveries__n__0_365", 0.0) AS "deliveries__n__0_365",
      COALESCE("t28"."deliveries__late__0_365", 0.0) AS "deliveries__late__0_365",
      COALESCE("t29"."interactions__contact__0_30", 0.0) AS "interactions__contact__0_30",
      COALESCE("t29"."interactions__contact__0_90", 0.0) AS "interactions__contact__0_90",
      COALESCE("t29"."interactions__contact__0_365", 0.0) AS "interactions__contact__0_365",
      "t29"."interactions__contact_at__0_ever",
      COALESCE("t29"."interactions__contact__90_180", 0.0) AS "interactions__contact__90_180",
      COALESCE("t30"."treatments__n__0_90", 0.0) AS "treatments__n__0_90",
      COALESCE("t30"."treatments__n__0_365", 0.0) AS "treatments__n__0_365",
      "t30"."treatments__at__0_ever",
      COALESCE("t29"."interactions__visit__0_30", 0.0) AS "interactions__visit__0_30",
      COALESCE("t29"."interactions__visit__0_90", 0.0) AS "interactions__visit__0_90",
      "t29"."interactions__visit_at__0_ever",
      COALESCE("t29"."interactions__browse__0_90", 0.0) AS "interactions__browse__0_90",
      COALESCE("t29"."interactions__open__0_90", 0.0) AS "interactions__open__0_90",
      COALESCE("t29"."interactions__click__0_90", 0.0) AS "interactions__click__0_90",
      COALESCE("t29"."interactions__cart__0_90", 0.0) AS "interactions__cart__0_90",
      COALESCE("t31"."carts__abandoned__0_30", 0.0) AS "carts__abandoned__0_30",
      COALESCE("t29"."interactions__visit__90_180", 0.0) AS "interactions__visit__90_180",
      COALESCE("t24"."orders__discount__0_365", 0.0) AS "orders__discount__0_365",
      COALESCE("t24"."orders__discounted__0_365", 0.0) AS "orders__discounted__0_365",
      COALESCE("t29"."interactions__redeem__0_90", 0.0) AS "interactions__redeem__0_90",
      COALESCE("t29"."interactions__redeem__0_365", 0.0) AS "interactions__redeem__0_365",
      "t29"."interactions__redeem_at__0_ever",
      COALESCE("t24"."orders__n__275_365", 0.0) AS "orders__n__275_365"
    FROM (
      SELECT
        *
      FROM (
        SELECT
          "t1"."customer_id",
          "t1"."as_of"
        FROM "orders_sums" AS "t1"
      ) AS "t13"
      UNION
      SELECT
        *
      FROM (
        SELECT
          "t12"."customer_id",
          "t11"."as_of"
        FROM "customers" AS "t12"
        INNER JOIN "cutoffs" AS "t11"
          ON (
            "t12"."acquired_at" IS NULL
          ) OR (
            "t12"."acquired_at" < "t11"."as_of"
          )
      ) AS "t35"
    ) AS "t37"
    INNER JOIN "cutoffs" AS "t11"
      ON "t37"."as_of" = "t11"."as_of"
    LEFT OUTER JOIN (
      SELECT
        "t23"."customer_id" AS "prices_customer",
        "t23"."as_of" AS "prices_as_of",
        "t23"."prices__spent__0_ever",
        "t23"."prices__usual__0_ever"
      FROM (
        SELECT
          "t10"."customer_id",
          "t10"."as_of",
          "t10"."spent" AS "prices__spent__0_ever",
          "t10"."usual" AS "prices__usual__0_ever"
        FROM "prices_sums_0" AS "t10"
      ) AS "t23"
    ) AS "t34"
      ON "t37"."customer_id" = "t34"."prices_customer"
      AND "t37"."as_of" = "t34"."prices_as_of"
    LEFT OUTER JOIN (
      SELECT
        "t1"."customer_id" AS "orders_customer",
        "t1"."as_of" AS "orders_as_of",
        "t1"."orders__n__0_ever",
        "t1"."orders__at__0_ever",
        "t1"."orders__gap__0_ever",
        "t1"."orders__gaps__0_ever",
        "t1"."orders__longest_gap__0_ever",
        "t1"."orders__gap__0_365",
        "t1"."orders__gaps__0_365",
        "t1"."orders__gap_squared__0_ever",
        "t1"."orders__gap__0_180",
        "t1"."orders__gaps__0_180",
        "t1"."orders__period__0_ever",
        "t1"."orders__first_at__0_ever",
        "t1"."orders__n__0_7",
        "t1"."orders__n__0_14",
        "t1"."orders__n__0_30",
        "t1"."orders__n__0_60",
        "t1"."orders__n__0_90",
        "t1"."orders__n__0_180",
        "t1"."orders__n__0_365",
        "t1"."orders__day__0_90",
        "t1"."orders__day__0_365",
        "t1"."orders__day__0_ever",
        "t1"."orders__decayed_30__0_ever",
        "t1"."orders__decayed_90__0_ever",
        "t1"."orders__spend__0_7",
        "t1"."orders__spend__0_14",
        "t1"."orders__spend__0_30",
        "t1"."orders__spend__0_60",
        "t1"."orders__spend__0_90",
        "t1"."orders__spend__0_180",
        "t1"."orders__spend__0_365",
        "t1"."orders__spend__0_ever",
        "t1"."orders__returned__0_90",
        "t1"."orders__returned__0_365",
        "t1"."orders__returned__0_ever",
        "t1"."orders__log_value__0_ever",
        "t1"."orders__log_value_squared__0_ever",
        "t1"."orders__largest__0_ever",
        "t1"."orders__last_value__0_ever",
        "t1"."orders__lines__0_365",
        "t1"."orders__items__0_365",
        "t1"."orders__n__30_60",
        "t1"."orders__n__90_180",
        "t1"."orders__spend__30_60",
        "t1"."orders__spend__90_180",
        "t1"."orders__returned__0_180",
        "t1"."orders__spend__180_ever",
        "t1"."orders__returned__180_ever",
        "t1"."orders__n__180_ever",
        "t1"."orders__premium__0_365",
        "t1"."orders__premium_flagged__0_365",
        "t1"."orders__main__0_365",
        "t1"."orders__main_flagged__0_365",
        "t1"."orders__returns__0_90",
        "t1"."orders__returns__0_365",
        "t1"."orders__returns__0_ever",
        "t1"."orders__return_at__0_ever",
        "t1"."orders__discount__0_365",
        "t1"."orders__discounted__0_365",
        "t1"."orders__n__275_365"
      FROM "orders_sums" AS "t1"
    ) AS "t24"
      ON "t37"."customer_id" = "t24"."orders_customer"
      AND "t37"."as_of" = "t24"."orders_as_of"
    LEFT OUTER JOIN (
      SELECT
        "t2"."customer_id" AS "new_products_customer",
        "t2"."as_of" AS "new_products_as_of",
        "t2"."new_products__n__0_ever",
        "t2"."new_products__n__0_90",
        "t2"."new_products__n__0_365"
      FROM "new_products_sums" AS "t2"
    ) AS "t25"
      ON "t37"."customer_id" = "t25"."new_products_customer"
      AND "t37"."as_of" = "t25"."new_products_as_of"
    LEFT OUTER JOIN (
      SELECT
        "t3"."customer_id" AS "new_categories_customer",
        "t3"."as_of" AS "new_categories_as_of",
        "t3"."new_categories__n__0_ever",
        "t3"."new_categories__n__0_90",
        "t3"."new_categories__n__0_365"
      FROM "new_categories_sums" AS "t3"
    ) AS "t26"
      ON "t37"."customer_id" = "t26"."new_categories_customer"
      AND "t37"."as_of" = "t26"."new_categories_as_of"
    LEFT OUTER JOIN (
      SELECT
        "t4"."customer_id" AS "feedback_customer",
        "t4"."as_of" AS "feedback_as_of",
        "t4"."feedback__score__0_365",
        "t4"."feedback__scores__0_365",
        "t4"."feedback__score__0_90",
        "t4"."feedback__scores__0_90",
        "t4"."feedback__score__90_365",
        "t4"."feedback__scores__90_365",
        "t4"."feedback__score_quality__0_365",
        "t4"."feedback__scores_quality__0_365",
        "t4"."feedback__score_quality__0_90",
        "t4"."feedback__scores_quality__0_90",
        "t4"."feedback__score_quality__90_365",
        "t4"."feedback__scores_quality__90_365",
        "t4"."feedback__score_service__0_365",
        "t4"."feedback__scores_service__0_365",
        "t4"."feedback__score_service__0_90",
        "t4"."feedback__scores_service__0_90",
        "t4"."feedback__score_service__90_365",
        "t4"."feedback__scores_service__90_365",
        "t4"."feedback__score_logistics__0_365",
        "t4"."feedback__scores_logistics__0_365",
        "t4"."feedback__score_logistics__0_90",
        "t4"."feedback__scores_logistics__0_90",
        "t4"."feedback__score_logistics__90_365",
        "t4"."feedback__scores_logistics__90_365",
        "t4"."feedback__low__0_365",
        "t4"."feedback__complaints__0_30",
        "t4"."feedback__complaints__0_90",
        "t4"."feedback__complaints__0_365",
        "t4"."feedback__complaints__0_ever",
        "t4"."feedback__open__0_ever",
        "t4"."feedback__open_at__0_ever",
        "t4"."feedback__complaint_at__0_ever"
      FROM "feedback_sums" AS "t4"
    ) AS "t27"
      ON "t37"."customer_id" = "t27"."feedback_customer"
      AND "t37"."as_of" = "t27"."feedback_as_of"
    LEFT OUTER JOIN (
      SELECT
        "t5"."customer_id" AS "deliveries_customer",
        "t5"."as_of" AS "deliveries_as_of",
        "t5"."deliveries__delay__0_365",
        "t5"."deliveries__n__0_365",
        "t5"."deliveries__late__0_365"
      FROM "deliveries_sums" AS "t5"
    ) AS "t28"
      ON "t37"."customer_id" = "t28"."deliveries_customer"
      AND "t37"."as_of" = "t28"."deliveries_as_of"
    LEFT OUTER JOIN (
      SELECT
        "t6"."customer_id" AS "interactions_customer",
        "t6"."as_of" AS "interactions_as_of",
        "t6"."interactions__contact__0_30",
        "t6"."interactions__contact__0_90",
        "t6"."interactions__contact__0_365",
        "t6"."interactions__contact_at__0_ever",
        "t6"."interactions__contact__90_180",
        "t6"."interactions__visit__0_30",
        "t6"."interactions__visit__0_90",
        "t6"."interactions__visit_at__0_ever",
        "t6"."interactions__browse__0_90",
        "t6"."interactions__open__0_90",
        "t6"."interactions__click__0_90",
        "t6"."interactions__cart__0_90",
        "t6"."interactions__visit__90_180",
        "t6"."interactions__redeem__0_90",
        "t6"."interactions__redeem__0_365",
        "t6"."interactions__redeem_at__0_ever"
      FROM "interactions_sums" AS "t6"
    ) AS "t29"
      ON "t37"."customer_id" = "t29"."interactions_customer"
      AND "t37"."as_of" = "t29"."interactions_as_of"
    LEFT OUTER JOIN (
      SELECT
        "t7"."customer_id" AS "treatments_customer",
        "t7"."as_of" AS "treatments_as_of",
        "t7"."treatments__n__0_90",
        "t7"."treatments__n__0_365",
        "t7"."treatments__at__0_ever"
      FROM "treatments_sums" AS "t7"
    ) AS "t30"
      ON "t37"."customer_id" = "t30"."treatments_customer"
      AND "t37"."as_of" = "t30"."treatments_as_of"
    LEFT OUTER JOIN (
      SELECT
        "t8"."customer_id" AS "carts_customer",
        "t8"."as_of" AS "carts_as_of",
        "t8"."carts__abandoned__0_30"
      FROM "carts_sums" AS "t8"
    ) AS "t31"
      ON "t37"."customer_id" = "t31"."carts_customer"
      AND "t37"."as_of" = "t31"."carts_as_of"
    LEFT OUTER JOIN (
      SELECT
        "t9"."customer_id" AS "profile_customer",
        "t9"."acquired_at" AS "profile__acquired_at",
        "t9"."company_size" AS "profile__company_size",
        "t9"."country" AS "profile__country",
        "t9"."customer_type" AS "profile__customer_type",
        "t9"."fulfilment" AS "profile__fulfilment",
        "t9"."industry" AS "profile__industry",
        "t9"."member_level" AS "profile__member_level",
        "t9"."preferred_channel" AS "profile__preferred_channel",
        "t9"."region" AS "profile__region"
      FROM "customers" AS "t9"
    ) AS "t32"
      ON "t37"."customer_id" = "t32"."profile_customer"
  ) AS "t38"
) AS "t39"
ORDER BY
  "t39"."as_of" ASC,
  "t39"."customer_id" ASC
