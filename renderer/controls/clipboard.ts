// The clipboard, which a browser may refuse: then it is said.

import { complain } from '../state/toasts.ts';

export async function toClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch (error) {
    complain('Nothing was copied: the clipboard is not available', error);
    return false;
  }
}
