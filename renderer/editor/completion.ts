// Completion: the proxy knows the names, Monaco shows them. Masked columns carry their mark.

import type { Completion } from '../../contracts/ui.ts';
import { settings } from '../state/settings.ts';
import { call } from '../transport/socket.ts';
import { connectionOfModel } from './models.ts';
import { LANGUAGE, monaco } from './monaco.ts';

const KINDS: Readonly<Record<Completion['kind'], monaco.languages.CompletionItemKind>> = {
  schema: monaco.languages.CompletionItemKind.Module,
  table: monaco.languages.CompletionItemKind.Struct,
  view: monaco.languages.CompletionItemKind.Interface,
  column: monaco.languages.CompletionItemKind.Field,
  function: monaco.languages.CompletionItemKind.Function,
  keyword: monaco.languages.CompletionItemKind.Keyword,
  join: monaco.languages.CompletionItemKind.Reference,
};

monaco.languages.registerCompletionItemProvider(LANGUAGE, {
  triggerCharacters: ['.', ' '],
  provideCompletionItems: async (model, position, context) => {
    const connection = connectionOfModel(model);
    if (!settings.get().completion || !connection) return { suggestions: [] };
    const before = model.getLineContent(position.lineNumber).slice(0, position.column - 1);
    // A space asks only where a name must follow; else the list would be in the way.
    if (context.triggerCharacter === ' ' && !/\b(from|join|update|into|on|where|and|or|by|select|set)\s$/i.test(before))
      return { suggestions: [] };
    const found = await call('editor.complete', { connection, sql: model.getValue(), offset: model.getOffsetAt(position) }).catch(() => []);
    const word = model.getWordUntilPosition(position);
    const range = new monaco.Range(position.lineNumber, word.startColumn, position.lineNumber, word.endColumn);
    return {
      suggestions: found.map((one, index) => ({
        label: {
          label: one.label,
          ...(one.masked ? { detail: '  masked' } : {}),
          ...(one.detail === undefined ? {} : { description: one.detail }),
        },
        kind: one.masked ? monaco.languages.CompletionItemKind.Issue : KINDS[one.kind],
        insertText: one.insert,
        range,
        sortText: String(index).padStart(5, '0'),
      })),
    };
  },
});
