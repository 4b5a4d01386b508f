// Reads our own corpus of attacks (test/corpus/attacks.postgres.yaml), which says more about a case than the one beside the repository.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';

const Step = z.union([z.string(), z.array(z.string()).min(1), z.strictObject({ direct: z.string() })]);

const Case = z
  .strictObject({
    id: z.string(),
    sql: z.string().optional(),
    steps: z.array(Step).min(1).optional(),
    /** Run by a superuser before, on a fresh database of the case's own. */
    setup: z.string().optional(),
    as: z.enum(['agent', 'person']).optional(),
    verdict: z.enum(['deny']).optional(),
    /** What the first cell of a result must not be. */
    never: z.string().optional(),
    unchanged: z.boolean().optional(),
  })
  .refine(({ sql, steps }) => (sql === undefined) !== (steps === undefined), 'a case has one of `sql` and `steps`');

/** A statement, several in one pipeline, or one that the superuser runs in another session. */
export type AttackStep = z.infer<typeof Step>;

export interface OwnAttack {
  readonly id: string;
  readonly steps: readonly AttackStep[];
  readonly setup: string | undefined;
  readonly as: 'agent' | 'person' | undefined;
  readonly verdict: 'deny' | undefined;
  readonly never: string | undefined;
}

export function readOwnAttacks(): OwnAttack[] {
  const path = fileURLToPath(new URL('../corpus/attacks.postgres.yaml', import.meta.url));
  const cases = z
    .array(Case)
    .min(1)
    .parse(parse(readFileSync(path, 'utf8')));
  const ids = new Set(cases.map(({ id }) => id));
  if (ids.size !== cases.length) throw new Error('attacks.postgres.yaml: an id appears twice');
  return cases.map(({ id, sql, steps, setup, as, verdict, never }) => ({ id, steps: steps ?? [sql ?? ''], setup, as, verdict, never }));
}
