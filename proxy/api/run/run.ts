// One run of a text: hears the answers of the session, keeps the rows, tells the window. Progress is told at once for the
// first rows and then at most ten times a second.
import type { Events, ResultColumnInfo, StatementError } from '../../../contracts/ui.ts';
import type { Refusal, ResultColumn, StatementPlan } from '../../checkpoint/gate.ts';
import { describeOutputs } from '../../checkpoint/postgres/outputs.ts';
import { rowOf } from './data-row.ts';
import type { MessageFields, QuerySink } from './protocol-client.ts';
import { ResultFile } from './result-file.ts';
import { statementError } from './statement-error.ts';

const PROGRESS_MS = 100;
const MAX_NOTICES = 500;
const MAX_NOTICE_LENGTH = 10_000;
/** A text of that many statements with results is a mistake; the rest has no grid. */
const MAX_RESULTS = 200;

export interface RunResult {
  readonly columns: readonly ResultColumnInfo[];
  readonly file: ResultFile;
  /** What the checkpoint planned for the statement behind it. */
  readonly plan: StatementPlan | undefined;
  /** No rows will be added. */
  done: boolean;
}

export interface RunContext {
  readonly id: string;
  readonly text: string;
  readonly folder: string;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  readonly typeName: (oid: number) => string;
  /** What the checkpoint said of the text. */
  readonly judged: () => readonly StatementPlan[] | Refusal;
  readonly tell: <E extends keyof Events>(event: E, data: Events[E], key?: string) => void;
}

export class RunSink implements QuerySink {
  readonly results: RunResult[] = [];
  errors = 0;
  lastError: StatementError | undefined;
  /** Rows of all statements: sent or changed. */
  totalRows = 0;
  readonly #context: RunContext;
  #current: RunResult | undefined;
  #statement = 0;
  #startedAt: number;
  #told = 0;
  #toldAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #notices = 0;
  /** Rows that nobody will see. */
  #ignoring = false;

  constructor(context: RunContext) {
    this.#context = context;
    this.#startedAt = context.now();
  }

  columns(columns: readonly ResultColumn[]): void {
    const plan = this.#plan();
    const masks = plan === undefined ? [] : describeOutputs(plan);
    // Columns that were not planned one by one can't be named as masked.
    const known = masks.length === columns.length;
    this.#begin(
      columns.map(({ name, typeOid }, i): ResultColumnInfo => {
        const mask = known ? masks[i] : undefined;
        return { name, type: this.#context.typeName(typeOid), ...(mask === undefined ? {} : { mask }) };
      }),
      plan,
    );
  }

  copyOut(): void {
    this.#begin([{ name: 'copy', type: 'text' }], this.#plan());
  }

  copied(line: Buffer): void {
    const end = line.at(-1) === 10 ? line.length - 1 : line.length;
    const row = rowOf(line.subarray(0, end));
    this.rows(row, 0, row.length, 1);
  }

  rows(buffer: Buffer, at: number, length: number, count: number): void {
    if (this.#ignoring) return;
    this.#current?.file.append(buffer, at, length, count);
    this.#progress();
  }

  rowPart(part: Buffer, last: boolean): void {
    if (this.#ignoring) return;
    this.#current?.file.appendPart(part, last);
    if (last) this.#progress();
  }

  complete(tag: string): void {
    const { id, now, tell } = this.#context;
    const result = this.#current === undefined ? undefined : this.results.length - 1;
    const changed = Number(/(\d+)$/u.exec(tag)?.[1] ?? 0);
    const rows = this.#current?.file.rows ?? changed;
    this.totalRows += rows;
    this.#finishResult();
    const at = now();
    // An empty text has no statement to tell of.
    if (tag !== '')
      tell('run.statement', { run: id, ...(result === undefined ? {} : { result }), tag, rows, durationMs: round(at - this.#startedAt) });
    this.#startedAt = at;
    this.#statement += 1;
  }

  error(fields: MessageFields): void {
    const { text, judged } = this.#context;
    this.#finishResult();
    const outcome = judged();
    this.fail(statementError(fields, text, 'code' in outcome ? outcome : undefined));
  }

  /** Also for what went wrong around the session. */
  fail(error: StatementError): void {
    this.errors += 1;
    this.lastError = error;
    this.#context.tell('run.error', { run: this.#context.id, error });
  }

  notice(fields: MessageFields): void {
    const { id, tell } = this.#context;
    this.#notices += 1;
    if (this.#notices > MAX_NOTICES) return;
    const last = this.#notices === MAX_NOTICES;
    const message = last ? 'there are more messages; they are not shown' : (fields.get('M') ?? '').slice(0, MAX_NOTICE_LENGTH);
    tell('run.notice', { run: id, severity: last ? 'WARNING' : (fields.get('V') ?? fields.get('S') ?? 'NOTICE'), message });
  }

  pressure(): Promise<void> | undefined {
    return this.#current?.file.pressure();
  }

  /** Nothing more comes. */
  end(): void {
    this.#finishResult();
  }

  #plan(): StatementPlan | undefined {
    const judged = this.#context.judged();
    return 'code' in judged ? undefined : judged[this.#statement];
  }

  #begin(columns: readonly ResultColumnInfo[], plan: StatementPlan | undefined): void {
    this.#finishResult();
    this.#ignoring = this.results.length >= MAX_RESULTS;
    if (this.#ignoring) return;
    this.#current = { columns, file: new ResultFile(this.#context.folder), plan, done: false };
    this.results.push(this.#current);
    this.#told = 0;
    this.#toldAt = Number.NEGATIVE_INFINITY;
    this.#context.tell('run.result', { run: this.#context.id, result: this.results.length - 1, columns });
  }

  #finishResult(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const result = this.#current;
    if (result === undefined) return;
    this.#tellProgress();
    result.done = true;
    this.#current = undefined;
  }

  #progress(): void {
    if (this.#timer !== undefined) return;
    const wait = this.#toldAt + PROGRESS_MS - this.#context.now();
    if (wait <= 0) this.#tellProgress();
    else
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.#tellProgress();
      }, wait);
  }

  #tellProgress(): void {
    const rows = this.#current?.file.rows ?? 0;
    if (rows === this.#told) return;
    this.#told = rows;
    this.#toldAt = this.#context.now();
    const { id, tell } = this.#context;
    const result = this.results.length - 1;
    tell('run.progress', { run: id, result, rows }, `progress ${id} ${result}`);
  }
}

const round = (ms: number): number => Math.round(ms * 10) / 10;
