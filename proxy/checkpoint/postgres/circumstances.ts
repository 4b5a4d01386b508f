// All that a cached judgement depends on but its text, as one key. Asked for every statement, and mostly the same as for the one before,
// so it is made anew only when a part of it has changed.
import type { Asker, JudgeServices } from './context.ts';
import type { JudgementCache, KnownTexts } from './judgement-cache.ts';
import { epochOf, type SessionState } from './session-names.ts';

const HOUR_MS = 3_600_000;

/** Invariant: two equal circumstances are the same object as long as nothing else came between them. */
export interface Circumstances {
  /** For what masks depend on: without the session's names. */
  readonly maskKey: string;
  readonly texts: KnownTexts;
}

export interface Now {
  readonly services: JudgeServices;
  readonly catalogVersion: number;
  readonly state: SessionState;
  readonly tainted: boolean;
  /** Milliseconds since the epoch. */
  readonly time: number;
}

export class CircumstancesOf {
  readonly #cache: JudgementCache;
  readonly #session: string;
  readonly #asker: Omit<Asker, 'tainted'>;
  #last:
    | (Circumstances & { readonly policy: JudgeServices['policy']; readonly hour: number; readonly generation: number } & Omit<
          Now,
          'services' | 'time'
        >)
    | undefined;
  #epochState: SessionState | undefined;
  #epoch = '';

  /** `session`: its id, for what only this session can see. */
  constructor(cache: JudgementCache, session: string, asker: Omit<Asker, 'tainted'>) {
    this.#cache = cache;
    this.#session = session;
    this.#asker = asker;
  }

  at({ services, catalogVersion, state, tainted, time }: Now): Circumstances {
    const { policy } = services;
    const hour = Math.floor(time / HOUR_MS);
    const last = this.#last;
    if (
      last !== undefined &&
      last.state === state &&
      last.catalogVersion === catalogVersion &&
      last.policy === policy &&
      last.tainted === tainted &&
      last.hour === hour &&
      last.generation === this.#cache.generation
    ) {
      return last;
    }
    const { principal, door, client } = this.#asker;
    // Versions of catalogs differ between connections. What a client calls itself may be asked by policies, and may be any text.
    const maskKey = `${catalogVersion}|${policy.bundle.version}|${principal.kind}|${JSON.stringify([principal.name, client ?? null])}|${door}|${tainted ? 't' : ''}|${hour}`;
    const temporary = state.now.temporary.size === 0 ? '' : this.#session;
    const texts = this.#cache.texts(`${maskKey}|${temporary}|${this.epochOf(state)}`);
    this.#last = { maskKey, texts, policy, hour, generation: this.#cache.generation, catalogVersion, state, tainted };
    return this.#last;
  }

  /** `epochOf`, remembered for the state at hand. */
  epochOf(state: SessionState): string {
    if (this.#epochState !== state) {
      this.#epochState = state;
      this.#epoch = epochOf(state);
    }
    return this.#epoch;
  }
}
