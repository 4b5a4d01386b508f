// How far a file is, with a way to stop it.

import { IconButton } from '../controls/IconButton.tsx';
import { count } from '../controls/words.ts';
import { cancelExport, exports } from '../state/exports.ts';
import { useStore } from '../state/store.ts';

export function ExportProgress() {
  const running = useStore(exports, (state) => state.running);
  return running.map((one) => (
    <span key={one.id} className="export" role="status">
      <span className="spinner" aria-hidden="true" />
      <span className="num">Exporting: {count(one.rows)} rows</span>
      <IconButton icon="close" label="Cancel the export" onClick={() => cancelExport(one.id)} />
    </span>
  ));
}
