// Random SELECT statements over the canary schema: all clauses, nesting, names chosen to be confused (aliases like columns, common
// tables like tables), built-in functions, casts. Mostly valid; results do not depend on the order in which rows are met.
// Idea: sqlsmith.
import { RandomSource } from './random-source.ts';

export type ValueType = 'int' | 'text' | 'bool' | 'json' | 'texts' | 'date' | 'time' | 'bytes' | 'number';

interface Column {
  readonly name: string;
  readonly type: ValueType;
}

interface Source {
  readonly alias: string;
  readonly columns: readonly Column[];
  /** A stored relation, whose rows are to be limited. */
  readonly stored: boolean;
}

interface Level {
  readonly sources: Source[];
  readonly common: Map<string, readonly Column[]>;
  readonly outer: Level | undefined;
}

const columns = (text: string): Column[] =>
  text.split(' ').map((part) => {
    const [name = '', type = 'text'] = part.split(':');
    return { name, type: type as ValueType };
  });

const TABLES: Readonly<Record<string, readonly Column[]>> = {
  'app.customers': columns(
    'id:int name email phone ssn born:date region vip:bool profile:json aliases:texts photo:bytes email_upper notes',
  ),
  'app.cards': columns('id:int customer_id:int pan:number holder expires:date'),
  'app.employees': columns('id:int name salary:int manager_id:int team'),
  'app.orders': columns('id:int customer_id:int placed_at:time status total:number'),
  'app.events': columns('id:int at:time actor_email kind'),
  'app.events_2026': columns('id:int at:time actor_email kind'),
  'app.parents': columns('id:int secret'),
  'app.children': columns('id:int secret extra'),
  'other.customers': columns('id:int email'),
  'app.customer_mail': columns('id:int contact region'),
  'app.customer_shout': columns('id:int loud'),
};
const MASKED = new Set(
  'name email phone ssn profile aliases photo email_upper pan holder salary actor_email secret contact loud'.split(' '),
);
const NAMES = ['a', 'b', 'c', 'email', 'name', 'customers', 'id', 'notes', 'orders', 't', 'salary', 'x'];
const LITERALS = ["'a'", "'x%'", "''", "'emea'", "'Name1'", "'2026'", "'***'", 'null::text'];
const ORDERED: ReadonlySet<ValueType> = new Set(['int', 'text', 'bool', 'date', 'time', 'number']);

/** Makes statements one after the other; `clear`: percent of conditions that keep to columns that nobody masks. */
export class RandomStatements {
  readonly #random: RandomSource;
  readonly #clear: number;
  #names = 0;

  constructor(seed: number, clear: number) {
    this.#random = new RandomSource(seed);
    this.#clear = clear;
  }

  next(): string {
    this.#names = 0;
    return this.#query(3, undefined, undefined).sql;
  }

  #alias(level: Level): string {
    const name = this.#random.pick(NAMES);
    return level.sources.some(({ alias }) => alias === name) ? `${name}${++this.#names}` : name;
  }

  /** A query; with `types` its columns have these types. */
  #query(depth: number, outer: Level | undefined, types: readonly ValueType[] | undefined): { sql: string; columns: Column[] } {
    const random = this.#random;
    const level: Level = { sources: [], common: new Map(), outer };
    const head = depth > 1 && random.chance(20) ? this.#with(depth, level) : '';
    const wanted = types ?? random.times(1, 4, () => this.#type());
    if (depth > 1 && random.chance(10) && wanted.every((type) => ORDERED.has(type))) {
      const left = this.#select(depth - 1, level, wanted, false);
      const right = this.#select(depth - 1, { sources: [], common: level.common, outer }, wanted, false);
      const operator = random.pick(['union', 'union all', 'except', 'intersect']);
      return { sql: `${head}${left.sql} ${operator} ${right.sql}`, columns: left.columns };
    }
    const made = this.#select(depth, level, wanted, true);
    return { sql: `${head}${made.sql}`, columns: made.columns };
  }

  #with(depth: number, level: Level): string {
    const parts = this.#random
      .times(1, 2, () => {
        const name = this.#random.pick(['x', 'y', 'customers', 'email', 'orders']);
        if (level.common.has(name)) return undefined;
        const made = this.#query(depth - 2, undefined, undefined);
        const renamed = made.columns.map(({ type }, i) => ({ name: `k${i}`, type }));
        const list = this.#random.chance(50);
        // Columns without a name of their own could not be used.
        const usable = list ? renamed : made.columns;
        level.common.set(name, usable);
        return `${name}${list ? `(${renamed.map((column) => column.name).join(', ')})` : ''} as ${this.#random.pick(['', '', 'materialized '])}(${made.sql})`;
      })
      .filter((part) => part !== undefined);
    return parts.length === 0 ? '' : `with ${parts.join(', ')} `;
  }

  #type(): ValueType {
    return this.#random.pick(['int', 'text', 'text', 'text', 'bool', 'json', 'texts', 'date', 'time', 'number', 'bytes'] as const);
  }

  #select(depth: number, level: Level, types: readonly ValueType[], mayOrder: boolean): { sql: string; columns: Column[] } {
    const random = this.#random;
    const from = random.chance(95) ? ` from ${this.#from(depth, level)}` : '';
    const grouped = from !== '' && random.chance(15);
    const keys = grouped ? random.times(1, 2, () => this.#column(level, undefined, 60)).filter((key) => key !== undefined) : [];
    const items: { sql: string; name: string | undefined; type: ValueType }[] = types.map((type) => {
      const name = random.chance(60) ? `${random.pick(NAMES)}` : undefined;
      if (!grouped) return { sql: this.#expression(type, depth, level), name, type };
      const key = keys.find((each) => each.type === type);
      if (key !== undefined && random.chance(70)) return { sql: key.sql, name, type };
      return { sql: this.#aggregate(type, depth, level), name, type };
    });
    // A name twice would be ambiguous further out.
    const labels = new Set<string>();
    const listed = items.map(({ sql, name, type }, i) => {
      const label = name !== undefined && !labels.has(name) ? name : `o${i}_${++this.#names}`;
      labels.add(label);
      return { sql: `${sql} as ${label}`, name: label, type };
    });
    const conditions = from === '' ? [] : this.#limits(level);
    if (from !== '' && random.chance(40)) conditions.push(this.#expression('bool', depth - 1, level, this.#clear));
    const where = conditions.length === 0 ? '' : ` where ${conditions.join(' and ')}`;
    const group = keys.length === 0 ? '' : ` group by ${keys.map(({ sql }) => sql).join(', ')}`;
    const having = grouped && random.chance(20) ? ' having count(*) > 0' : '';
    const sortable = types.every((type) => ORDERED.has(type));
    // Every column decides the order, so that LIMIT always takes the same rows.
    const order = mayOrder && sortable && random.chance(30) ? ` order by ${types.map((_, i) => i + 1).join(', ')}` : '';
    const limit = order !== '' && random.chance(50) ? ` limit ${1 + random.integer(5)}` : '';
    const distinct = !grouped && sortable && random.chance(8) ? 'distinct ' : '';
    return {
      sql: `select ${distinct}${listed.map(({ sql }) => sql).join(', ')}${from}${where}${group}${having}${order}${limit}`,
      columns: listed.map(({ name, type }) => ({ name, type })),
    };
  }

  /** Few rows of each stored relation, so that joins stay small. */
  #limits(level: Level): string[] {
    return level.sources.filter(({ stored }) => stored).map(({ alias }) => `${alias}.id < ${2 + this.#random.integer(4)}`);
  }

  #from(depth: number, level: Level): string {
    const random = this.#random;
    let sql = this.#item(depth, level);
    for (let more = random.integer(depth > 1 ? 3 : 2); more > 0; more -= 1) {
      const lateral = random.chance(40);
      if (lateral) {
        sql += `${random.pick([',', ' cross join'])} ${this.#item(depth, level)}`;
        continue;
      }
      const item = this.#item(depth, level);
      sql += ` ${random.pick(['join', 'left join', 'inner join'])} ${item} on ${this.#expression('bool', 0, level, this.#clear)}`;
    }
    return sql;
  }

  #item(depth: number, level: Level): string {
    const random = this.#random;
    const alias = this.#alias(level);
    const common = commonTables(level);
    if (common.length > 0 && random.chance(30)) {
      const [name, found] = random.pick(common);
      level.sources.push({ alias, columns: found, stored: false });
      return `${name} as ${alias}`;
    }
    if (depth > 0 && random.chance(25)) {
      const lateral = level.sources.length > 0 && random.chance(50);
      const { sql, columns: made } = this.#query(depth - 1, lateral ? level : withoutSources(level), undefined);
      const renamed = random.chance(30);
      const shown = renamed ? made.map(({ type }, i) => ({ name: `r${i}`, type })) : made;
      level.sources.push({ alias, columns: shown, stored: false });
      return `${lateral ? 'lateral ' : ''}(${sql}) as ${alias}${renamed ? `(${shown.map(({ name }) => name).join(', ')})` : ''}`;
    }
    if (random.chance(12)) {
      const [call, type] = random.pick([
        [`generate_series(1, ${1 + random.integer(3)})`, 'int'],
        [`unnest(${this.#expression('texts', 0, level)})`, 'text'],
        [`jsonb_array_elements_text(jsonb_build_array(${this.#expression('text', 0, level)}, 'z'))`, 'text'],
        [`string_to_table(${this.#expression('text', 0, level)}, 'a')`, 'text'],
      ] as const);
      level.sources.push({ alias, columns: [{ name: 'v', type }], stored: false });
      return `${call} as ${alias}(v)`;
    }
    if (random.chance(6)) {
      const value = this.#expression('text', 0, level);
      level.sources.push({ alias, columns: columns('key value'), stored: false });
      return `jsonb_each_text(jsonb_build_object('k', ${value})) as ${alias}`;
    }
    if (random.chance(6)) {
      const value = this.#expression('text', 0, withoutSources(level));
      level.sources.push({ alias, columns: columns('p:int q'), stored: false });
      return `(values (1, ${value}), (2, 'w')) as ${alias}(p, q)`;
    }
    const table = random.pick(Object.keys(TABLES));
    const found = TABLES[table] ?? [];
    level.sources.push({ alias, columns: found, stored: true });
    return `${random.chance(10) && !table.includes('customer_') ? 'only ' : ''}${table} ${random.pick(['as ', ''])}${alias}`;
  }

  /** A column of a type in sight, qualified or bare. `clear`: percent of the cases that avoid masked ones. */
  #column(level: Level, type: ValueType | undefined, clear: number): { sql: string; type: ValueType } | undefined {
    const random = this.#random;
    // Now and then a name that may mean anything here, or nothing.
    if (type === 'text' && random.chance(3)) return { sql: random.pick(NAMES), type };
    const onlyClear = random.chance(clear);
    const seen: { source: Source; column: Column; bare: boolean }[] = [];
    const named = new Map<string, number>();
    const hidden = new Set<string>();
    for (let at: Level | undefined = level, far = 0; at !== undefined && (far === 0 || random.chance(50)); at = at.outer, far += 1) {
      named.clear();
      for (const { columns: all } of at.sources) for (const { name } of all) named.set(name, (named.get(name) ?? 0) + 1);
      for (const source of at.sources) {
        if (hidden.has(source.alias)) continue;
        for (const column of source.columns) {
          if (type !== undefined && column.type !== type) continue;
          if (onlyClear && MASKED.has(column.name)) continue;
          seen.push({ source, column, bare: far === 0 && named.get(column.name) === 1 });
        }
      }
      for (const { alias } of at.sources) hidden.add(alias);
    }
    if (seen.length === 0) return undefined;
    const { source, column, bare } = random.pick(seen);
    return { sql: bare && random.chance(40) ? column.name : `${source.alias}.${column.name}`, type: column.type };
  }

  #expression(type: ValueType, depth: number, level: Level, clear = 25): string {
    const random = this.#random;
    if (depth <= 0 || random.chance(35)) {
      const column = this.#column(level, type, clear);
      if (column !== undefined && random.chance(85)) return column.sql;
      return this.#literal(type);
    }
    const of = (inner: ValueType): string => this.#expression(inner, depth - 1, level, clear);
    if (random.chance(8)) return `(${this.#scalar(type, depth - 1, level)})`;
    if (random.chance(8)) return `case when ${of('bool')} then ${of(type)} else ${of(type)} end`;
    if (random.chance(6)) return `coalesce(${of(type)}, ${of(type)})`;
    return random.pick(this.#makers(type, of, depth, level))();
  }

  #scalar(type: ValueType, depth: number, level: Level): string {
    const inner: Level = { sources: [], common: new Map(), outer: level };
    const from = this.#from(Math.max(0, depth), inner);
    const limits = this.#limits(inner);
    const where = limits.length === 0 ? '' : ` where ${limits.join(' and ')}`;
    return `select ${this.#aggregate(type, 0, inner)} from ${from}${where}`;
  }

  #aggregate(type: ValueType, depth: number, level: Level): string {
    const of = (inner: ValueType, clear = 25): string => this.#expression(inner, Math.max(0, depth - 1), level, clear);
    const random = this.#random;
    switch (type) {
      case 'int':
        return random.pick([() => 'count(*)::int', () => `count(${of('text')})::int`, () => `max(${of('int', this.#clear)})`])();
      case 'text':
        return random.pick([
          () => `max(${of('text', this.#clear)})`,
          () => `min(${of('text', this.#clear)})`,
          () => `string_agg(distinct ${of('text', this.#clear)}, ',')`,
        ])();
      case 'number':
        return `sum(${of('number', this.#clear)})`;
      case 'bool':
        return `bool_or(${of('bool', this.#clear)})`;
      case 'date':
        return `min(${of('date', this.#clear)})`;
      case 'time':
        return `max(${of('time', this.#clear)})`;
      case 'json':
        return `to_jsonb(min(${of('text', this.#clear)}))`;
      case 'texts':
        return `array[max(${of('text', this.#clear)})]`;
      case 'bytes':
        return `convert_to(coalesce(max(${of('text', this.#clear)}), ''), 'UTF8')`;
    }
  }

  #makers(type: ValueType, of: (inner: ValueType) => string, depth: number, level: Level): (() => string)[] {
    const random = this.#random;
    const row = (): string => {
      const near = level.sources.filter(({ alias, columns: all }) => !all.some(({ name }) => name === alias));
      return near.length === 0 ? 'row(1)' : random.pick(near).alias;
    };
    switch (type) {
      case 'int':
        return [
          () => `(${of('int')} ${random.pick(['+', '-', '*'])} ${1 + random.integer(9)})`,
          () => `length(${of('text')})`,
          () => `abs(${of('int')})`,
          () => `mod(${of('int')}, 7)`,
          () => `extract(year from ${of('date')})::int`,
          () => `cardinality(${of('texts')})`,
          () => `position(${of('text')} in ${of('text')})`,
          () => `nullif(${of('int')}, 3)`,
          () => `num_nulls(${of('text')}, ${of('int')})`,
          () => `greatest(${of('int')}, ${of('int')})`,
        ];
      case 'text':
        return [
          () => `${random.pick(['upper', 'lower', 'reverse', 'trim', 'initcap', 'quote_literal'])}(${of('text')})`,
          () => `(${of('text')} || ${of('text')})`,
          () => `concat(${of('text')}, ${of('int')}, ${of('bool')})`,
          () => `concat_ws('-', ${of('text')}, ${of('text')})`,
          () => `${random.pick(['left', 'right'])}(${of('text')}, 5)`,
          () => `substr(${of('text')}, 2, 6)`,
          () => `substring(${of('text')} from 1 for 4)`,
          () => `replace(${of('text')}, 'a', ${of('text')})`,
          () => `split_part(${of('text')}, '@', 1)`,
          () => `format('%s|%I', ${of('text')}, coalesce(${of('text')}, 'n'))`,
          () => `lpad(${of('text')}, 12, '*')`,
          () => `translate(${of('text')}, 'abc', 'cab')`,
          () => `regexp_replace(${of('text')}, '[0-9]+', '#')`,
          () => `(${of(this.#type())})::text`,
          () => `encode(convert_to(coalesce(${of('text')}, ''), 'UTF8'), '${random.pick(['hex', 'base64'])}')`,
          () => `encode(${of('bytes')}, 'hex')`,
          () => `(${of('json')} ->> 'theme')`,
          () => `(${of('json')} #>> '{ssn}')`,
          () => `(to_jsonb(${row()}) ->> 'email')`,
          () => `row_to_json(${row()})::text`,
          () => `${row()}::text`,
          () => `array_to_string(${of('texts')}, ',')`,
          () => `(${of('texts')})[1]`,
          () => `to_char(${of('date')}, 'YYYY-MM')`,
          () => `left(xmlelement(name e, ${of('text')})::text, 40)`,
          () => `greatest(${of('text')}, ${of('text')})`,
          () => `nullif(${of('text')}, ${of('text')})`,
        ];
      case 'bool':
        return [
          () => `${of('int')} ${random.pick(['=', '<', '>', '<>', '<='])} ${of('int')}`,
          () => `(${of('text')} ${random.pick(['=', '<', '<>', 'like', 'ilike', '~~', 'is distinct from'])} ${of('text')})`,
          () => `(${of(this.#type())} is ${random.pick(['null', 'not null'])})`,
          () => `(${of('bool')} ${random.pick(['and', 'or'])} ${of('bool')})`,
          () => `(not ${of('bool')})`,
          () => `(${of('int')} in (1, 2, ${random.integer(9)}))`,
          () => `(${of('text')} = any (${of('texts')}))`,
          () => `(${of('int')} between 1 and ${random.integer(9)})`,
          () => `(${of('text')} in (${this.#query(Math.max(0, depth - 2), level, ['text']).sql}))`,
          () => `exists (${this.#query(Math.max(0, depth - 2), level, undefined).sql})`,
          () => `starts_with(${of('text')}, 'Z')`,
          () => `((${of('int')}, ${of('text')}) = (1, 'a'))`,
          () => `(${of('bool')} is ${random.pick(['true', 'not true', 'unknown'])})`,
        ];
      case 'json':
        return [
          () => `to_jsonb(${of(random.pick(['int', 'text', 'texts', 'date'] as const))})`,
          () => `to_jsonb(${row()})`,
          () => `jsonb_build_object('k', ${of('text')}, 'n', ${of('int')})`,
          () => `jsonb_build_array(${of('text')}, ${of('bool')})`,
          () => `(${of('json')} -> 'theme')`,
          () => `jsonb_set(${of('json')}, '{theme}', ${of('json')})`,
          () => `jsonb_strip_nulls(${of('json')})`,
        ];
      case 'texts':
        return [
          () => `array[${of('text')}, ${of('text')}]`,
          () => `array_append(${of('texts')}, ${of('text')})`,
          () => `string_to_array(${of('text')}, 'a')`,
          () => `array(select v from (${this.#query(Math.max(0, depth - 2), level, ['text']).sql}) as q(v) order by 1)`,
          () => `(${of('texts')} || ${of('text')})`,
        ];
      case 'date':
        return [
          () => `(${of('date')} + ${random.integer(9)})`,
          () => `(${of('time')})::date`,
          () => `make_date(2026, 1, ${1 + random.integer(27)})`,
        ];
      case 'time':
        return [
          () => `(${of('time')} + interval '1 day')`,
          () => `date_trunc('month', ${of('time')})`,
          () => `(${of('date')})::timestamptz`,
        ];
      case 'number':
        return [
          () => `round(${of('number')} / 3, 2)`,
          () => `(${of('int')})::numeric`,
          () => `(${of('number')} + 1)`,
          () => `floor(${of('number')})`,
        ];
      case 'bytes':
        return [
          () => `convert_to(coalesce(${of('text')}, ''), 'UTF8')`,
          () => `decode('00ff', 'hex')`,
          () => `substring(${of('bytes')} from 2)`,
        ];
    }
  }

  #literal(type: ValueType): string {
    const random = this.#random;
    switch (type) {
      case 'int':
        return String(random.integer(12));
      case 'text':
        return random.pick(LITERALS);
      case 'bool':
        return random.pick(['true', 'false', 'null::boolean']);
      case 'json':
        return `'{"theme": "light", "n": ${random.integer(5)}}'::jsonb`;
      case 'texts':
        return "'{a,b}'::text[]";
      case 'date':
        return "date '2026-02-03'";
      case 'time':
        return "timestamptz '2026-02-03 04:05+00'";
      case 'number':
        return `${random.integer(99)}.5`;
      case 'bytes':
        return "'\\x01'::bytea";
    }
  }
}

function commonTables(level: Level): (readonly [string, readonly Column[]])[] {
  const found = new Map<string, readonly Column[]>();
  for (let at: Level | undefined = level; at !== undefined; at = at.outer) {
    for (const [name, made] of at.common) if (!found.has(name)) found.set(name, made);
  }
  return [...found];
}

/** What a subquery in FROM without LATERAL sees. */
const withoutSources = (level: Level): Level => ({ sources: [], common: level.common, outer: level.outer });
