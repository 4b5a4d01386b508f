-- Word lists and the deterministic source of chance, in a schema that the last step drops.
create schema seed;

-- A number in [0, 1) that depends on nothing but its arguments: the same on every machine and PostgreSQL version.
create function seed.u(salt text, a bigint, b bigint default 0) returns double precision
  language sql immutable
  return (hashtextextended(salt, a * 1000003 + b) & 9007199254740991)::double precision / 9007199254740992;

create function seed.pick(list text[], x double precision) returns text
  language sql immutable
  return list[1 + floor(x * cardinality(list))::integer];

-- Replaces each # of a pattern by a digit.
create function seed.digits(pattern text, salt text, a bigint) returns text
  language sql immutable
  return (select string_agg(case when c = '#' then floor(seed.u(salt, a, i) * 10)::integer::text else c end, '' order by i)
          from regexp_split_to_table(pattern, '') with ordinality as t(c, i));

-- The number with its Luhn check digit appended.
create function seed.luhn(digits text) returns text
  language sql immutable
  return digits || (
    select ((10 - sum(case when (length(digits) - i) % 2 = 1 then d else case when d > 4 then d * 2 - 9 else d * 2 end end) % 10) % 10)::text
    from (select i, substr(digits, i, 1)::integer as d from generate_series(1, length(digits)) as i) as t);

create function seed.slug(name text) returns text
  language sql immutable
  return regexp_replace(
    translate(replace(replace(lower(name), 'ß', 'ss'), 'ø', 'o'),
              'äöüáàâãåéèêëíìîïóòôõúùûçñğışłńśźżćęąőřščžýøđ',
              'aouaaaaaeeeeiiiioooouuucngislnszzceaorsczyod'),
    '[^a-z]+', '.', 'g');

create table seed.countries (
  code char(2) primary key, share integer, first_names text[], last_names text[], cities text[], streets text[],
  house_first boolean, postal text, dial text, identity text
);
insert into seed.countries values
('DE', 20, '{Anna,Lukas,Mia,Jonas,Katharina,Felix,Lena,Maximilian,Sabine,Jürgen,Heike,Stefan,Birgit,Moritz,Greta,Tobias}',
 '{Müller,Schmidt,Schneider,Fischer,Weber,Meyer,Wagner,Becker,Schulz,Hoffmann,Koch,Richter,Klein,Wolf,Neumann,Schwarz,Krüger,Vogel}',
 '{Berlin,Hamburg,München,Köln,Leipzig,Stuttgart,Bremen,Dresden,Freiburg}',
 '{Lindenstraße,Gartenweg,Bahnhofstraße,Schulstraße,Am Mühlbach,Rosenallee,Marktplatz}', false, '#####', '+49 555 #######', 'DE## #########'),
('GB', 13, '{Oliver,Amelia,George,Isla,Harry,Ava,Jack,Emily,Thomas,Sophie,Daniel,Grace,Rhys,Fiona,Callum,Zara}',
 '{Smith,Jones,Taylor,Brown,Williams,Wilson,Johnson,Davies,Patel,Wright,Walker,Thompson,Khan,Hughes,Campbell,Murray,Evans}',
 '{London,Manchester,Bristol,Leeds,Edinburgh,Cardiff,Glasgow,Norwich}',
 '{High Street,Church Lane,Station Road,Victoria Road,Mill Lane,Park Avenue,The Crescent}', true, 'QX# #ZZ', '+44 20 7946 0###', 'QQ ## ## ## Z'),
('FR', 11, '{Camille,Louis,Chloé,Hugo,Léa,Gabriel,Manon,Jules,Élodie,Nicolas,Inès,Mathieu,Amélie,Thierry,Aïcha,Rémi}',
 '{Martin,Bernard,Dubois,Thomas,Robert,Petit,Durand,Leroy,Moreau,Simon,Laurent,Lefebvre,Garnier,Faure,Rousseau,Benali}',
 '{Paris,Lyon,Marseille,Toulouse,Nantes,Lille,Rennes,Strasbourg}',
 '{rue des Lilas,avenue de la Gare,rue du Moulin,place de l''Église,boulevard Voltaire,chemin des Vignes}', true, '#####', '+33 5 55 ## ## ##', '9 ## ## ## ### ###'),
('US', 12, '{James,Maria,Robert,Linda,Michael,Ashley,David,Jessica,Tyrone,Emily,Carlos,Megan,Brandon,Hannah,Latisha,Kevin}',
 '{Johnson,Williams,Garcia,Miller,Davis,Rodriguez,Martinez,Anderson,Jackson,White,Harris,Lewis,Robinson,Clark,Nguyen,Young}',
 '{Portland,Austin,Denver,Columbus,Seattle,Raleigh,Tucson,Albany}',
 '{Maple Street,Oak Avenue,Cedar Lane,Washington Street,Lake Drive,Hillcrest Road,2nd Avenue}', true, '#####', '+1 ### 555 01##', '9##-##-####'),
('NL', 8, '{Daan,Emma,Sem,Julia,Bram,Sanne,Lars,Fleur,Pieter,Anouk,Thijs,Marloes}',
 '{de Jong,Jansen,de Vries,van den Berg,Bakker,van Dijk,Visser,Smit,Meijer,de Boer,Mulder,Bos}',
 '{Amsterdam,Utrecht,Rotterdam,Groningen,Eindhoven,Haarlem}', '{Dorpsstraat,Kerkstraat,Molenweg,Beatrixlaan,Oude Gracht}', false, '#### ZX', '+31 6 555#####', '9########'),
('PL', 7, '{Zofia,Jakub,Maja,Antoni,Katarzyna,Piotr,Agnieszka,Tomasz,Małgorzata,Paweł,Łucja,Stanisław}',
 '{Nowak,Kowalski,Wiśniewski,Wójcik,Kamiński,Lewandowski,Zieliński,Szymański,Woźniak,Dąbrowski,Mazur,Krawczyk}',
 '{Warszawa,Kraków,Wrocław,Poznań,Gdańsk,Łódź}', '{ul. Polna,ul. Leśna,ul. Słoneczna,ul. Krótka,ul. Ogrodowa}', false, '##-###', '+48 555 ### ###', '99## #### ###'),
('ES', 6, '{Lucía,Hugo,Martina,Mateo,Carmen,Javier,Elena,Álvaro,Rocío,Iñaki,Nuria,Sergio}',
 '{García,Fernández,González,López,Sánchez,Pérez,Gómez,Ruiz,Díaz,Moreno,Muñoz,Álvarez}',
 '{Madrid,Barcelona,Valencia,Sevilla,Zaragoza,Bilbao}', '{Calle Mayor,Calle del Sol,Avenida de la Paz,Calle Nueva,Paseo del Prado}', false, '#####', '+34 955 55 ## ##', 'X9######Z'),
('IT', 6, '{Giulia,Leonardo,Sofia,Francesco,Chiara,Alessandro,Martina,Lorenzo,Paola,Matteo,Elisa,Davide}',
 '{Rossi,Russo,Ferrari,Esposito,Bianchi,Romano,Colombo,Ricci,Marino,Greco,Conti,De Luca}',
 '{Roma,Milano,Torino,Bologna,Firenze,Napoli}', '{Via Roma,Via Garibaldi,Corso Italia,Via dei Tigli,Viale Europa}', false, '#####', '+39 055 55#####', 'ZZZQQQ##X##Y###W'),
('SE', 4, '{Elsa,Oscar,Alva,Axel,Ingrid,Johan,Åsa,Björn,Linnéa,Gustav}',
 '{Andersson,Johansson,Karlsson,Nilsson,Eriksson,Larsson,Olsson,Lindqvist,Bergström,Sjöberg}',
 '{Stockholm,Göteborg,Malmö,Uppsala,Umeå}', '{Storgatan,Skolvägen,Björkvägen,Ringvägen}', false, '### ##', '+46 70 555 ####', '99####-####'),
('TR', 3, '{Zeynep,Mehmet,Elif,Mustafa,Ayşe,Emre,Defne,Burak,Gülşen,Çağan}', '{Yılmaz,Kaya,Demir,Şahin,Çelik,Yıldız,Öztürk,Aydın,Arslan,Doğan}',
 '{İstanbul,Ankara,İzmir,Bursa}', '{Atatürk Caddesi,Çiçek Sokak,Bahçe Sokak,Deniz Caddesi}', false, '#####', '+90 555 0## ## ##', '0##########'),
('IN', 3, '{Aarav,Priya,Vivaan,Ananya,Rohan,Divya,Arjun,Meera,Suresh,Kavita,Imran,Lakshmi}', '{Sharma,Verma,Gupta,Reddy,Iyer,Nair,Singh,Das,Mehta,Joshi,Kulkarni,Ansari}',
 '{Mumbai,Bengaluru,Chennai,Pune,Hyderabad}', '{MG Road,Station Road,Temple Street,Gandhi Nagar,Lake View Road}', true, '######', '+91 55555 #####', '0### #### ####'),
('JP', 2, '{Haruto,Yui,Sota,Hina,Ren,Aoi,Kenji,Naoko,Takashi,Emi}', '{Sato,Suzuki,Takahashi,Tanaka,Watanabe,Ito,Yamamoto,Nakamura,Kobayashi,Kato}',
 '{Tokyo,Osaka,Kyoto,Sapporo}', '{Sakura-dori,Honcho,Nakamachi,Midori-cho}', false, '###-####', '+81 90 5550 ####', '00## #### ####'),
('BR', 2, '{Miguel,Helena,Arthur,Laura,João,Beatriz,Rafael,Larissa,Thiago,Débora}', '{Silva,Santos,Oliveira,Souza,Lima,Pereira,Ferreira,Costa,Ribeiro,Araújo}',
 '{São Paulo,Rio de Janeiro,Curitiba,Recife}', '{Rua das Flores,Avenida Brasil,Rua XV de Novembro,Rua da Praia}', false, '#####-###', '+55 11 95555 ####', '000.###.###-##'),
('NG', 1, '{Chidi,Ngozi,Emeka,Amina,Tunde,Funmilayo,Ibrahim,Adaeze}', '{Okafor,Adeyemi,Bello,Eze,Okonkwo,Balogun,Musa,Nwosu}',
 '{Lagos,Abuja,Ibadan}', '{Awolowo Road,Market Street,Allen Avenue}', true, '######', '+234 805 55# ####', '000########'),
('VN', 1, '{Minh,Linh,Tuấn,Hương,Quang,Thảo}', '{Nguyễn,Trần,Lê,Phạm,Hoàng,Vũ}', '{Hà Nội,Đà Nẵng,Huế}', '{Phố Huế,Đường Lê Lợi,Đường Hai Bà Trưng}', true, '######', '+84 95 555 ####', '000#########'),
('KR', 1, '{Minjun,Seoyeon,Jiho,Hayoon,Donghyun,Sujin}', '{Kim,Lee,Park,Choi,Jung,Kang}', '{Seoul,Busan,Daegu}', '{Haneul-ro,Gangnam-daero,Bada-gil}', false, '#####', '+82 10 5550 ####', '99####-0######');

-- The share of customers in each country as a range of [0, 1).
create view seed.country_ranges as
  select c.*, (sum(share) over w - share)::double precision / sum(share) over () as low, sum(share) over w::double precision / sum(share) over () as high
  from seed.countries c window w as (order by code);

-- How busy a month is, 1 = the busiest.
create function seed.season(at timestamptz) returns double precision
  language sql immutable
  return (array[0.42, 0.45, 0.55, 0.66, 0.74, 0.66, 0.50, 0.48, 0.56, 0.62, 0.92, 1.0])[extract(month from at at time zone 'UTC')::integer];
