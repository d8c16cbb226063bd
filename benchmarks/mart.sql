-- The mart in SQL: the same orders, member x category and members tables as `toolkit.mart` makes, from the plain folder of benchmarks/receipts.py.
-- {plain}, {products}, {as_of} and {out} are filled in by benchmarks/peers.py. Money and quantities are integers, ties go to the smaller id.
CREATE TEMP TABLE seen AS
SELECT l.*, p.category_id, p.counted,
       CASE WHEN p.counted THEN l.quantity_milli ELSE 0 END AS units,
       epoch_us(l.ordered_at) // 86400000000 AS day
FROM read_parquet('{plain}') l JOIN read_parquet('{products}') p USING (product_id)
WHERE l.ordered_at < DATE '{as_of}' + INTERVAL 1 DAY;

CREATE TEMP TABLE orders AS
SELECT max(member_id) AS member_id, order_id, max(ordered_at) AS ordered_at, max(day) AS day, max(store_id) AS store_id, max(channel_id) AS channel_id,
       bool_or(quantity_milli > 0 OR (quantity_milli = 0 AND amount > 0)) AS is_order,
       sum(amount)::BIGINT AS amount, sum(discount_amount)::BIGINT AS discount_amount,
       sum(CASE WHEN discount_amount > 0 THEN amount ELSE 0 END)::BIGINT AS promo_amount,
       sum(coupon_amount)::BIGINT AS coupon_amount, sum(units)::BIGINT AS units_milli, count(*) AS line_count
FROM seen GROUP BY order_id;

COPY (SELECT *, CASE WHEN is_order AND member_id IS NOT NULL
             THEN day - lag(day) OVER (PARTITION BY member_id, is_order ORDER BY ordered_at, order_id) END AS gap_days FROM orders)
TO '{out}/orders.parquet' (FORMAT parquet);

-- The fastest of four ways tried: levels of group-bys, DISTINCT on packed keys and views instead of tables all took longer.
CREATE TEMP TABLE member_category AS
SELECT member_id, category_id, count(DISTINCT order_id) FILTER (quantity_milli > 0) AS order_count,
       count(DISTINCT day) FILTER (quantity_milli > 0) AS day_count, sum(amount)::BIGINT AS amount, sum(units)::BIGINT AS units_milli,
       coalesce(sum(amount) FILTER (quantity_milli > 0 AND counted), 0)::BIGINT AS priced_amount,
       coalesce(sum(units) FILTER (quantity_milli > 0 AND counted), 0)::BIGINT AS priced_units_milli
FROM seen WHERE member_id IS NOT NULL GROUP BY member_id, category_id;
COPY member_category TO '{out}/member_category.parquet' (FORMAT parquet);

COPY (SELECT product_id, count(*) AS line_count, sum(amount)::BIGINT AS amount, sum(units)::BIGINT AS units_milli,
             count(DISTINCT order_id) FILTER (quantity_milli > 0) AS order_count,
             coalesce(sum(amount) FILTER (member_id IS NOT NULL), 0)::BIGINT AS member_amount,
             coalesce(sum(units) FILTER (member_id IS NOT NULL), 0)::BIGINT AS member_units_milli,
             count(DISTINCT order_id) FILTER (quantity_milli > 0 AND member_id IS NOT NULL) AS member_order_count
      FROM seen GROUP BY product_id) TO '{out}/products.parquet' (FORMAT parquet);

CREATE TEMP TABLE days AS
SELECT *, day - lag(day) OVER (PARTITION BY member_id ORDER BY day) AS gap,
       CASE WHEN amount > 0 THEN least(greatest((20000 * promo_amount + amount) // (2 * amount), 0), 10000) END AS bp
FROM (SELECT member_id, day, sum(amount)::BIGINT AS amount, sum(promo_amount)::BIGINT AS promo_amount, sum(coupon_amount) > 0 AS coupon
      FROM orders WHERE member_id IS NOT NULL GROUP BY member_id, day HAVING bool_or(is_order));

CREATE TEMP TABLE day_features AS
SELECT member_id, min(day) AS first_day, max(day) AS last_day, count(*) AS day_count,
       count(DISTINCT date_trunc('month', DATE '1970-01-01' + day::INTEGER)) AS active_month_count,
       count(*) FILTER (coupon) AS coupon_day_count,
       count(bp) FILTER (day % 2 = 1) AS promo_days_odd, count(bp) FILTER (day % 2 = 0) AS promo_days_even,
       coalesce(sum(bp) FILTER (day % 2 = 1), 0)::BIGINT AS promo_bp_odd, coalesce(sum(bp) FILTER (day % 2 = 0), 0)::BIGINT AS promo_bp_even,
       coalesce(sum(bp * bp), 0)::BIGINT AS promo_bp_sq,
       count(*) FILTER (day % 2 = 1) AS coupon_days_odd, count(*) FILTER (day % 2 = 0) AS coupon_days_even,
       10000 * count(*) FILTER (coupon AND day % 2 = 1) AS coupon_bp_odd, 10000 * count(*) FILTER (coupon AND day % 2 = 0) AS coupon_bp_even,
       100000000 * count(*) FILTER (coupon) AS coupon_bp_sq,
       count(*) FILTER (day > {today} - 28) AS day_count_28d, count(*) FILTER (day > {today} - 56) AS day_count_56d,
       count(*) FILTER (day > {today} - 91) AS day_count_91d,
       avg(gap) AS gap_days_mean, stddev_samp(gap) AS gap_days_std, arg_max(gap, day) AS last_gap_days
FROM days GROUP BY member_id;

CREATE TEMP MACRO favourite(option) AS TABLE
SELECT member_id, count(*) AS options, arg_max(choice, orders * 1000000 - choice) AS choice, max(orders) AS orders
FROM (SELECT member_id, choice, count(*) AS orders FROM (
        SELECT member_id, CASE option WHEN 'store' THEN store_id WHEN 'channel' THEN channel_id WHEN 'weekday' THEN (day + 3) % 7 + 1
                                      ELSE hour(ordered_at) // 4 END AS choice
        FROM orders WHERE is_order AND member_id IS NOT NULL) GROUP BY member_id, choice)
GROUP BY member_id;

CREATE TEMP TABLE prices AS
SELECT category_id, sum(priced_amount) AS money, sum(priced_units_milli) AS units FROM member_category GROUP BY category_id;

COPY (
WITH sums AS (
  SELECT member_id, count(*) FILTER (is_order) AS order_count, count(*) FILTER (NOT is_order) AS return_order_count,
         sum(line_count)::BIGINT AS line_count, sum(amount)::BIGINT AS amount, sum(units_milli)::BIGINT AS units_milli,
         sum(discount_amount)::BIGINT AS discount_amount, sum(promo_amount)::BIGINT AS promo_amount,
         coalesce(sum(amount) FILTER (day > first_day), 0)::BIGINT AS repeat_amount,
         coalesce(sum(amount) FILTER (day > {today} - 28), 0)::BIGINT AS amount_28d,
         coalesce(sum(amount) FILTER (day > {today} - 91), 0)::BIGINT AS amount_91d,
         coalesce(sum(amount) FILTER (day > {today} - 182 AND day <= {today} - 91), 0)::BIGINT AS amount_prev_91d,
         coalesce(sum(amount) FILTER (day > {today} - 365), 0)::BIGINT AS amount_365d,
         count(*) FILTER (is_order AND day > {today} - 28) AS order_count_28d, count(*) FILTER (is_order AND day > {today} - 91) AS order_count_91d,
         count(*) FILTER (is_order AND day > {today} - 182 AND day <= {today} - 91) AS order_count_prev_91d,
         count(*) FILTER (is_order AND day > {today} - 365) AS order_count_365d
  FROM orders LEFT JOIN (SELECT member_id, first_day FROM day_features) USING (member_id)
  WHERE member_id IS NOT NULL GROUP BY member_id),
categories AS (
  SELECT member_id, count(*) FILTER (order_count > 0) AS category_count,
         arg_max(category_id, amount * 1000 - category_id) FILTER (order_count > 0) AS top_category,
         coalesce(max(amount) FILTER (order_count > 0), 0) AS top_category_amount, sum(priced_amount)::BIGINT AS priced_amount,
         -- in decimal arithmetic to a minor unit or so; the toolkit's is exact
         round(sum(priced_units_milli * (money::DOUBLE / nullif(units, 0))))::BIGINT AS expected_amount
  FROM member_category JOIN prices USING (category_id) GROUP BY member_id)
SELECT sums.*, day_features.* EXCLUDE (member_id), categories.* EXCLUDE (member_id),
       coalesce(s.options, 0) AS store_count, s.choice AS home_store, coalesce(s.orders, 0) AS home_store_order_count,
       c.choice AS top_channel, coalesce(c.orders, 0) AS top_channel_order_count, w.choice AS top_weekday, coalesce(w.orders, 0) AS top_weekday_order_count,
       h.choice AS top_hour_band, coalesce(h.orders, 0) AS top_hour_band_order_count
FROM sums LEFT JOIN day_features USING (member_id) LEFT JOIN categories USING (member_id)
LEFT JOIN favourite('store') s USING (member_id) LEFT JOIN favourite('channel') c USING (member_id)
LEFT JOIN favourite('weekday') w USING (member_id) LEFT JOIN favourite('hour') h USING (member_id)
) TO '{out}/members.parquet' (FORMAT parquet);
