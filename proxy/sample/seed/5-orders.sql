-- Orders with their lines, payments and parcels. An order's day follows the seasons, its hour the day.
create table seed.orders as
select row_number() over (order by placed_at, customer_id, k)::integer as id, customer_id, placed_at, segment
from (
  select c.id as customer_id, k, c.segment,
    greatest(c.created_at + interval '4 minutes', date_trunc('second', day.day + interval '1 second' * (86400 * (0.24 + 0.74 * (seed.u('hour', c.id, k) + seed.u('hour', c.id, k + 5000) + seed.u('hour', c.id, k + 9000)) / 3)))) as placed_at
  from shop.customers c
  cross join lateral (
    -- Nobody orders more often than every tenth day.
    select least(1 + (date '2026-10-31' - c.created_at::date) / 10,
                 case when x < 0.32 then 1 + floor(x / 0.32 * 2) when x < 0.65 then 3 + floor((x - 0.32) / 0.33 * 4)
                      when x < 0.90 then 7 + floor((x - 0.65) / 0.25 * 12) else 20 + floor((x - 0.90) / 0.10 * 50) end)::integer as orders
    from (select seed.u('loyalty', c.id) as x) as l
  ) as n
  cross join generate_series(1, n.orders) as k
  cross join lateral (
    -- The first of some random days that its season accepts. A first order comes soon after the account.
    select day from (
      select t, date_trunc('day', c.created_at, 'UTC') + interval '1 day' * floor(
          case when k = 1 then 9 * seed.u('day', c.id, k * 10 + t)
               else (date '2026-10-31' - c.created_at::date) * seed.u('day', c.id, k * 10 + t) end) as day
      from generate_series(1, 5) as t
    ) as d
    order by case when seed.u('accept', c.id, k * 10 + t) < seed.season(day) then 0 else 1 end, t
    limit 1
  ) as day
) as o
where placed_at < timestamptz '2026-11-01 00:00+00';

analyze seed.orders, shop.customers, shop.cards, shop.products;

-- A few products sell most; businesses buy several of one thing; prices were lower in earlier years.
create table seed.lines as
select l.order_id, row_number() over (partition by l.order_id order by l.k)::integer as line, l.product_id,
  case when l.segment = 'consumer' then 1 + floor(seed.u('quantity', l.order_id, l.k) ^ 5 * 4)::integer else 1 + floor(seed.u('quantity', l.order_id, l.k) ^ 2 * 12)::integer end as quantity,
  round(p.price * (1 - 0.03 * (2026 - extract(year from l.placed_at)) - case when seed.u('offer', l.order_id, l.k) < 0.08 then 0.15 else 0 end), 2) as unit_price
from (
  select distinct on (order_id, product_id) order_id, product_id, k, segment, placed_at
  from (
    select o.id as order_id, o.segment, o.placed_at, k, 1 + (37 * floor(120 * seed.u('product', o.id, k) ^ 1.5)::integer + 11) % 120 as product_id
    from seed.orders o, generate_series(1, 1 + floor(seed.u('lines', o.id) ^ 2 * 6)::integer) as k
  ) as c
  order by order_id, product_id, k
) as l
join shop.products p on p.id = l.product_id;
analyze seed.lines;

insert into shop.orders (id, customer_id, placed_at, status, channel, total)
select id, customer_id, placed_at,
  case when seed.u('status', id) < 0.04 then 'cancelled'
       when placed_at > timestamptz '2026-10-30 00:00+00' then case when seed.u('status', id) < 0.4 then 'pending' else 'paid' end
       when placed_at > timestamptz '2026-10-26 00:00+00' then case when seed.u('status', id) < 0.3 then 'paid' else 'shipped' end
       when seed.u('status', id) < 0.075 then 'returned'
       else 'delivered' end,
  case when seed.u('channel', id) < 0.52 then 'web' when seed.u('channel', id) < 0.52 + 0.22 * least(1, extract(year from placed_at) - 2022) then 'app'
       when seed.u('channel', id) < 0.86 then 'store' when seed.u('channel', id) < 0.97 then 'marketplace' else 'phone' end,
  t.total
from seed.orders o
join (select order_id, sum(quantity * unit_price) as total from seed.lines group by order_id) as t on t.order_id = o.id
order by id;
analyze shop.orders;

insert into shop.order_lines (order_id, line, product_id, quantity, unit_price)
select order_id, line, product_id, quantity, unit_price from seed.lines order by order_id, line;

insert into shop.payments (id, order_id, card_id, method, status, amount, paid_at)
select row_number() over (order by o.placed_at, o.id, attempt), o.id, case when o.method = 'card' then o.card_id end, o.method,
  case when attempt < o.attempts then 'failed' when o.status in ('returned', 'cancelled') then 'refunded' else 'captured' end,
  o.total, o.placed_at + interval '1 minute' * (attempt + floor(5 * seed.u('paid', o.id)))
from (
  select o.*, case when o.card_id is not null and seed.u('method', o.id) < 0.74 then 'card' when seed.u('method', o.id) < 0.85 then 'wallet'
                        when seed.u('method', o.id) < 0.92 then 'transfer' when seed.u('method', o.id) < 0.97 then 'invoice' else 'gift card' end as method,
    case when seed.u('attempts', o.id) < 0.03 then 2 else 1 end as attempts
  from (select *, (select min(id) from shop.cards c where c.customer_id = o.customer_id) as card_id from shop.orders o) as o
  where o.status <> 'pending' and (o.status <> 'cancelled' or seed.u('paid before', o.id) < 0.4)
) as o
cross join generate_series(1, o.attempts) as attempt;

insert into shop.shipments (id, order_id, warehouse, carrier, tracking_code, shipped_at, delivered_at)
select row_number() over (order by o.placed_at, o.id), o.id, case when c.country = 'GB' then 'Leeds' when c.country in ('NL', 'FR', 'US') then 'Utrecht' else 'Leipzig' end,
  seed.pick('{Parcelline,Blue Courier,Nordpost,Vélo Express}', seed.u('carrier', o.id)), seed.digits('AP', 'x', 0) || lpad(o.id::text, 7, '0') || seed.digits('####', 'tracking', o.id),
  shipped_at, case when o.status <> 'shipped' then least(timestamptz '2026-10-31 20:00+00', shipped_at + interval '1 hour' * (18 + floor(case when c.country in ('US', 'JP', 'BR', 'IN', 'NG', 'VN', 'KR') then 220 else 90 end * seed.u('transit', o.id)))) end
from (select *, date_trunc('minute', placed_at + interval '1 hour' * (3 + 40 * seed.u('packed', id))) as shipped_at from shop.orders) as o
join shop.customers c on c.id = o.customer_id
where o.status in ('shipped', 'delivered', 'returned') and o.channel <> 'store';

-- Foreign keys and indexes of the large tables, checked and built once instead of row by row.
alter table shop.orders add foreign key (customer_id) references shop.customers;
create index orders_customer_id_idx on shop.orders (customer_id);
create index orders_placed_at_idx on shop.orders (placed_at);
create index orders_open_idx on shop.orders (status) where status in ('pending', 'paid', 'shipped');
alter table shop.order_lines add foreign key (order_id) references shop.orders on delete cascade, add foreign key (product_id) references shop.products;
create index order_lines_product_id_idx on shop.order_lines (product_id);
alter table shop.payments add foreign key (order_id) references shop.orders on delete cascade, add foreign key (card_id) references shop.cards on delete set null;
create index payments_order_id_idx on shop.payments (order_id);
alter table shop.shipments add foreign key (order_id) references shop.orders on delete cascade;
create index shipments_order_id_idx on shop.shipments (order_id);
