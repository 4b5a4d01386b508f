// Which of the client's frames are gathered before they are looked at, and how large each may be. Limits are the server's own
// (`PQ_SMALL_MESSAGE_LIMIT`, `PQ_LARGE_MESSAGE_LIMIT`) where it has one.
import { KEPT_BIND_BYTES } from './bind-parameters.ts';
import { HEADER } from './frames.ts';
import { CLIENT } from './messages.ts';

/** The server cuts names at 63 bytes, so longer ones could name two things here and one there. */
export const MAX_NAME = 63;
const SMALL_MESSAGE = 10_000;
const LARGE_MESSAGE = 0x3fffffff;
/** A Parse may carry 65,535 parameter types and a name. */
const PARSE_EXTRA = 65_535 * 4 + 128;
/** Both names of a Bind, and their NULs. */
const BIND_NAMES = HEADER + 2 * (MAX_NAME + 1);

/** All that may follow the start-up; password messages may not. */
export const KNOWN: ReadonlySet<number> = new Set(Object.values(CLIENT).filter((type) => type !== CLIENT.Password));

/** `maxText`: bytes of a statement's text that can be judged. A longer one is refused without being gathered. */
export function neededOfClient(type: number, total: number, maxText: number): number {
  if (total - 1 > LARGE_MESSAGE) return -1;
  switch (type) {
    case CLIENT.Query:
      return total <= maxText + HEADER + 1 ? total : HEADER;
    case CLIENT.Parse:
      return total <= maxText + PARSE_EXTRA ? total : HEADER;
    case CLIENT.Bind:
      return total <= KEPT_BIND_BYTES ? total : BIND_NAMES;
    case CLIENT.Execute:
    case CLIENT.Describe:
    case CLIENT.Close:
      return total <= SMALL_MESSAGE ? total : -1;
    case CLIENT.Sync:
    case CLIENT.Flush:
    case CLIENT.Terminate:
    case CLIENT.CopyDone:
      return total === HEADER ? HEADER : -1;
    case CLIENT.CopyFail:
      return total <= SMALL_MESSAGE ? HEADER : -1;
    default:
      return HEADER;
  }
}
