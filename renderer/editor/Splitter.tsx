// A line between two areas that can be dragged, or moved with the arrow keys.

import { useRef } from 'react';

interface SplitterProps {
  readonly label: string;
  readonly direction: 'row' | 'column';
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  /** The value for a pointer at this position in the window. */
  readonly at: (event: { readonly clientX: number; readonly clientY: number }) => number;
  readonly onChange: (value: number) => void;
}

export function Splitter({ label, direction, value, min, max, step, at, onChange }: SplitterProps) {
  const dragging = useRef(false);
  const put = (next: number) => onChange(Math.min(max, Math.max(min, next)));
  return (
    <div
      className={`splitter ${direction}`}
      role="separator"
      tabIndex={0}
      aria-label={label}
      aria-orientation={direction === 'row' ? 'vertical' : 'horizontal'}
      aria-valuenow={Math.round(value * (max <= 1 ? 100 : 1))}
      aria-valuemin={Math.round(min * (max <= 1 ? 100 : 1))}
      aria-valuemax={Math.round(max * (max <= 1 ? 100 : 1))}
      onPointerDown={(event) => {
        dragging.current = true;
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={(event) => dragging.current && put(at(event))}
      onPointerUp={() => {
        dragging.current = false;
      }}
      onKeyDown={(event) => {
        const by = { ArrowLeft: -step, ArrowRight: step, ArrowUp: step, ArrowDown: -step }[event.key];
        if (by === undefined) return;
        event.preventDefault();
        put(value + by);
      }}
    />
  );
}
