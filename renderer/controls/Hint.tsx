// A label that shows on hover and focus, for controls that are only an icon.

import { Tooltip } from '@base-ui/react/tooltip';
import type { ReactElement } from 'react';

interface HintProps {
  readonly label: string;
  readonly keys?: string | undefined;
  readonly side?: 'top' | 'right' | 'bottom' | 'left';
  readonly children: ReactElement;
}

export function Hint({ label, keys, side = 'top', children }: HintProps) {
  return (
    <Tooltip.Root>
      <Tooltip.Trigger render={children} />
      <Tooltip.Portal>
        <Tooltip.Positioner side={side} sideOffset={6} style={{ zIndex: 60 }}>
          <Tooltip.Popup className="tooltip">
            {label}
            {keys && <span className="kbd">{keys}</span>}
          </Tooltip.Popup>
        </Tooltip.Positioner>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}
