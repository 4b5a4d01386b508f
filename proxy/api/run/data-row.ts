// Reads DataRow messages in text format. Pure. Source: PostgreSQL, "Message Formats", DataRow.
import { HEADER } from '../../wire/postgres/frames.ts';
import { int32, message, SERVER } from '../../wire/postgres/messages.ts';

export type Row = readonly (string | null)[];

/** The rows of whole messages that lie one after the other from `at`; `skip` of them are stepped over, at most `count` read. */
export function readRows(buffer: Buffer, skip: number, count: number): Row[] {
  const rows: Row[] = [];
  let at = 0;
  for (let left = skip; left > 0 && at + HEADER <= buffer.length; left -= 1) at += 1 + buffer.readUInt32BE(at + 1);
  while (rows.length < count && at + HEADER <= buffer.length) {
    rows.push(readRow(buffer, at));
    at += 1 + buffer.readUInt32BE(at + 1);
  }
  return rows;
}

function readRow(buffer: Buffer, at: number): Row {
  const columns = buffer.readUInt16BE(at + HEADER);
  const row: (string | null)[] = [];
  let position = at + HEADER + 2;
  for (let column = 0; column < columns; column += 1) {
    const length = buffer.readInt32BE(position);
    position += 4;
    if (length < 0) row.push(null);
    else {
      row.push(buffer.toString('utf8', position, position + length));
      position += length;
    }
  }
  return row;
}

/** A row of one value, for what comes without columns (COPY). */
export function rowOf(value: Buffer): Buffer {
  return message(SERVER.DataRow, Buffer.from([0, 1]), int32(value.length), value);
}
