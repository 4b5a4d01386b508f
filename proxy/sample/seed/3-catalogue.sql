-- Categories, suppliers, products, stock, staff.
insert into shop.categories (id, parent_id, name) values
  (1, null, 'Kitchen'), (2, null, 'Garden'), (3, null, 'Outdoor'), (4, null, 'Home'),
  (5, 1, 'Cookware'), (6, 1, 'Knives'), (7, 1, 'Coffee and tea'), (8, 2, 'Garden tools'), (9, 2, 'Pots and planters'),
  (10, 2, 'Seeds and bulbs'), (11, 3, 'Camping'), (12, 3, 'Packs and bags'), (13, 4, 'Lighting'), (14, 4, 'Textiles');

insert into shop.suppliers (id, name, contact_name, contact_email, country, lead_days)
select i, name, contact, seed.slug(contact) || '@' || replace(seed.slug(name), '.', '-') || '.example', country, 3 + floor(seed.u('lead', i) * 40)::integer
from (values
  (1, 'Hallgrim Eisenwaren', 'Renate Vogt', 'DE'), (2, 'Coutellerie Brévent', 'Yves Charpin', 'FR'), (3, 'Fratelli Oltremare', 'Silvia Danesi', 'IT'),
  (4, 'Polder Zaden', 'Wietske Hoekstra', 'NL'), (5, 'Northfell Gear', 'Alun Prosser', 'GB'), (6, 'Takumi Forge', 'Shinji Arakawa', 'JP'),
  (7, 'Lehmhaus Keramik', 'Dörte Paulsen', 'DE'), (8, 'Cascade Pack Works', 'Noreen Ballard', 'US'), (9, 'Skogen Textil', 'Maj Hellgren', 'SE'),
  (10, 'Anatolia Weavers', 'Nihal Erdem', 'TR'), (11, 'Lumen & Holz', 'Ulf Brandner', 'DE'), (12, 'Kaveri Exports', 'Ganesh Pillai', 'IN')
) as t(i, name, contact, country);

insert into shop.products (id, category_id, supplier_id, sku, name, price, cost, attributes, active)
select i, category, (array[1, 6, 3, 1, 7, 4, 5, 8, 11, 9])[category - 4], upper(substr(replace(seed.slug(name), '.', ''), 1, 3)) || '-' || lpad(i::text, 4, '0'),
  name, price, round(price * (0.38 + 0.25 * seed.u('cost', i))::numeric, 2),
  jsonb_build_object('weight_g', 50 * (1 + floor(seed.u('weight', i) * 60)::integer), 'colour', seed.pick('{natural,black,green,blue,red,grey}', seed.u('colour', i)))
    || case when seed.u('care', i) < 0.3 then '{"dishwasher_safe": true}'::jsonb else '{}'::jsonb end,
  seed.u('active', i) > 0.06
from (
  select row_number() over (order by category, ordinality)::integer as i, category, split_part(entry, '|', 1) as name, split_part(entry, '|', 2)::numeric(10,2) as price
  from (values
    (5, '{Cast iron skillet 26 cm|49.90,Enamel casserole 4 l|119.00,Carbon steel wok|64.50,Copper saucepan 16 cm|149.00,Stock pot 10 l|89.00,Roasting tin|34.90,Griddle plate|39.90,Steamer basket|18.50,Milk pan 1 l|27.90,Tagine 28 cm|59.00,Glass lid 26 cm|14.90,Pasta pot 7 l|74.00}'::text[]),
    (6, '{Chef''s knife 20 cm|129.00,Paring knife 9 cm|39.00,Bread knife 25 cm|79.00,Santoku 17 cm|139.00,Nakiri 16 cm|145.00,Honing steel|45.00,Whetstone 1000/3000|54.90,Knife block oak|89.00,Kitchen shears|29.90,Oyster knife|19.90,Steak knives set of 4|95.00,Magnetic strip walnut|49.00}'),
    (7, '{Pour-over dripper|24.90,Gooseneck kettle|69.00,Hand grinder|119.00,French press 1 l|34.90,Moka pot 6 cups|36.50,Espresso cups set of 4|32.00,Tea pot cast iron|58.00,Matcha whisk|17.90,Filter papers 100|6.90,Milk frother|19.90,Coffee scale|45.00,Travel mug 350 ml|26.90}'),
    (8, '{Hand trowel|16.90,Bypass secateurs|44.90,Digging spade|59.00,Garden fork|62.00,Dutch hoe|38.50,Pruning saw|34.90,Watering can 9 l|49.00,Hose reel 20 m|89.00,Garden gloves|12.90,Leaf rake|29.90,Bulb planter|21.50,Twine 100 m|5.90}'),
    (9, '{Terracotta pot 14 cm|7.90,Terracotta pot 24 cm|18.90,Zinc trough 60 cm|54.00,Hanging basket|19.90,Glazed planter blue|45.00,Seed tray|9.50,Window box 80 cm|32.00,Herb planter|27.50,Plant saucer 20 cm|4.90,Raised bed larch|139.00,Trellis 180 cm|36.00,Self-watering pot|24.90}'),
    (10, '{Tomato seeds heirloom mix|3.90,Basil seeds|2.50,Wildflower meadow 10 m²|12.90,Tulip bulbs 25|14.90,Daffodil bulbs 25|13.50,Snowdrop bulbs 50|16.90,Carrot seeds|2.50,Lettuce seeds mix|2.90,Sunflower seeds|2.90,Chilli seeds|3.50,Garlic for planting|5.90,Green manure 1 kg|8.90}'),
    (11, '{Two-person tent|289.00,Down sleeping bag|249.00,Sleeping mat|89.00,Gas stove|49.90,Cook set titanium|79.00,Head torch|39.90,Water filter|44.90,Enamel mug|9.90,Folding chair|64.00,Dry bag 20 l|22.90,Tarp 3 × 3 m|74.00,Fire steel|14.90}'),
    (12, '{Day pack 22 l|99.00,Trekking pack 55 l|219.00,Roll-top pack 28 l|129.00,Hip bag|34.90,Duffel 60 l|119.00,Packing cubes set of 3|29.90,Rain cover|19.90,Tool roll|49.00,Canvas tote|24.90,Bottle holder|14.90,Pannier 20 l|89.00,Child pack 12 l|59.00}'),
    (13, '{Desk lamp ash|119.00,Paper pendant 45 cm|49.00,Wall light brass|89.00,Solar lantern|34.90,String lights 10 m|27.90,LED bulb E27|8.90,Floor lamp oak|249.00,Candle holder set of 3|39.00,Clip lamp|29.90,Table lamp ceramic|99.00,Night light|15.90,Dimmer plug|24.90}'),
    (14, '{Wool blanket 130 × 180|129.00,Linen tea towels set of 3|27.90,Cushion cover kilim|39.00,Cotton throw|54.00,Bath towel|29.90,Linen tablecloth|79.00,Apron denim|44.90,Oven gloves|19.90,Rug 80 × 150|149.00,Napkins set of 6|34.00,Duvet cover 140 × 200|89.00,Curtain pair|109.00}')
  ) as c(category, entries), unnest(entries) with ordinality as e(entry, ordinality)
) as p;

insert into shop.inventory (product_id, warehouse, on_hand, reorder_at, counted_at)
select p.id, w, floor(seed.u('stock' || w, p.id) ^ 1.6 * 240)::integer, 10 + 5 * floor(seed.u('reorder', p.id) * 8)::integer,
  timestamptz '2026-10-31 06:00+00' - interval '1 hour' * floor(seed.u('count' || w, p.id) * 900)
from shop.products p, unnest('{Leipzig,Utrecht,Leeds}'::text[]) as w
where w = 'Leipzig' or seed.u('held' || w, p.id) < 0.7;

-- One head, a lead for each team, and people who report to their lead.
insert into shop.employees (id, full_name, email, salary, team, manager_id, hired_on)
select i, name, seed.slug(name) || case when row_number() over (partition by name order by i) > 1 then i::text else '' end || '@alder-and-pike.example',
  round((case when i = 1 then 168000 when i <= 8 then 78000 + 34000 * seed.u('pay', i) else 31000 + 33000 * seed.u('pay', i) end)::numeric, -2),
  team, case when i = 1 then null when i <= 8 then 1 else 2 + (i - 9) % 7 end,
  date '2014-03-01' + floor(seed.u('hired', i) * 4300)::integer
from (
  select i, seed.pick(c.first_names, seed.u('employee first', i)) || ' ' || seed.pick(c.last_names, seed.u('employee last', i)) as name,
    case when i = 1 then 'management' else ('{finance,support,logistics,marketing,engineering,purchasing,stores}'::text[])[1 + (i - case when i <= 8 then 2 else 9 end) % 7] end as team
  from generate_series(1, 72) as i
  join seed.country_ranges c on seed.u('employee country', i) >= c.low and seed.u('employee country', i) < c.high
) as t;
