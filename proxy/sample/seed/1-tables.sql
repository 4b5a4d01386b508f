-- The sample shop: a retailer of kitchen, garden and outdoor goods that ships from Europe to many countries. All people are invented:
-- names are drawn from lists of common names, addresses end in reserved domains, card numbers come from test ranges.
create schema shop;
comment on schema shop is 'Sample data: an invented retailer of kitchen, garden and outdoor goods';

create table shop.customers (
  id               integer primary key,
  full_name        text not null,
  email            text not null unique,
  phone            text,
  national_id      text,
  birth_date       date,
  street           text not null,
  city             text not null,
  postal_code      text not null,
  country          char(2) not null,
  segment          text not null check (segment in ('consumer', 'small business', 'corporate')),
  created_at       timestamptz not null,
  marketing_opt_in boolean not null default false
);
comment on table shop.customers is 'People and businesses with an account';
comment on column shop.customers.national_id is 'Identity number, kept for invoices where the law asks for it';
comment on column shop.customers.country is 'ISO 3166-1 alpha-2 code';
comment on column shop.customers.segment is 'consumer, small business or corporate';
comment on column shop.customers.marketing_opt_in is 'May we send newsletters?';
create index customers_country_idx on shop.customers (country, city);
create index customers_created_at_idx on shop.customers (created_at);

create table shop.cards (
  id          integer primary key,
  customer_id integer not null references shop.customers on delete cascade,
  pan         text not null,
  holder_name text not null,
  expires_on  date not null,
  brand       text not null check (brand in ('visa', 'mastercard', 'amex', 'discover'))
);
comment on table shop.cards is 'Payment cards on file';
comment on column shop.cards.pan is 'Card number (primary account number)';
create index cards_customer_id_idx on shop.cards (customer_id);

create table shop.categories (
  id        integer primary key,
  parent_id integer references shop.categories,
  name      text not null unique
);
comment on table shop.categories is 'Two levels of product categories';

create table shop.suppliers (
  id            integer primary key,
  name          text not null unique,
  contact_name  text not null,
  contact_email text not null,
  country       char(2) not null,
  lead_days     integer not null check (lead_days > 0)
);
comment on table shop.suppliers is 'Companies that we buy from';
comment on column shop.suppliers.lead_days is 'Days from our order to their delivery';

create table shop.products (
  id          integer primary key,
  category_id integer not null references shop.categories,
  supplier_id integer not null references shop.suppliers,
  sku         text not null unique,
  name        text not null,
  price       numeric(10,2) not null check (price > 0),
  cost        numeric(10,2) not null check (cost > 0),
  attributes  jsonb not null default '{}',
  active      boolean not null default true
);
comment on table shop.products is 'What we sell';
comment on column shop.products.price is 'Price today in euro, tax included';
comment on column shop.products.cost is 'What we pay the supplier, in euro';
create index products_category_id_idx on shop.products (category_id);

create table shop.inventory (
  product_id integer not null references shop.products,
  warehouse  text not null,
  on_hand    integer not null check (on_hand >= 0),
  reorder_at integer not null,
  counted_at timestamptz not null,
  primary key (product_id, warehouse)
);
comment on table shop.inventory is 'Stock per product and warehouse';

create table shop.employees (
  id         integer primary key,
  full_name  text not null,
  email      text not null unique,
  salary     numeric(10,2) not null,
  team       text not null,
  manager_id integer references shop.employees,
  hired_on   date not null
);
comment on table shop.employees is 'Staff';
comment on column shop.employees.salary is 'Gross salary per year in euro';
create index employees_manager_id_idx on shop.employees (manager_id);

-- The foreign keys of the four large tables follow when they are filled (5-orders.sql).
create table shop.orders (
  id          integer primary key,
  customer_id integer not null,
  placed_at   timestamptz not null,
  status      text not null check (status in ('pending', 'paid', 'shipped', 'delivered', 'cancelled', 'returned')),
  channel     text not null check (channel in ('web', 'app', 'store', 'marketplace', 'phone')),
  total       numeric(12,2) not null default 0
);
comment on table shop.orders is 'Orders; their lines are in order_lines';
comment on column shop.orders.total is 'Sum of the lines in euro';

create table shop.order_lines (
  order_id   integer not null,
  line       integer not null,
  product_id integer not null,
  quantity   integer not null check (quantity > 0),
  unit_price numeric(10,2) not null,
  primary key (order_id, line)
);
comment on table shop.order_lines is 'Products of an order';
comment on column shop.order_lines.unit_price is 'Price when the order was placed';

create table shop.payments (
  id       integer primary key,
  order_id integer not null,
  card_id  integer,
  method   text not null check (method in ('card', 'wallet', 'transfer', 'invoice', 'gift card')),
  status   text not null check (status in ('captured', 'refunded', 'failed')),
  amount   numeric(12,2) not null,
  paid_at  timestamptz not null
);
comment on table shop.payments is 'Attempts to pay an order';

create table shop.shipments (
  id            integer primary key,
  order_id      integer not null,
  warehouse     text not null,
  carrier       text not null,
  tracking_code text not null unique,
  shipped_at    timestamptz not null,
  delivered_at  timestamptz
);
comment on table shop.shipments is 'Parcels';

create table shop.support_tickets (
  id          integer primary key,
  customer_id integer not null references shop.customers,
  subject     text not null,
  body        text not null,
  status      text not null check (status in ('open', 'waiting', 'closed')),
  created_at  timestamptz not null
);
comment on table shop.support_tickets is 'Messages from customers, as they wrote them: untrusted text';
create index support_tickets_customer_id_idx on shop.support_tickets (customer_id);

create table shop.ticket_replies (
  id          integer primary key,
  ticket_id   integer not null references shop.support_tickets on delete cascade,
  employee_id integer references shop.employees,
  body        text not null,
  created_at  timestamptz not null
);
comment on table shop.ticket_replies is 'Answers; without an employee, the customer wrote again';
create index ticket_replies_ticket_id_idx on shop.ticket_replies (ticket_id);
