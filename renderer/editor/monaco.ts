// Monaco with what a SQL editor needs and nothing else: one language, one worker, no eval.

import 'monaco-editor/editor/browser/coreCommands.js';
import 'monaco-editor/editor/contrib/bracketMatching/browser/bracketMatching.js';
import 'monaco-editor/editor/contrib/caretOperations/browser/transpose.js';
import 'monaco-editor/editor/contrib/clipboard/browser/clipboard.js';
import 'monaco-editor/editor/contrib/comment/browser/comment.js';
import 'monaco-editor/editor/contrib/contextmenu/browser/contextmenu.js';
import 'monaco-editor/editor/contrib/cursorUndo/browser/cursorUndo.js';
import 'monaco-editor/editor/contrib/dnd/browser/dnd.js';
import 'monaco-editor/editor/contrib/find/browser/findController.js';
import 'monaco-editor/editor/contrib/folding/browser/folding.js';
import 'monaco-editor/editor/contrib/gotoError/browser/gotoError.js';
import 'monaco-editor/editor/contrib/hover/browser/hoverContribution.js';
import 'monaco-editor/editor/contrib/indentation/browser/indentation.js';
import 'monaco-editor/editor/contrib/linesOperations/browser/linesOperations.js';
import 'monaco-editor/editor/contrib/multicursor/browser/multicursor.js';
import 'monaco-editor/editor/contrib/smartSelect/browser/smartSelect.js';
import 'monaco-editor/editor/contrib/snippet/browser/snippetController2.js';
import 'monaco-editor/editor/contrib/suggest/browser/suggestController.js';
import 'monaco-editor/editor/contrib/wordHighlighter/browser/wordHighlighter.js';
import 'monaco-editor/editor/contrib/wordOperations/browser/wordOperations.js';
import 'monaco-editor/features/codicon/register.js';
import { conf, language } from 'monaco-editor/languages/definitions/pgsql/pgsql.js';
import * as monaco from 'monaco-editor/editor/editor.api.js';
// oxlint-disable-next-line import/default -- Vite makes the worker's class
import EditorWorker from 'monaco-editor/editor/editor.worker.js?worker';

export const LANGUAGE = 'pgsql';

// Monaco's list holds reserved words only; these are read as keywords by everyone who writes SQL.
const MORE_KEYWORDS =
  'ADD ALTER BEGIN BY CASCADE COLUMN COMMIT CONFLICT COPY CUBE DELETE DROP EXPLAIN EXISTS FILTER FIRST FUNCTION IF INDEX INSERT KEY LAST LATERAL MATERIALIZED MERGE NEXT NOTHING NULLS OVER PARTITION RANGE RECURSIVE REFRESH RENAME REPLACE RESTART RETURN RETURNS ROLLBACK ROLLUP ROWS SAVEPOINT SCHEMA SEQUENCE SET SHOW TEMP TEMPORARY TRANSACTION TRIGGER TRUNCATE TYPE UPDATE VALUES VIEW WITHIN WITHOUT'.split(
    ' ',
  );

monaco.languages.register({ id: LANGUAGE });
monaco.languages.setLanguageConfiguration(LANGUAGE, conf);
monaco.languages.setMonarchTokensProvider(LANGUAGE, { ...language, keywords: [...language.keywords, ...MORE_KEYWORDS] });

(self as { MonacoEnvironment?: monaco.Environment }).MonacoEnvironment = { getWorker: () => new EditorWorker() };

const rules = (
  keyword: string,
  text: string,
  value: string,
  number: string,
  comment: string,
  name: string,
): monaco.editor.ITokenThemeRule[] => [
  { token: '', foreground: text },
  { token: 'keyword', foreground: keyword, fontStyle: 'bold' },
  { token: 'operator.sql', foreground: keyword },
  { token: 'operator', foreground: comment },
  { token: 'string', foreground: value },
  { token: 'string.sql', foreground: value },
  { token: 'predefined.sql', foreground: name },
  { token: 'number', foreground: number },
  { token: 'comment', foreground: comment, fontStyle: 'italic' },
  { token: 'predefined', foreground: name },
  { token: 'identifier.quote', foreground: text },
  { token: 'delimiter', foreground: comment },
];

monaco.editor.defineTheme('gatehouse-light', {
  base: 'vs',
  inherit: true,
  rules: rules('2443a8', '1b1f27', '17693f', '8a5300', '626b7a', '6a3fb0'),
  colors: {
    'editor.background': '#ffffff',
    'editor.foreground': '#1b1f27',
    'editorLineNumber.foreground': '#7a8392',
    'editorLineNumber.activeForeground': '#1b1f27',
    'editor.lineHighlightBackground': '#00000000',
    'editor.lineHighlightBorder': '#00000000',
    'editor.selectionBackground': '#cfdbfa',
    'editorCursor.foreground': '#2b4fc4',
    'editorWidget.background': '#ffffff',
    'editorWidget.border': '#d9dde4',
    'editorSuggestWidget.selectedBackground': '#e3e9fb',
    'editorSuggestWidget.selectedForeground': '#1b1f27',
    'editorSuggestWidget.highlightForeground': '#2b4fc4',
    'editorSuggestWidget.focusHighlightForeground': '#2b4fc4',
    'list.focusBackground': '#e3e9fb',
    focusBorder: '#2b4fc4',
  },
});

monaco.editor.defineTheme('gatehouse-dark', {
  base: 'vs-dark',
  inherit: true,
  rules: rules('86a5ff', 'e3e7ee', '7fd1a4', 'eeb95a', '919bab', 'c3a3f7'),
  colors: {
    'editor.background': '#1b1f25',
    'editor.foreground': '#e3e7ee',
    'editorLineNumber.foreground': '#7c8696',
    'editorLineNumber.activeForeground': '#e3e7ee',
    'editor.lineHighlightBackground': '#00000000',
    'editor.lineHighlightBorder': '#00000000',
    'editor.selectionBackground': '#2a3a6b',
    'editorCursor.foreground': '#86a5ff',
    'editorWidget.background': '#242931',
    'editorWidget.border': '#303742',
    'editorSuggestWidget.selectedBackground': '#2a3a6b',
    'editorSuggestWidget.selectedForeground': '#e3e7ee',
    'editorSuggestWidget.highlightForeground': '#a3bbff',
    'editorSuggestWidget.focusHighlightForeground': '#a3bbff',
    'list.focusBackground': '#2a3a6b',
    focusBorder: '#86a5ff',
  },
});

export { monaco };
