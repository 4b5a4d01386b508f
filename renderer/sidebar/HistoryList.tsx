// What I ran, newest first; a press opens it in a tab again.

import { useEffect, useState } from 'react';
import type { Results } from '../../contracts/ui.ts';
import { Icon } from '../controls/Icon.tsx';
import { moment, oneLine, plural } from '../controls/words.ts';
import { focusEditor } from '../editor/actions.ts';
import { feed } from '../state/feed.ts';
import { useStore } from '../state/store.ts';
import { newTab } from '../state/tabs.ts';
import { complain } from '../state/toasts.ts';
import { call } from '../transport/socket.ts';

export function HistoryList() {
  const [text, setText] = useState('');
  const [history, setHistory] = useState<Results['history.list']>();
  const news = useStore(feed, (state) => state.count);
  useEffect(() => {
    const timer = setTimeout(() => {
      call('history.list', { limit: 200, ...(text === '' ? {} : { text }) }).then(setHistory, (error: unknown) =>
        complain('The history can not be read', error),
      );
    }, 150);
    return () => clearTimeout(timer);
  }, [text, news]);

  return (
    <>
      <div className="tree-search">
        <label className="search">
          <Icon name="search" size={14} />
          <input
            className="input"
            type="search"
            aria-label="Search the history"
            placeholder="Search the history"
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        </label>
      </div>
      {history?.length === 0 && (
        <div className="empty">
          <strong>{text === '' ? 'Nothing ran yet' : 'Nothing like that ran'}</strong>
          {text === '' && (
            <p>
              <kbd>Ctrl+Enter</kbd> runs the statement under the cursor.
            </p>
          )}
        </div>
      )}
      <ul className="entries">
        {history?.map((one) => (
          <li key={`${one.time}${one.sql}`} className="entry">
            <button
              type="button"
              className="entry-main"
              onClick={() => {
                newTab({ text: one.sql, connection: one.connection });
                focusEditor();
              }}
            >
              <span className="entry-sql strong">{oneLine(one.sql)}</span>
              <span className="entry-meta num">
                <span className={`entry-verdict ${one.verdict}`}>{one.verdict}</span>
                {moment(one.time)}
                {one.rows !== undefined && <span>{plural(one.rows, 'row')}</span>}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}
