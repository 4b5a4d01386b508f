// Offsets in a text in the units of three worlds: UTF-8 bytes (the checkpoint), characters (the protocol), UTF-16 (the window).

/** UTF-16 offset of the character with this 0-based number. */
export function utf16OfCharacter(text: string, character: number): number {
  let at = 0;
  for (let left = character; left > 0 && at < text.length; left -= 1) at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  return at;
}

/** UTF-16 offsets of ascending UTF-8 offsets. */
export function utf16OfBytes(text: string, offsets: readonly number[]): number[] {
  let at = 0;
  let bytes = 0;
  return offsets.map((offset) => {
    if (offset < bytes) {
      at = 0;
      bytes = 0;
    }
    while (bytes < offset && at < text.length) {
      const point = text.codePointAt(at) ?? 0;
      bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
      at += point > 0xffff ? 2 : 1;
    }
    return at;
  });
}
