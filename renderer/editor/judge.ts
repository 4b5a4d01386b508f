// The pre-flight: a moment after typing stops, the statement under the cursor is marked and judged. Nothing runs.

import type { Check, StatementRange } from '../../contracts/ui.ts';
import { preflight } from '../state/preflight.ts';
import { session } from '../state/session.ts';
import { activeTab, tabs } from '../state/tabs.ts';
import { call } from '../transport/socket.ts';
import { monaco } from './monaco.ts';
import { split, statementAt } from './statements.ts';

const QUIET_MS = 250;
const OWNER = 'preflight';

export function judgeWhileTyping(editor: monaco.editor.IStandaloneCodeEditor): () => void {
  const marks = editor.createDecorationsCollection();
  let timer: number | undefined;
  let turn = 0;

  const later = (wait: number) => {
    clearTimeout(timer);
    timer = window.setTimeout(() => void judge(), wait);
  };

  const judge = async () => {
    const mine = ++turn;
    const model = editor.getModel();
    const tab = activeTab();
    const position = editor.getPosition();
    if (!model || !tab || !position || session.get().status !== 'open') return;
    const text = model.getValue();
    const stale = () => mine !== turn || model.isDisposed() || editor.getModel() !== model || model.getValue() !== text;
    try {
      const range = statementAt(text, await split(text), model.getOffsetAt(position));
      if (stale()) return;
      mark(model, range);
      if (!range || tab.connection === '') {
        preflight.set({ current: undefined, pending: false });
        monaco.editor.setModelMarkers(model, OWNER, []);
        return;
      }
      const sql = text.slice(range.start, range.end);
      const known = preflight.get().current;
      const base = { tab: tab.id, connection: tab.connection, range, sql };
      if (known?.check && known.sql === sql && known.connection === tab.connection) {
        preflight.set({ current: { ...base, check: known.check, failed: undefined }, pending: false });
        showProblem(model, range, known.check);
        return;
      }
      preflight.set({ pending: true });
      const check = await call('editor.check', { connection: tab.connection, sql });
      if (stale()) return;
      preflight.set({ current: { ...base, check, failed: undefined }, pending: false });
      showProblem(model, range, check);
    } catch (error) {
      if (mine !== turn) return;
      const message = error instanceof Error ? error.message : String(error);
      preflight.set({
        current: { tab: tab.id, connection: tab.connection, range: { start: 0, end: 0 }, sql: '', check: undefined, failed: message },
        pending: false,
      });
    }
  };

  const mark = (model: monaco.editor.ITextModel, range: StatementRange | undefined) => {
    if (!range) {
      marks.clear();
      return;
    }
    const from = model.getPositionAt(range.start);
    const to = model.getPositionAt(range.end);
    marks.set([
      {
        range: new monaco.Range(from.lineNumber, 1, to.lineNumber, 1),
        options: { isWholeLine: true, className: 'statement-lines', linesDecorationsClassName: 'statement-bar' },
      },
    ]);
  };

  const subscriptions = [
    editor.onDidChangeModelContent(() => later(QUIET_MS)),
    editor.onDidChangeCursorPosition(() => later(QUIET_MS)),
    editor.onDidChangeModel(() => {
      marks.clear();
      later(0);
    }),
  ];
  const unsubscribe = [tabs.subscribe(() => later(QUIET_MS)), session.subscribe(() => later(QUIET_MS))];
  later(0);
  return () => {
    clearTimeout(timer);
    for (const one of subscriptions) one.dispose();
    for (const one of unsubscribe) one();
  };
}

function showProblem(model: monaco.editor.ITextModel, range: StatementRange, check: Check): void {
  if (check.verdict !== 'deny') {
    monaco.editor.setModelMarkers(model, OWNER, []);
    return;
  }
  const message = [
    check.reason ?? 'This statement will be refused.',
    check.hint,
    check.policies.length > 0 ? `policy ${check.policies.join(', ')}` : undefined,
  ];
  const where = check.position === undefined ? firstWord(model, range) : wordAt(model, range.start + check.position);
  monaco.editor.setModelMarkers(model, OWNER, [
    {
      ...where,
      severity: check.code === 'NOT_UNDERSTOOD' ? monaco.MarkerSeverity.Warning : monaco.MarkerSeverity.Error,
      message: message.filter(Boolean).join('\n'),
    },
  ]);
}

/** The range of the word at an offset, or one character. */
export function wordAt(
  model: monaco.editor.ITextModel,
  offset: number,
): { startLineNumber: number; startColumn: number; endLineNumber: number; endColumn: number } {
  const at = model.getPositionAt(offset);
  const word = model.getWordAtPosition(at);
  return {
    startLineNumber: at.lineNumber,
    startColumn: word?.startColumn ?? at.column,
    endLineNumber: at.lineNumber,
    endColumn: word?.endColumn ?? at.column + 1,
  };
}

function firstWord(model: monaco.editor.ITextModel, range: StatementRange) {
  return wordAt(model, range.start);
}
