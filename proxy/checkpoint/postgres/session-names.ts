// What the client's statements have done to its session, followed exactly as the server does it: search_path and temporary
// tables are transactional (savepoints too), prepared statements and Gatehouse's own settings are not, cursors end with
// their transaction unless WITH HOLD. A pure value with one reducer.
import type { SessionNames } from '../../sql/postgres/analyse/binder.ts';
import type { SessionChange, StatementFacts } from '../../sql/postgres/analyse/facts.ts';
import type { CatalogRelation } from '../../sql/postgres/catalog/catalog.ts';

/** A statement known by name (PREPARE, DECLARE): its own facts rule when it is executed. */
export interface NamedStatement {
  readonly facts: StatementFacts;
  /** The epoch in which it was judged. */
  readonly epoch: string;
  /** The columns that it hides; undefined while the text that makes it is still being judged. */
  readonly masked?: ReadonlySet<string> | undefined;
  readonly hold?: boolean;
}

interface Transactional {
  readonly path: readonly string[];
  readonly localPath: readonly string[] | undefined;
  readonly temporary: ReadonlyMap<string, CatalogRelation>;
}

interface Frame {
  /** undefined for the transaction itself. */
  readonly savepoint: string | undefined;
  readonly saved: Transactional;
}

export interface SessionState {
  readonly initialPath: readonly string[];
  readonly now: Transactional;
  /**
   * As it was when the last transaction ended: what ROLLBACK gives back. Outside of a transaction block too, for all statements of
   * one text, or of one pipeline up to its Sync, are one transaction; a BEGIN among them takes in those before it.
   */
  readonly settled: Transactional;
  readonly frames: readonly Frame[];
  readonly prepared: ReadonlyMap<string, NamedStatement>;
  readonly cursors: ReadonlyMap<string, NamedStatement>;
  readonly justification: string | undefined;
  readonly failFast: boolean;
  /** Counts temporary-table changes: part of the epoch. */
  readonly temporaryVersion: number;
}

export function openState(initialPath: readonly string[]): SessionState {
  const now: Transactional = { path: initialPath, localPath: undefined, temporary: new Map() };
  return {
    initialPath,
    now,
    settled: now,
    frames: [],
    prepared: new Map(),
    cursors: new Map(),
    justification: undefined,
    failFast: false,
    temporaryVersion: 0,
  };
}

export const effectivePath = (state: SessionState): readonly string[] => state.now.localPath ?? state.now.path;

/** What the analysis sees. */
export function namesOf(state: SessionState): SessionNames {
  return {
    searchPath: effectivePath(state),
    temporary: state.now.temporary,
    prepared: new Set(state.prepared.keys()),
    cursors: new Set(state.cursors.keys()),
  };
}

/** Equal epochs give names equal meanings. */
export const epochOf = (state: SessionState): string =>
  `${effectivePath(state).join('\u0001')}\u0002${state.now.temporary.size === 0 ? '' : state.temporaryVersion}`;

const without = <T>(map: ReadonlyMap<string, T>, name: string): ReadonlyMap<string, T> => {
  const copy = new Map(map);
  copy.delete(name);
  return copy;
};

function endTransaction(state: SessionState, now: Transactional): SessionState {
  const cursors = new Map([...state.cursors].filter(([, cursor]) => cursor.hold === true));
  const ended = { ...now, localPath: undefined };
  return { ...state, now: ended, settled: ended, frames: [], cursors, temporaryVersion: state.temporaryVersion + 1 };
}

/** ReadyForQuery outside of a transaction block: what was not in one has been committed, or rolled back if anything failed. */
export function settle(state: SessionState, failed: boolean): SessionState {
  const quiet = state.frames.length === 0 && state.now === state.settled && [...state.cursors.values()].every(({ hold }) => hold === true);
  if (!failed && quiet) return state;
  return endTransaction(state, failed ? state.settled : state.now);
}

/** The state after one change of a statement that succeeded. `named`: the statement's own facts, for PREPARE and DECLARE. */
export function applyChange(state: SessionState, change: SessionChange, named: NamedStatement): SessionState {
  const inTransaction = state.frames.length > 0;
  switch (change.kind) {
    case 'begin':
      return inTransaction ? state : { ...state, frames: [{ savepoint: undefined, saved: state.settled }] };
    case 'commit':
      return endTransaction(state, state.now);
    case 'rollback':
      return endTransaction(state, state.settled);
    case 'savepoint':
      return { ...state, frames: [...state.frames, { savepoint: change.name, saved: state.now }] };
    case 'release': {
      const at = state.frames.findLastIndex((frame) => frame.savepoint === change.name);
      return at < 0 ? state : { ...state, frames: state.frames.slice(0, at) };
    }
    case 'rollbackTo': {
      const at = state.frames.findLastIndex((frame) => frame.savepoint === change.name);
      const frame = state.frames[at];
      if (frame === undefined) return state;
      return { ...state, now: frame.saved, frames: state.frames.slice(0, at + 1), temporaryVersion: state.temporaryVersion + 1 };
    }
    case 'searchPath': {
      const path = change.path === 'default' ? state.initialPath : change.path;
      if (!change.local) return { ...state, now: { ...state.now, path, localPath: undefined } };
      return { ...state, now: { ...state.now, localPath: path } };
    }
    case 'justification':
      return { ...state, justification: change.value };
    case 'hold':
      return { ...state, failFast: change.value === 'fail' };
    case 'prepare':
      return { ...state, prepared: new Map(state.prepared).set(change.name, named) };
    case 'deallocate':
      return { ...state, prepared: change.name === undefined ? new Map() : without(state.prepared, change.name) };
    case 'declare':
      return { ...state, cursors: new Map(state.cursors).set(change.name, { ...named, hold: change.hold }) };
    case 'closeCursor':
      return { ...state, cursors: change.name === undefined ? new Map() : without(state.cursors, change.name) };
    case 'createTemporary':
      return {
        ...state,
        now: { ...state.now, temporary: new Map(state.now.temporary).set(change.relation.name, change.relation) },
        temporaryVersion: state.temporaryVersion + 1,
      };
    case 'dropTemporary':
      return {
        ...state,
        now: { ...state.now, temporary: without(state.now.temporary, change.name) },
        temporaryVersion: state.temporaryVersion + 1,
      };
    case 'discard':
      if (change.what === 'temp')
        return { ...state, now: { ...state.now, temporary: new Map() }, temporaryVersion: state.temporaryVersion + 1 };
      if (change.what !== 'all') return state;
      return { ...openState(state.initialPath), justification: state.justification, temporaryVersion: state.temporaryVersion + 1 };
    case 'catalogChanged':
      return state;
  }
}

export function applyAll(state: SessionState, facts: StatementFacts, epoch: string): SessionState {
  return facts.changes.reduce((next, change) => applyChange(next, change, { facts, epoch }), state);
}
