// What the window keeps: its workspace, saved queries, the history of runs.
import { loadWorkspace, saveWorkspace } from '../../store/workspace.ts';
import type { Handlers } from '../channel/requests.ts';
import type { AppParts } from '../parts.ts';

type Methods = Pick<Handlers, 'workspace.load' | 'workspace.save' | 'queries.list' | 'queries.save' | 'queries.remove' | 'history.list'>;

export function storeMethods({ home, queries, history }: AppParts): Methods {
  return {
    'workspace.load': () => ({ content: loadWorkspace(home) ?? null }),
    'workspace.save'({ content }) {
      saveWorkspace(home, content);
      return null;
    },
    'queries.list': () => queries.list(),
    'queries.save'({ name, sql }) {
      queries.save(name, sql);
      return null;
    },
    'queries.remove'({ name }) {
      queries.remove(name);
      return null;
    },
    'history.list': ({ text, limit }) => history.find(text, limit),
  };
}
