// Monaco on screen: shows the active tab's model, follows theme and font size, marks errors where they are.

import { useEffect, useRef } from 'react';
import { lastRun, runs } from '../state/runs.ts';
import { settings, watchTheme } from '../state/settings.ts';
import { useStore } from '../state/store.ts';
import { registerEditor } from './actions.ts';
import './completion.ts';
import { judgeWhileTyping, wordAt } from './judge.ts';
import { modelOf } from './models.ts';
import { monaco } from './monaco.ts';

export function CodeEditor({ tab }: { readonly tab: string }) {
  const host = useRef<HTMLDivElement>(null);
  const editor = useRef<monaco.editor.IStandaloneCodeEditor>(undefined);
  const fontSize = useStore(settings, (state) => state.fontSize);
  const error = useStore(runs, (state) => {
    const run = lastRun(state, tab);
    return run?.error ? run : undefined;
  });

  useEffect(() => {
    if (!host.current) return;
    const created = monaco.editor.create(host.current, {
      model: null,
      automaticLayout: true,
      ariaLabel: 'SQL text',
      fontFamily: "'JetBrains Mono Variable', ui-monospace, Menlo, Consolas, monospace",
      fontLigatures: false,
      lineHeight: 1.6,
      minimap: { enabled: false },
      scrollBeyondLastLine: false,
      padding: { top: 10, bottom: 10 },
      lineNumbersMinChars: 3,
      lineDecorationsWidth: 10,
      folding: false,
      glyphMargin: false,
      renderLineHighlight: 'none',
      overviewRulerLanes: 0,
      hideCursorInOverviewRuler: true,
      overviewRulerBorder: false,
      scrollbar: { verticalScrollbarSize: 10, horizontalScrollbarSize: 10, useShadows: false },
      wordBasedSuggestions: 'off',
      suggest: { showStatusBar: false, preview: false, showIcons: true },
      quickSuggestions: { other: true, comments: false, strings: false },
      fixedOverflowWidgets: true,
      occurrencesHighlight: 'off',
      unicodeHighlight: { ambiguousCharacters: true, invisibleCharacters: true },
      contextmenu: true,
      wordWrap: 'off',
    });
    editor.current = created;
    registerEditor(created);
    const forgetTheme = watchTheme((dark) => monaco.editor.setTheme(dark ? 'gatehouse-dark' : 'gatehouse-light'));
    const stopJudging = judgeWhileTyping(created);
    // Widths are wrong until the font is there.
    void document.fonts.load('13px "JetBrains Mono Variable"').then(() => monaco.editor.remeasureFonts());
    return () => {
      stopJudging();
      forgetTheme();
      registerEditor(undefined);
      created.dispose();
    };
  }, []);

  useEffect(() => {
    editor.current?.updateOptions({ fontSize });
  }, [fontSize]);

  useEffect(() => {
    const shown = editor.current;
    if (!shown || tab === '') return;
    const held = modelOf(tab);
    shown.setModel(held.model);
    shown.restoreViewState(held.view);
    shown.focus();
    return () => {
      held.view = shown.saveViewState();
    };
  }, [tab]);

  useEffect(() => {
    if (tab === '') return;
    const { model } = modelOf(tab);
    const position = error?.error?.position;
    if (!error?.error || position === undefined) {
      monaco.editor.setModelMarkers(model, 'run', []);
      return;
    }
    const where = wordAt(model, error.offset + position);
    monaco.editor.setModelMarkers(model, 'run', [{ ...where, severity: monaco.MarkerSeverity.Error, message: error.error.message }]);
    const change = model.onDidChangeContent(() => monaco.editor.setModelMarkers(model, 'run', []));
    return () => change.dispose();
  }, [tab, error]);

  return <div className="code" ref={host} />;
}
