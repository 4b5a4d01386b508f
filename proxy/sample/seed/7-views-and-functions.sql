-- Views and functions that reach sensitive columns by other names: what they show must be governed like the columns themselves.
create view shop.customer_directory as
  select id, full_name as name, email as contact, phone, city, country, segment from shop.customers;
comment on view shop.customer_directory is 'Who to call';

create view shop.order_overview as
  select o.id, o.placed_at, o.status, o.channel, c.full_name as customer, c.country, count(l.line)::integer as lines, o.total
  from shop.orders o join shop.customers c on c.id = o.customer_id left join shop.order_lines l on l.order_id = o.id
  group by o.id, c.id;
comment on view shop.order_overview is 'Orders with the name of the customer';

create view shop.revenue_by_month as
  select date_trunc('month', placed_at at time zone 'UTC')::date as month, count(*)::integer as orders, sum(total) as revenue, round(avg(total), 2) as average_order
  from shop.orders where status not in ('cancelled', 'returned') group by 1;
comment on view shop.revenue_by_month is 'Kept orders per month, in euro';

create view shop.top_customers as
  select c.id, c.full_name as name, c.email, c.country, count(*)::integer as orders, sum(o.total) as revenue
  from shop.customers c join shop.orders o on o.customer_id = c.id and o.status not in ('cancelled', 'returned')
  group by c.id order by revenue desc limit 100;
comment on view shop.top_customers is 'The hundred customers who spent most';

create function shop.order_total(order_id integer) returns numeric
  language sql stable
  as $$ select sum(l.quantity * l.unit_price) from shop.order_lines l where l.order_id = $1 $$;
comment on function shop.order_total is 'Sum of an order''s lines';

create function shop.customer_label(customer_id integer) returns text
  language sql stable
  as $$ select c.full_name || ' <' || c.email || '>' from shop.customers c where c.id = $1 $$;
comment on function shop.customer_label is 'Name and e-mail address, as in a letterhead';

create procedure shop.restock(product_id integer, quantity integer, warehouse text default 'Leipzig')
  language plpgsql
  as $$
begin
  if restock.quantity <= 0 then
    raise exception 'the quantity must be positive' using errcode = 'check_violation';
  end if;
  insert into shop.inventory as i (product_id, warehouse, on_hand, reorder_at, counted_at)
    values (restock.product_id, restock.warehouse, restock.quantity, 20, now())
    on conflict on constraint inventory_pkey do update set on_hand = i.on_hand + excluded.on_hand, counted_at = excluded.counted_at;
end $$;
comment on procedure shop.restock is 'Adds to the stock of a product in a warehouse';

drop schema seed cascade;
