// A button that is an icon: its name is read aloud and shown on hover.

import type { MouseEvent } from 'react';
import { Hint } from './Hint.tsx';
import { Icon, type IconName } from './Icon.tsx';

interface IconButtonProps {
  readonly icon: IconName;
  readonly label: string;
  readonly keys?: string | undefined;
  readonly pressed?: boolean;
  readonly disabled?: boolean;
  readonly onClick?: (event: MouseEvent) => void;
}

export function IconButton({ icon, label, keys, pressed, disabled, onClick }: IconButtonProps) {
  return (
    <Hint label={label} keys={keys}>
      <button type="button" className="icon-button" aria-label={label} aria-pressed={pressed} disabled={disabled} onClick={onClick}>
        <Icon name={icon} />
      </button>
    </Hint>
  );
}
