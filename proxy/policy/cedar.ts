// Cedar behind one function. Preparsed policy sets can't be unloaded, only replaced: two named slots are reused in turn,
// and a set that was pushed out is loaded again when it is asked. Source: design, "Policies", traps; cedar-wasm's types.
import {
  type Context,
  type DetailedError,
  type EntityJson,
  preparsePolicySet,
  preparseSchema,
  statefulIsAuthorized,
} from '@cedar-policy/cedar-wasm/nodejs';
import type { Uid } from './slice.ts';

/** Validated texts. Identity matters: one object is one policy set. */
export interface CompiledPolicies {
  readonly schema: string;
  /** Policy text by `@id`. */
  readonly policies: Readonly<Record<string, string>>;
}

export interface CedarCall {
  readonly principal: Uid;
  readonly action: Uid;
  readonly resource: Uid;
  readonly context: Context;
  readonly entities: EntityJson[];
}

/** Invariant: any error that Cedar reports, of any policy, is `failed`: it skips a policy that errors, also a forbid. */
export type CedarOutcome =
  | { readonly kind: 'answered'; readonly decision: 'allow' | 'deny'; readonly determining: readonly string[] }
  | { readonly kind: 'failed'; readonly errors: readonly string[] };

interface Slot {
  readonly name: string;
  holds: CompiledPolicies | undefined;
}

// The most recently used slot stands last.
const slots: Slot[] = [
  { name: 'gatehouse-a', holds: undefined },
  { name: 'gatehouse-b', holds: undefined },
];

/** Puts a policy set into the slot that was idle longest (nothing happens when it is loaded). Returns Cedar's errors. */
export function loadSlot(compiled: CompiledPolicies): { readonly slot: string } | { readonly errors: readonly string[] } {
  const current = slots.at(-1);
  if (current?.holds === compiled) return { slot: current.name };
  const index = slots.findIndex((slot) => slot.holds === compiled);
  const [slot] = slots.splice(Math.max(index, 0), 1);
  if (slot === undefined) return { errors: ['no slot'] };
  slots.push(slot);
  if (slot.holds === compiled) return { slot: slot.name };
  slot.holds = undefined;
  const schema = preparseSchema(slot.name, compiled.schema);
  if (schema.type === 'failure') return { errors: messages(schema.errors) };
  const policies = preparsePolicySet(slot.name, { staticPolicies: { ...compiled.policies } });
  if (policies.type === 'failure') return { errors: messages(policies.errors) };
  slot.holds = compiled;
  return { slot: slot.name };
}

export function evaluate(compiled: CompiledPolicies, call: CedarCall): CedarOutcome {
  try {
    const loaded = loadSlot(compiled);
    if ('errors' in loaded) return { kind: 'failed', errors: loaded.errors };
    const { principal, action, resource, context, entities } = call;
    const answer = statefulIsAuthorized({
      principal,
      action,
      resource,
      context,
      entities,
      preparsedSchemaName: loaded.slot,
      preparsedPolicySetId: loaded.slot,
      validateRequest: true,
    });
    if (answer.type === 'failure') return { kind: 'failed', errors: messages(answer.errors) };
    const { decision, diagnostics } = answer.response;
    if (diagnostics.errors.length > 0)
      return { kind: 'failed', errors: diagnostics.errors.map(({ policyId, error }) => `${policyId}: ${error.message}`) };
    return { kind: 'answered', decision, determining: diagnostics.reason };
  } catch (error) {
    // A trap of the WASM instance: every later call fails too, and so denies.
    return { kind: 'failed', errors: [error instanceof Error ? `${error.name}: ${error.message}` : 'unknown'] };
  }
}

function messages(errors: readonly DetailedError[]): string[] {
  return errors.map((error) => error.message);
}
