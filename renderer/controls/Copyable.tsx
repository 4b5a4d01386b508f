// A text to take along: shown whole, copied with one press.

import { useState } from 'react';
import { toClipboard } from './clipboard.ts';
import { Icon } from './Icon.tsx';
import './copyable.css';

export function Copyable({ label, text }: { readonly label: string; readonly text: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    setCopied(await toClipboard(text));
    setTimeout(() => setCopied(false), 1_500);
  };
  return (
    <div className="copyable">
      <span className="field-label">{label}</span>
      <code className="code-block">{text}</code>
      <button type="button" className="button quiet" onClick={() => void copy()} aria-label={`Copy ${label}`}>
        <Icon name={copied ? 'check' : 'copy'} size={14} />
        {copied ? 'Copied' : 'Copy'}
      </button>
    </div>
  );
}
