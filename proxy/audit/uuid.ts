// UUIDv7 (RFC 9562, section 5.7) in strictly rising order within one source: the 12 bits after the time are a counter
// (section 6.2, method 1), so records made in one millisecond, or after the clock stepped back, still sort by making.

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const POOL_BYTES = 4096;
/** Bytes of randomness per id: ten bits' worth of counter seed and 62 bits of tail. */
const ID_BYTES = 10;

export function uuidV7Source(fillRandom: (bytes: Uint8Array) => void): (unixMs: number) => string {
  const pool = new Uint8Array(POOL_BYTES);
  let used = POOL_BYTES;
  let lastMs = -1;
  let counter = 0;
  let prefix = '';

  return (unixMs) => {
    if (used + ID_BYTES > POOL_BYTES) {
      fillRandom(pool);
      used = 0;
    }
    if (unixMs > lastMs) {
      start(unixMs);
    } else if (++counter > 0xfff) {
      // The counter is spent: borrow from the next millisecond rather than repeat or go back.
      start(lastMs + 1);
    }
    const at = used;
    used += ID_BYTES;
    const byte = (index: number): string => HEX[pool[at + index] ?? 0] ?? '00';
    const variant = HEX[0x80 | ((pool[at] ?? 0) & 0x3f)] ?? '80';
    const count = (0x7000 | counter).toString(16);
    return `${prefix}-${count}-${variant}${byte(1)}-${byte(2)}${byte(3)}${byte(4)}${byte(5)}${byte(6)}${byte(7)}`;
  };

  function start(ms: number): void {
    lastMs = ms;
    // Half of the counter's room is left for what follows in the same millisecond.
    counter = (((pool[used + 8] ?? 0) << 8) | (pool[used + 9] ?? 0)) & 0x7ff;
    const hex = ms.toString(16).padStart(12, '0');
    prefix = `${hex.slice(0, 8)}-${hex.slice(8)}`;
  }
}
