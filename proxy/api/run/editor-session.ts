// A tab's own session on one connection: opened when the first text is run, opened anew when it was lost. The reason for a
// text is set before it and taken back after it, so that no later text runs under it.
import type { Gate, Refusal, StatementPlan } from '../../checkpoint/gate.ts';
import { GatehouseError } from '../../errors.ts';
import { type InProcessSession, openInProcess } from '../../wire/postgres/in-process.ts';
import type { Log } from '../channel/requests.ts';
import { type MessageFields, ProtocolClient, type QuerySink, SessionGone, type Transaction } from './protocol-client.ts';

export interface EditorSessionOptions {
  readonly gate: Gate;
  readonly person: string;
  readonly connection: string;
  readonly now: () => number;
  readonly log: Log;
}

export interface TextOutcome {
  readonly transaction: Transaction;
  /** The session ended with the text. */
  readonly gone: boolean;
}

/** The session could not be opened. */
export class NotOpened extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

const CONNECT_TIMEOUT_MS = 10_000;

export class EditorSession {
  readonly #options: EditorSessionOptions;
  #session: InProcessSession | undefined;
  #client: ProtocolClient | undefined;
  #transaction: Transaction = 'none';
  /** A reason is set that could not be taken back yet (the transaction had failed). */
  #justified = false;
  #judged: readonly StatementPlan[] | Refusal = [];
  #closed = false;

  constructor(options: EditorSessionOptions) {
    this.#options = options;
  }

  /** Of the last text: what the checkpoint said of it. */
  get judged(): readonly StatementPlan[] | Refusal {
    return this.#judged;
  }

  /** Names the session in the ledger. */
  get id(): string | undefined {
    return this.#session?.id;
  }

  /** `statements`: how many the text holds. Rejects with NotOpened, SessionGone or RESULT_STORE. */
  async run(text: string, justification: string | undefined, statements: () => Promise<number>, sink: QuerySink): Promise<TextOutcome> {
    const client = await this.#open();
    if (this.#justified && this.#transaction !== 'failed') await this.#takeBack(client);
    if (this.#justified && (await statements()) > 1)
      throw new GatehouseError('TRANSACTION_FAILED', 'the transaction has failed: run ROLLBACK on its own first');
    if (justification !== undefined && this.#transaction !== 'failed') {
      const problem = await this.#quiet(client, `SET gatehouse.justification = ${literal(justification)}`);
      if (problem !== undefined) throw new GatehouseError('JUSTIFICATION', `the reason could not be set: ${problem}`);
      this.#justified = true;
    }
    this.#judged = [];
    try {
      this.#transaction = await client.run(text, sink);
    } finally {
      if (client.gone) this.#drop();
    }
    // What was judged is asked for after this; the reason's own statement must not replace it.
    const judged = this.#judged;
    if (this.#justified && this.#transaction !== 'failed' && !client.gone) await this.#takeBack(client);
    this.#judged = judged;
    return { transaction: this.#transaction, gone: client.gone };
  }

  /** Resolves when the database has taken the request. */
  async cancel(): Promise<void> {
    await this.#session?.cancel();
  }

  close(): void {
    this.#closed = true;
    this.#client?.close();
    this.#drop();
  }

  async #open(): Promise<ProtocolClient> {
    if (this.#closed) throw new SessionGone();
    if (this.#client !== undefined && !this.#client.gone) return this.#client;
    this.#drop();
    const { gate, person, connection, now, log } = this.#options;
    const opened = await openInProcess({
      gate,
      door: 'editor',
      user: person,
      connection,
      applicationName: 'Gatehouse',
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      now,
      log,
      judged: (outcome) => {
        this.#judged = outcome;
      },
    });
    if (opened.kind === 'refused') throw new NotOpened(opened.refusal);
    if (this.#closed) {
      opened.session.end();
      throw new SessionGone();
    }
    this.#session = opened.session;
    this.#client = new ProtocolClient(opened.session.stream);
    return this.#client;
  }

  #drop(): void {
    this.#session = undefined;
    this.#client = undefined;
    this.#transaction = 'none';
    this.#justified = false;
  }

  async #takeBack(client: ProtocolClient): Promise<void> {
    const problem = await this.#quiet(client, 'RESET gatehouse.justification');
    if (problem === undefined) this.#justified = false;
    else {
      // A session that keeps its reason would lend it to the next text.
      client.close();
      this.#drop();
    }
  }

  /** Runs a statement of our own; the error's message when it failed. */
  async #quiet(client: ProtocolClient, text: string): Promise<string | undefined> {
    let problem: string | undefined;
    const nothing = (): undefined => undefined;
    this.#transaction = await client.run(text, {
      columns: nothing,
      copyOut: nothing,
      copied: nothing,
      rows: nothing,
      rowPart: nothing,
      complete: nothing,
      notice: nothing,
      pressure: nothing,
      error: (fields: MessageFields) => {
        problem = fields.get('M') ?? 'unknown';
      },
    });
    return problem;
  }
}

/** A string constant under standard_conforming_strings. */
const literal = (text: string): string => `'${text.replaceAll('\0', ' ').replaceAll("'", "''")}'`;
