// What goes to the server in place of a refused message: one that must fail. The server then treats the refusal as it treats any
// failed statement (transaction state, skip to Sync, order in the pipeline), and its error is swapped for ours on the way back.
import type { Refusal } from '../../checkpoint/gate.ts';
import { parse, query } from './messages.ts';
import { EXPECT } from './pipeline.ts';
import type { SessionState } from './session-state.ts';
import { QueryRun } from './statements.ts';

/** No grammar accepts it, and it says in the server's log what it is. */
const TEXT = Buffer.from('gatehouse_refused');
/** Never made, as its text never parses: it stands for messages that change no name. */
const NAME = Buffer.from('gatehouse_refused\0');
const UNNAMED = Buffer.from([0]);
const NO_PARAMETERS = Buffer.from([0, 0]);

/** In place of a Query or a FunctionCall. `text`: what the refusal's position refers to. */
export function poisonQuery(state: SessionState, refusal: Refusal, text?: Uint8Array): void {
  const entry = state.pipeline.push(EXPECT.query);
  entry.run = new QueryRun([]);
  entry.epoch = state.epoch++;
  entry.refusal = refusal;
  entry.refusedText = kept(refusal, text);
  state.dropUnnamed();
  state.toServer.add(query(TEXT));
}

/** In place of a message of the extended protocol. `unnamedParse`: a Parse that would have replaced the unnamed statement. */
export function poisonExtended(state: SessionState, refusal: Refusal, text?: Uint8Array, unnamedParse = false): void {
  const entry = state.pipeline.push(unnamedParse ? EXPECT.parse : EXPECT.describe);
  entry.refusal = refusal;
  entry.refusedText = kept(refusal, text);
  if (unnamedParse) {
    entry.previous = state.statements.get('');
    state.statements.delete('');
  }
  state.toServer.add(parse(unnamedParse ? UNNAMED : NAME, TEXT, NO_PARAMETERS));
  // It will fail, so the server will skip what follows.
  state.skipping = true;
}

/** The text lies in a receive buffer; it is copied only where a position will have to be counted in it. */
function kept(refusal: Refusal, text: Uint8Array | undefined): Uint8Array | undefined {
  return text === undefined || refusal.position === undefined ? undefined : Buffer.from(text);
}
