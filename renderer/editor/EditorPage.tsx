// The editor page: sidebar, tabs, text, the gate, results.

import { useEffect, useRef } from 'react';
import { ResultPanel } from '../results/ResultPanel.tsx';
import { Sidebar } from '../sidebar/Sidebar.tsx';
import { connectionNamed, session } from '../state/session.ts';
import { settings } from '../state/settings.ts';
import { useStore } from '../state/store.ts';
import { tabs } from '../state/tabs.ts';
import { CodeEditor } from './CodeEditor.tsx';
import { RunBar } from './RunBar.tsx';
import { SaveQuery } from './SaveQuery.tsx';
import { Splitter } from './Splitter.tsx';
import { TabStrip } from './TabStrip.tsx';
import './editor.css';

export function EditorPage() {
  const tab = useStore(tabs, (state) => state.tabs.find((one) => one.id === state.active));
  const { sidebarWidth, sidebarOpen, panelRatio } = useStore(settings, (state) => state);
  useStore(session, (state) => state.connections);
  const page = useRef<HTMLDivElement>(null);
  const work = useRef<HTMLDivElement>(null);
  const connection = connectionNamed(tab?.connection);

  useEffect(() => {
    const where = connection?.environment === 'production' ? 'PRODUCTION · ' : '';
    document.title = tab ? `${where}${tab.title} · ${connection?.name ?? 'no connection'} · Gatehouse` : 'Gatehouse';
  }, [tab, connection]);

  return (
    <div
      className={`editor ${connection?.environment ?? ''}`}
      ref={page}
      style={{ gridTemplateColumns: sidebarOpen ? `${sidebarWidth}px 0 minmax(0, 1fr)` : 'minmax(0, 1fr)' }}
    >
      {sidebarOpen && (
        <>
          <Sidebar />
          <Splitter
            label="Width of the sidebar"
            direction="row"
            value={sidebarWidth}
            min={180}
            max={520}
            step={16}
            at={(event) => event.clientX - (page.current?.getBoundingClientRect().left ?? 0)}
            onChange={(next) => settings.set({ sidebarWidth: next })}
          />
        </>
      )}
      <div
        className="work"
        ref={work}
        style={{ gridTemplateRows: `auto minmax(90px, ${1 - panelRatio}fr) auto 0 minmax(90px, ${panelRatio}fr)` }}
      >
        <TabStrip />
        <CodeEditor tab={tab?.id ?? ''} />
        <RunBar />
        <Splitter
          label="Height of the results"
          direction="column"
          value={panelRatio}
          min={0.15}
          max={0.85}
          step={0.04}
          at={(event) => {
            const box = work.current?.getBoundingClientRect();
            return box ? 1 - (event.clientY - box.top - 58) / (box.height - 76) : panelRatio;
          }}
          onChange={(next) => settings.set({ panelRatio: next })}
        />
        {tab && <ResultPanel tab={tab.id} />}
      </div>
      <SaveQuery />
    </div>
  );
}
