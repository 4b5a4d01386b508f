// A select with our looks: a few known values.

import { Select } from '@base-ui/react/select';
import type { ReactNode } from 'react';
import { Icon } from './Icon.tsx';
import './choice.css';

interface ChoiceProps {
  readonly label: string;
  readonly value: string;
  readonly options: readonly { readonly value: string; readonly label: string; readonly mark?: ReactNode }[];
  readonly onChange: (value: string) => void;
  readonly className?: string;
  readonly placeholder?: string;
}

export function Choice({ label, value, options, onChange, className = '', placeholder = 'Choose' }: ChoiceProps) {
  const current = options.find((option) => option.value === value);
  return (
    <Select.Root value={value} onValueChange={(next) => next !== null && onChange(next)} modal={false}>
      <Select.Trigger className={`choice ${className}`} aria-label={label}>
        {current?.mark}
        <span className="ellipsis">{current?.label ?? placeholder}</span>
        <Icon name="down" size={14} />
      </Select.Trigger>
      <Select.Portal>
        <Select.Positioner sideOffset={4} alignItemWithTrigger={false} style={{ zIndex: 50 }}>
          <Select.Popup className="popup menu">
            {options.map((option) => (
              <Select.Item key={option.value} value={option.value} className="menu-item">
                {option.mark}
                <Select.ItemText>{option.label}</Select.ItemText>
                <Select.ItemIndicator className="choice-tick">
                  <Icon name="check" size={14} />
                </Select.ItemIndicator>
              </Select.Item>
            ))}
          </Select.Popup>
        </Select.Positioner>
      </Select.Portal>
    </Select.Root>
  );
}
