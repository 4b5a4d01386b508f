// What commands do in the editor. The editor on screen registers itself here; commands never hold it.

import { formatDialect, postgresql } from 'sql-formatter';
import { call } from '../transport/socket.ts';
import { ask, lastRun, runs, startRun } from '../state/runs.ts';
import { preflight } from '../state/preflight.ts';
import { createStore } from '../state/store.ts';
import { activeTab, closeTab, markSaved, newTab, textOf } from '../state/tabs.ts';
import { complain, orComplain, tell } from '../state/toasts.ts';
import { go } from '../state/ui.ts';
import type { monaco } from './monaco.ts';
import { split, statementAt } from './statements.ts';

let editor: monaco.editor.IStandaloneCodeEditor | undefined;

/** What the tab strip and the save dialog must show because a command asked for it. */
export const editing = createStore<{ readonly renaming: string | undefined; readonly naming: boolean }>({
  renaming: undefined,
  naming: false,
});

export function registerEditor(next: monaco.editor.IStandaloneCodeEditor | undefined): void {
  editor = next;
}

export const focusEditor = (): void => void setTimeout(() => editor?.focus(), 0);

export async function runCurrent(): Promise<void> {
  const found = await current();
  if (found) await runText(found.sql, found.offset);
}

export async function runAll(): Promise<void> {
  const tab = activeTab();
  if (!tab) return;
  const text = textOf(tab.id);
  const start = text.search(/\S/);
  if (start >= 0) await runText(text.slice(start).trimEnd(), start);
}

export async function explainCurrent(): Promise<void> {
  const found = await current();
  if (found) await runText(/^\s*explain\b/i.test(found.sql) ? found.sql : `explain ${found.sql}`, found.offset);
}

async function runText(sql: string, offset: number): Promise<void> {
  const tab = activeTab();
  if (!tab) return;
  if (tab.connection === '') {
    complain('Nothing was run', 'Choose a connection for this tab first.');
    return;
  }
  if (lastRun(runs.get(), tab.id)?.status === 'running') {
    tell('A statement still runs in this tab', 'Esc cancels it; another tab runs beside it.');
    return;
  }
  // The pre-flight knows already that a reason will be asked: asking now saves a refusal in the record.
  const known = preflight.get().current;
  const check = known?.tab === tab.id && known.connection === tab.connection && known.sql === sql ? known.check : undefined;
  if (check?.verdict === 'hold' && check.remedies.includes('justify')) {
    ask(tab.id, {
      sql,
      offset,
      connection: tab.connection,
      reason: check.reason ?? 'This statement needs a reason.',
      facts: factsOf(check),
      policies: check.policies,
    });
    return;
  }
  await startRun(tab.id, tab.connection, sql, offset);
}

function factsOf(check: {
  readonly relations: readonly string[];
  readonly effects: readonly string[];
  readonly estimatedRows?: number;
}): string[] {
  return [
    ...(check.effects.length > 0 ? [check.effects.join(', ')] : []),
    ...(check.estimatedRows === undefined ? [] : [`about ${check.estimatedRows.toLocaleString('en')} rows`]),
  ];
}

async function current(): Promise<{ sql: string; offset: number } | undefined> {
  const tab = activeTab();
  const model = editor?.getModel();
  const selection = editor?.getSelection();
  if (!tab || !model || !selection) return undefined;
  if (!selection.isEmpty()) return { sql: model.getValueInRange(selection), offset: model.getOffsetAt(selection.getStartPosition()) };
  const text = model.getValue();
  try {
    const range = statementAt(text, await split(text), model.getOffsetAt(selection.getPosition()));
    if (range) return { sql: text.slice(range.start, range.end), offset: range.start };
    if (text.trim() === '') tell('There is nothing to run', 'Type a statement; Ctrl+Enter runs it.');
  } catch (error) {
    complain('Nothing was run', error);
  }
  return undefined;
}

export function formatText(): void {
  const model = editor?.getModel();
  const selection = editor?.getSelection();
  if (!editor || !model || !selection) return;
  const range = selection.isEmpty() ? model.getFullModelRange() : selection;
  try {
    const text = formatDialect(model.getValueInRange(range), {
      dialect: postgresql,
      keywordCase: 'preserve',
      tabWidth: 2,
      linesBetweenQueries: 1,
    });
    editor.pushUndoStop();
    editor.executeEdits('format', [{ range, text: selection.isEmpty() ? `${text}\n` : text }]);
    editor.pushUndoStop();
  } catch (error) {
    complain('The text was left as it is: it can not be formatted', error instanceof Error ? (error.message.split('\n')[0] ?? '') : error);
  }
}

export function toggleComment(): void {
  editor?.focus();
  editor?.trigger('command', 'editor.action.commentLine', null);
}

export function insertText(text: string): void {
  const selection = editor?.getSelection();
  if (!editor || !selection) return;
  editor.executeEdits('insert', [{ range: selection, text, forceMoveMarkers: true }]);
  editor.focus();
}

export function closeActive(): void {
  const tab = activeTab();
  if (tab) close(tab.id);
}

export function close(id: string): void {
  closeTab(id);
  runs.set(({ runs: all }) => ({ runs: all.filter((run) => run.tab !== id) }));
}

export function renameActive(): void {
  editing.set({ renaming: activeTab()?.id });
}

export function askForName(): void {
  const tab = activeTab();
  if (!tab) return;
  if (tab.query === undefined) editing.set({ naming: true });
  else orComplain(saveAs(tab.query), 'The query was not saved');
}

export async function saveAs(name: string): Promise<void> {
  const tab = activeTab();
  if (!tab) return;
  await call('queries.save', { name, sql: textOf(tab.id) });
  markSaved(tab.id, name);
  saved.set(({ count }) => ({ count: count + 1 }));
}

/** Counts up when the list of saved queries changed. */
export const saved = createStore<{ readonly count: number }>({ count: 0 });

/** A new tab with the first rows of a relation, run at once. */
export function openTable(connection: string, schema: string, relation: string): void {
  go('editor');
  const sql = `select *\nfrom ${name(schema)}.${name(relation)}\nlimit 500;`;
  const tab = newTab({ connection, text: `${sql}\n`, title: relation });
  orComplain(startRun(tab, connection, sql.slice(0, -1), 0), 'The table was not opened');
  focusEditor();
}

export const name = (identifier: string): string =>
  /^[a-z_][a-z0-9_]*$/.test(identifier) ? identifier : `"${identifier.replaceAll('"', '""')}"`;

export function cycleFocus(): void {
  const stops = ['.monaco-editor textarea, .monaco-editor .native-edit-context', '[data-stop=results]', '[data-stop=sidebar]'];
  const elements = stops.map((stop) => document.querySelector<HTMLElement>(stop));
  const at = elements.findIndex((element) => element?.closest('.code, .results, .sidebar')?.contains(document.activeElement));
  for (let n = 1; n <= stops.length; n++) {
    const next = elements[(at + n + stops.length) % stops.length];
    if (next) {
      if (next === elements[0]) editor?.focus();
      else next.focus();
      return;
    }
  }
}
