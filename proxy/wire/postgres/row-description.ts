// Reads the columns of a RowDescription. Source: PostgreSQL, "Message Formats", RowDescription.
import type { ResultColumn } from '../../checkpoint/gate.ts';
import { HEADER } from './frames.ts';

/** The frame lies at `at … at + total`, whole. Undefined when it is malformed. */
export function readRowDescription(buffer: Buffer, at: number, total: number): readonly ResultColumn[] | undefined {
  const end = at + total;
  let position = at + HEADER;
  if (position + 2 > end) return undefined;
  const count = buffer.readInt16BE(position);
  position += 2;
  const columns: ResultColumn[] = [];
  for (let index = 0; index < count; index++) {
    const nameEnd = buffer.indexOf(0, position);
    // After the name: table OID (4), attribute (2), type OID (4), type size (2), modifier (4), format (2).
    if (nameEnd < 0 || nameEnd + 19 > end) return undefined;
    columns.push({
      name: buffer.toString('utf8', position, nameEnd),
      tableOid: buffer.readUInt32BE(nameEnd + 1),
      attribute: buffer.readInt16BE(nameEnd + 5),
      typeOid: buffer.readUInt32BE(nameEnd + 7),
    });
    position = nameEnd + 19;
  }
  return position === end ? columns : undefined;
}
