// The parameters of a Bind message as the ledger records them: text as it is, binary as hex. Source: PostgreSQL, "Bind".
import { HEADER } from './frames.ts';

/** Above this a Bind is streamed and its values are not kept. */
export const KEPT_BIND_BYTES = 16_384;

/** `bind`: the whole message. A malformed one gives what could be read; the server refuses it anyway. */
export function bindParameters(bind: Buffer): readonly string[] {
  const values: string[] = [];
  try {
    let at = bind.indexOf(0, HEADER) + 1;
    at = bind.indexOf(0, at) + 1;
    const formats: number[] = [];
    const formatCount = bind.readInt16BE(at);
    at += 2;
    for (let index = 0; index < formatCount; index++, at += 2) formats.push(bind.readInt16BE(at));
    const count = bind.readInt16BE(at);
    at += 2;
    for (let index = 0; index < count; index++) {
      const length = bind.readInt32BE(at);
      at += 4;
      if (length < 0) {
        values.push('NULL');
        continue;
      }
      // One format code stands for all parameters, none means text.
      const binary = (formats.length === 1 ? formats[0] : formats[index]) === 1;
      const value = bind.subarray(at, at + length);
      values.push(binary ? `\\x${value.toString('hex')}` : value.toString('utf8'));
      at += length;
    }
  } catch {
    return values;
  }
  return values;
}
