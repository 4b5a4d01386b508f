-- Customers: more of them as the years go by; most come back, a few order very often.
insert into shop.customers (id, full_name, email, phone, national_id, birth_date, street, city, postal_code, country, segment, created_at, marketing_opt_in)
select i, name,
  local || case when row_number() over same_name > 1 then (row_number() over same_name * 7 + i % 7)::text else '' end
    || '@' || seed.pick('{example.com,example.com,example.net,example.org,mail.example,post.example,inbox.example}', seed.u('domain', i)),
  case when seed.u('has phone', i) < 0.88 then seed.digits(dial, 'phone', i) end,
  case when seed.u('has identity', i) < 0.62 then seed.digits(identity, 'identity', i) end,
  case when seed.u('has birth', i) < 0.91 then date '1941-01-01' + floor(24000 * (0.5 * seed.u('birth', i) + 0.5 * seed.u('birth', i, 1)))::integer end,
  case when house_first then house || ' ' || street else street || ' ' || house end,
  city, seed.digits(postal, 'postal', i), code,
  case when seed.u('segment', i) < 0.86 then 'consumer' when seed.u('segment', i) < 0.97 then 'small business' else 'corporate' end,
  created_at, seed.u('opt in', i) < 0.41
from (
  select i, c.*, seed.pick(first_names, seed.u('first', i)) as first_name,
    seed.pick(first_names, seed.u('first', i)) || ' ' || seed.pick(last_names, seed.u('last', i)) as name,
    seed.slug(seed.pick(first_names, seed.u('first', i))) || '.' || seed.slug(seed.pick(last_names, seed.u('last', i))) as local,
    seed.pick(cities, seed.u('city', i) ^ 1.5) as city, seed.pick(streets, seed.u('street', i)) as street,
    (1 + floor(seed.u('house', i) ^ 2 * 140)::integer)::text as house,
    date_trunc('minute', timestamptz '2023-01-02 07:00+00' + interval '1 second' * floor(1395 * 86400 * ((i - 1) / 3000.0) ^ 0.6 + 86400 * seed.u('joined', i))) as created_at
  from generate_series(1, 3000) as i
  join seed.country_ranges c on seed.u('country', i) >= c.low and seed.u('country', i) < c.high
) as t
window same_name as (partition by local order by i);

-- Test ranges of the card networks; the check digit is right.
insert into shop.cards (id, customer_id, pan, holder_name, expires_on, brand)
select row_number() over (order by c.id, k), c.id, seed.luhn(seed.digits(pattern, 'pan', c.id * 10 + k)), upper(seed.slug(split_part(c.full_name, ' ', 1))) || ' ' ||
  upper(replace(seed.slug(substr(c.full_name, strpos(c.full_name, ' ') + 1)), '.', ' ')),
  (date '2026-01-01' + interval '1 month' * (1 + floor(seed.u('expires', c.id, k) * 56)::integer) - interval '1 day')::date, brand
from shop.customers c
cross join generate_series(1, 2) as k
join (values ('visa', '411111#########', 0.0, 0.35), ('visa', '400000#########', 0.35, 0.52), ('mastercard', '555555#########', 0.52, 0.78),
             ('mastercard', '222300#########', 0.78, 0.86), ('amex', '378282########', 0.86, 0.95), ('discover', '601111#########', 0.95, 1.0)) as b(brand, pattern, low, high)
  on seed.u('brand', c.id, k) >= b.low and seed.u('brand', c.id, k) < b.high
where seed.u('has card', c.id, k) < case k when 1 then 0.66 else 0.14 end;
