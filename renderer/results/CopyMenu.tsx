// Copy in a format, or a file of the whole result.

import { Menu } from '@base-ui/react/menu';
import { Icon } from '../controls/Icon.tsx';
import { keyLabel } from '../controls/platform.ts';

export const COPY_FORMATS = [
  { format: 'tsv', label: 'Tab-separated' },
  { format: 'csv', label: 'CSV' },
  { format: 'json', label: 'JSON' },
  { format: 'markdown', label: 'Markdown table' },
  { format: 'insert', label: 'INSERT statements' },
  { format: 'in', label: 'IN list' },
] as const;

export type CopyFormat = (typeof COPY_FORMATS)[number]['format'];
export type ExportFormat = 'csv' | 'json' | 'jsonl';

export function CopyMenu({ onCopy }: { readonly onCopy: (format: CopyFormat, headers: boolean) => void }) {
  return (
    <Menu.Root modal={false}>
      <Menu.Trigger className="button quiet">
        <Icon name="copy" size={14} />
        Copy
        <Icon name="down" size={12} />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner align="end" sideOffset={4} style={{ zIndex: 50 }}>
          <Menu.Popup className="popup menu">
            {COPY_FORMATS.map(({ format, label }) => (
              <Menu.Item key={format} className="menu-item" onClick={() => onCopy(format, format !== 'tsv')}>
                {label}
                {format === 'tsv' && <span className="kbd">{keyLabel('Mod+C')}</span>}
              </Menu.Item>
            ))}
            <Menu.Separator className="menu-separator" />
            <Menu.Item className="menu-item" onClick={() => onCopy('tsv', true)}>
              Tab-separated with names
            </Menu.Item>
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}

export function ExportMenu({ onExport }: { readonly onExport: (format: ExportFormat) => void }) {
  return (
    <Menu.Root modal={false}>
      <Menu.Trigger className="button quiet">
        <Icon name="download" size={14} />
        Export
        <Icon name="down" size={12} />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner align="end" sideOffset={4} style={{ zIndex: 50 }}>
          <Menu.Popup className="popup menu">
            <Menu.Item className="menu-item" onClick={() => onExport('csv')}>
              CSV file
            </Menu.Item>
            <Menu.Item className="menu-item" onClick={() => onExport('json')}>
              JSON file
            </Menu.Item>
            <Menu.Item className="menu-item" onClick={() => onExport('jsonl')}>
              JSON Lines file
            </Menu.Item>
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}
