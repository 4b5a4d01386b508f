// One Monaco model a tab: undo, markers and text live as long as the tab does.

import { tabs, textOf, typed } from '../state/tabs.ts';
import { touched } from '../state/workspace.ts';
import { LANGUAGE, monaco } from './monaco.ts';

interface Held {
  readonly model: monaco.editor.ITextModel;
  view: monaco.editor.ICodeEditorViewState | null;
}

const held = new Map<string, Held>();

export function modelOf(tab: string): Held {
  const known = held.get(tab);
  if (known) return known;
  const model = monaco.editor.createModel(textOf(tab), LANGUAGE);
  model.updateOptions({ tabSize: 2, insertSpaces: true });
  // Offsets here and in the proxy count the same: one unit a line end.
  model.setEOL(monaco.editor.EndOfLineSequence.LF);
  model.onDidChangeContent(() => {
    typed(tab, model.getValue());
    touched();
  });
  const next: Held = { model, view: null };
  held.set(tab, next);
  return next;
}

export function connectionOfModel(model: monaco.editor.ITextModel): string | undefined {
  for (const [tab, one] of held) if (one.model === model) return tabs.get().tabs.find((each) => each.id === tab)?.connection;
  return undefined;
}

// A closed tab's model goes with it.
tabs.subscribe(() => {
  const open = new Set(tabs.get().tabs.map((tab) => tab.id));
  for (const [tab, { model }] of held) {
    if (open.has(tab)) continue;
    held.delete(tab);
    model.dispose();
  }
});
