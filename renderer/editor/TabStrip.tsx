// The tabs of the editor: one text, one connection, one database session each.

import { useEffect, useRef, useState } from 'react';
import { EnvDot } from '../controls/EnvDot.tsx';
import { Icon } from '../controls/Icon.tsx';
import { IconButton } from '../controls/IconButton.tsx';
import { runs } from '../state/runs.ts';
import { connectionNamed, session } from '../state/session.ts';
import { settings } from '../state/settings.ts';
import { useStore } from '../state/store.ts';
import { activate, newTab, renameTab, type Tab, tabs } from '../state/tabs.ts';
import { keysOf } from '../shell/commands.ts';
import { close, editing } from './actions.ts';

export function TabStrip() {
  const all = useStore(tabs, (state) => state.tabs);
  const active = useStore(tabs, (state) => state.active);
  const list = useRef<HTMLDivElement>(null);
  const sidebarOpen = useStore(settings, (state) => state.sidebarOpen);
  useEffect(() => {
    list.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [active]);
  return (
    <div className="tabs">
      {!sidebarOpen && (
        <IconButton icon="sidebar" label="Show the sidebar" keys={keysOf('sidebar')} onClick={() => settings.set({ sidebarOpen: true })} />
      )}
      <div className="tabs-list" role="tablist" aria-label="Open queries" ref={list}>
        {all.map((tab) => (
          <TabItem key={tab.id} tab={tab} active={tab.id === active} />
        ))}
      </div>
      <IconButton icon="plus" label="New tab" keys={keysOf('newTab')} onClick={() => newTab()} />
    </div>
  );
}

function TabItem({ tab, active }: { readonly tab: Tab; readonly active: boolean }) {
  const renaming = useStore(editing, (state) => state.renaming === tab.id);
  const running = useStore(runs, (state) => state.runs.some((run) => run.tab === tab.id && run.status === 'running'));
  useStore(session, (state) => state.connections);
  const connection = connectionNamed(tab.connection);
  return (
    <div
      className={`tab ${connection?.environment ?? ''}`}
      data-active={active}
      onAuxClick={(event) => {
        if (event.button === 1) close(tab.id);
      }}
    >
      {renaming ? (
        <Rename tab={tab} />
      ) : (
        <button
          type="button"
          role="tab"
          className="tab-name"
          aria-selected={active}
          tabIndex={active ? 0 : -1}
          onClick={() => activate(tab.id)}
          onDoubleClick={() => editing.set({ renaming: tab.id })}
          onKeyDown={(event) => {
            if (event.key === 'ArrowRight' || event.key === 'ArrowLeft') {
              const strip = [...(event.currentTarget.closest('[role=tablist]')?.querySelectorAll<HTMLElement>('[role=tab]') ?? [])];
              const next = strip[strip.indexOf(event.currentTarget) + (event.key === 'ArrowRight' ? 1 : -1)];
              next?.focus();
            }
            if (event.key === 'Delete') close(tab.id);
          }}
        >
          {running ? <span className="spinner" role="img" aria-label="running" /> : <EnvDot environment={connection?.environment} />}
          <span className="ellipsis">{tab.title}</span>
          {tab.dirty && <span className="tab-dirty" role="img" aria-label="not saved" />}
        </button>
      )}
      <button type="button" className="tab-close" aria-label={`Close ${tab.title}`} tabIndex={-1} onClick={() => close(tab.id)}>
        <Icon name="close" size={12} />
      </button>
    </div>
  );
}

function Rename({ tab }: { readonly tab: Tab }) {
  const [title, setTitle] = useState(tab.title);
  const done = (keep: boolean) => {
    if (keep) renameTab(tab.id, title);
    editing.set({ renaming: undefined });
  };
  return (
    <input
      className="input tab-rename"
      aria-label="Name of the tab"
      // oxlint-disable-next-line jsx-a11y/no-autofocus
      autoFocus
      value={title}
      onFocus={(event) => event.currentTarget.select()}
      onChange={(event) => setTitle(event.target.value)}
      onBlur={() => done(true)}
      onKeyDown={(event) => {
        if (event.key === 'Enter') done(true);
        if (event.key === 'Escape') done(false);
      }}
    />
  );
}
