// How long one decision takes: never asked before, and asked before. Run: node test/bench/policy.ts
import { performance } from 'node:perf_hooks';
import { defaultFiles, engineOf, questionOf } from '../support/bundle.ts';

const engine = engineOf(defaultFiles());
const tables = Array.from({ length: 4000 }, (_, index) => ({ kind: 'table' as const, relation: { schema: 'shop', name: `t${index}` } }));
const questions = {
  'select, agent': (index: number) =>
    questionOf({
      action: 'select',
      principal: { kind: 'agent', name: 'bot', groups: [], owner: 'ana' },
      resource: tables[index % tables.length] ?? { kind: 'connection' },
    }),
  'update, held': (index: number) =>
    questionOf({ action: 'update', resource: tables[index % tables.length] ?? { kind: 'connection' }, context: { estimatedRows: 500 } }),
  'update, justified': (index: number) =>
    questionOf({
      action: 'update',
      resource: tables[index % tables.length] ?? { kind: 'connection' },
      context: { estimatedRows: 500, justification: 'INC-1 clean up' },
    }),
};

/** Median of the microseconds per call, over batches. */
function median(batches: number, size: number, call: (index: number) => void): number {
  const times = Array.from({ length: batches }, (_, batch) => {
    const start = performance.now();
    for (let index = 0; index < size; index += 1) call(batch * size + index);
    return ((performance.now() - start) * 1000) / size;
  });
  return times.toSorted((a, b) => a - b)[Math.floor(batches / 2)] ?? Number.NaN;
}

for (const [name, question] of Object.entries(questions)) {
  for (let index = 3900; index < 4000; index += 1) engine.decide(question(index));
  const cold = median(20, 50, (index) => engine.decide(question(index)));
  const asked = question(0);
  engine.decide(asked);
  const memoised = median(20, 5000, () => engine.decide(asked));
  console.log(`${name}: cold ${cold.toFixed(0)} µs, memoised ${memoised.toFixed(2)} µs`);
}

const connection = { name: 'sample', environment: 'production', database: 'shop' } as const;
const column = (index: number): { relation: { schema: string; name: string }; column: string } => ({
  relation: { schema: 'shop', name: 'customers' },
  column: `c${index}`,
});
const found = median(20, 50, (index) => engine.tagsOf(connection, column(index)));
const again = median(20, 5000, () => engine.tagsOf(connection, column(0)));
console.log(`tags of a column: cold ${found.toFixed(1)} µs, memoised ${again.toFixed(2)} µs`);
