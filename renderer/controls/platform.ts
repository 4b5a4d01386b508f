// Keys are written as the platform writes them.

export const isMac = /Mac/.test(navigator.platform);

/** `Mod+Shift+P` as shown to people. */
export function keyLabel(keys: string): string {
  if (!isMac) return keys.replaceAll('Mod', 'Ctrl');
  return keys.replaceAll('Mod+', '⌘').replaceAll('Shift+', '⇧').replaceAll('Alt+', '⌥').replaceAll('Ctrl+', '⌃');
}

/** Whether an event is that key; `Mod` is ⌘ on a Mac and Ctrl elsewhere. */
export function isKey(event: KeyboardEvent | React.KeyboardEvent, keys: string): boolean {
  const parts = keys.split('+');
  const key = parts.pop() ?? '';
  const mod = parts.includes('Mod');
  const ctrl = parts.includes('Ctrl') || (mod && !isMac);
  const meta = mod && isMac;
  const pressed = event.key.length === 1 ? event.key.toUpperCase() : event.key;
  const wanted =
    pressed === key ||
    (/^[0-9]$/.test(key) && event.code === `Digit${key}`) ||
    (/^[A-Z]$/.test(key) && event.code === `Key${key}` && event.altKey);
  return (
    wanted &&
    event.ctrlKey === ctrl &&
    event.metaKey === meta &&
    event.shiftKey === parts.includes('Shift') &&
    event.altKey === parts.includes('Alt')
  );
}
