// Saved queries: one press opens them.

import { useEffect, useState } from 'react';
import type { Results } from '../../contracts/ui.ts';
import { Icon } from '../controls/Icon.tsx';
import { IconButton } from '../controls/IconButton.tsx';
import { oneLine } from '../controls/words.ts';
import { focusEditor, saved } from '../editor/actions.ts';
import { keysOf } from '../shell/commands.ts';
import { useStore } from '../state/store.ts';
import { activate, newTab, tabs } from '../state/tabs.ts';
import { complain, orComplain } from '../state/toasts.ts';
import { call } from '../transport/socket.ts';

type Query = Results['queries.list'][number];

export function SavedList() {
  const [queries, setQueries] = useState<readonly Query[]>();
  const changes = useStore(saved, (state) => state.count);
  useEffect(() => {
    call('queries.list', {}).then(setQueries, (error: unknown) => complain('Saved queries can not be listed', error));
  }, [changes]);

  const open = (query: Query) => {
    const known = tabs.get().tabs.find((tab) => tab.query === query.name);
    if (known) activate(known.id);
    else newTab({ text: query.sql, title: query.name, query: query.name });
    focusEditor();
  };
  const remove = (query: Query) => {
    orComplain(
      call('queries.remove', { name: query.name }).then(() => saved.set(({ count }) => ({ count: count + 1 }))),
      'The query was not removed',
    );
  };

  if (queries?.length === 0) {
    return (
      <div className="empty">
        <strong>No saved queries</strong>
        <p>
          <kbd>{keysOf('save')}</kbd> saves the text of the current tab.
        </p>
      </div>
    );
  }
  return (
    <ul className="entries">
      {queries?.map((query) => (
        <li key={query.name} className="entry">
          <button type="button" className="entry-main" onClick={() => open(query)}>
            <span className="entry-title">
              <Icon name="star" size={13} />
              <span className="ellipsis">{query.name}</span>
            </span>
            <span className="entry-sql ellipsis">{oneLine(query.sql)}</span>
          </button>
          <IconButton icon="trash" label={`Remove ${query.name}`} onClick={() => remove(query)} />
        </li>
      ))}
    </ul>
  );
}
