// `settings.json`: limits per kind of principal and what the ledger does. A value stands alone or as `{value, locked}`;
// locked means that no setting of the user may replace it. Source: design, "Policies", Bundle.
import { z } from 'zod';
import type { Limits, PolicySettings } from './engine.ts';

function setting<T extends z.ZodType>(value: T) {
  return z.union([value, z.strictObject({ value, locked: z.boolean() })]);
}

const count = z.int().min(1);

const limits = z.strictObject({
  rowsPerStatement: setting(count),
  bytesPerStatement: setting(count),
  /** 0 = none. */
  statementTimeoutMs: setting(
    z
      .int()
      .min(0)
      .max(7 * 24 * 3600 * 1000),
  ),
  maxStatementBytes: setting(
    z
      .int()
      .min(1)
      .max(64 * 1024 * 1024),
  ),
  maxSessions: setting(z.int().min(0).max(10_000)),
});

export const settingsSchema = z.strictObject({
  limits: z.strictObject({ person: limits, agent: limits }),
  auditMode: setting(z.enum(['strict', 'reads'])),
  auditParameters: setting(z.enum(['none', 'types', 'values'])),
});

export interface BundleSettings {
  readonly limits: Readonly<Record<'person' | 'agent', Limits>>;
  readonly settings: PolicySettings;
  /** Dotted names of the locked settings, for example `limits.agent.rowsPerStatement`. */
  readonly locked: ReadonlySet<string>;
}

export function bundleSettings(parsed: z.infer<typeof settingsSchema>): BundleSettings {
  const locked = new Set<string>();
  const plain = <T extends string | number>(name: string, given: T | { value: T; locked: boolean }): T => {
    if (typeof given !== 'object') return given;
    if (given.locked) locked.add(name);
    return given.value;
  };
  const limitsOf = (kind: 'person' | 'agent'): Limits => {
    const given = parsed.limits[kind];
    return {
      rowsPerStatement: plain(`limits.${kind}.rowsPerStatement`, given.rowsPerStatement),
      bytesPerStatement: plain(`limits.${kind}.bytesPerStatement`, given.bytesPerStatement),
      statementTimeoutMs: plain(`limits.${kind}.statementTimeoutMs`, given.statementTimeoutMs),
      maxStatementBytes: plain(`limits.${kind}.maxStatementBytes`, given.maxStatementBytes),
      maxSessions: plain(`limits.${kind}.maxSessions`, given.maxSessions),
    };
  };
  return {
    limits: { person: limitsOf('person'), agent: limitsOf('agent') },
    settings: { auditMode: plain('auditMode', parsed.auditMode), auditParameters: plain('auditParameters', parsed.auditParameters) },
    locked,
  };
}
