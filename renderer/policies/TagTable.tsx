// The classified columns of a connection, and which of them are masked for me.

import { useEffect, useMemo, useState } from 'react';
import type { TaggedColumn } from '../../contracts/ui.ts';
import { Icon } from '../controls/Icon.tsx';
import { call } from '../transport/socket.ts';

const MOST_SHOWN = 500;

export function TagTable({ connection }: { readonly connection: string }) {
  const [tags, setTags] = useState<readonly TaggedColumn[]>();
  const [problem, setProblem] = useState('');
  const [text, setText] = useState('');
  useEffect(() => {
    if (connection === '') return;
    call('policy.tags', { connection }).then(setTags, (error: unknown) =>
      setProblem(error instanceof Error ? error.message : String(error)),
    );
  }, [connection]);
  const fitting = useMemo(() => {
    const wanted = text.toLowerCase();
    return tags?.filter((one) => `${one.schema}.${one.relation}.${one.column} ${one.tags.join(' ')}`.toLowerCase().includes(wanted)) ?? [];
  }, [tags, text]);
  if (problem !== '') return <p className="message deny">{problem}</p>;
  if (tags?.length === 0) {
    return (
      <div className="empty">
        <strong>No column of {connection} carries a tag</strong>
        <p>Tags come from the classification of the policy bundle.</p>
      </div>
    );
  }
  return (
    <div className="tags">
      <label className="search tags-search">
        <Icon name="search" size={14} />
        <input
          className="input"
          type="search"
          aria-label="Search columns and tags"
          placeholder="Search columns and tags"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      </label>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Table</th>
            <th scope="col">Column</th>
            <th scope="col">Tags</th>
            <th scope="col">For you</th>
          </tr>
        </thead>
        <tbody>
          {fitting.slice(0, MOST_SHOWN).map((one) => (
            <tr key={`${one.schema}.${one.relation}.${one.column}`}>
              <td className="mono">
                {one.schema}.{one.relation}
              </td>
              <td className="mono">{one.column}</td>
              <td>
                {one.tags.map((tag) => (
                  <span key={tag} className="chip">
                    {tag}
                  </span>
                ))}
              </td>
              <td>
                {one.masked ? (
                  <span className="chip mask">
                    <Icon name="lock" size={11} />
                    masked
                  </span>
                ) : (
                  <span className="note">shown</span>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {fitting.length > MOST_SHOWN && <p className="note">{fitting.length - MOST_SHOWN} more: search to narrow them.</p>}
      {tags && fitting.length === 0 && <p className="note">No column or tag has that name.</p>}
    </div>
  );
}
