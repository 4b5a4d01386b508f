// A process that appends to a ledger until its stdin ends; the durability tests kill it, or take its disk away.
// Prints what it was promised: `ack ID` (durable), `reject CODE`, `state KIND`, `closed`.
import { writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { GatehouseError } from '../../errors.ts';
import { judgement, openTestLedger, session } from './ledger-fixture.ts';

const [folder = '', lanes = '1', queueBytes = '67108864'] = process.argv.slice(2);
const say = (line: string): void => {
  writeSync(1, `${line}\n`);
};
let ended = false;
process.stdin
  .on('data', () => {})
  .on('end', () => {
    ended = true;
  });

const ledger = await openTestLedger(folder, {
  queueBytes: Number(queueBytes),
  retryMs: 30,
  checkpointEvery: 50,
  onState: (state) => say(`state ${state.kind}`),
});
say('open');

const who = session();
const what = judgement(`update customers set name = 'x' where id = 1 -- ${'padding '.repeat(100)}`);
await Promise.all(
  Array.from({ length: Number(lanes) }, async () => {
    while (!ended) {
      const { id, durable } = ledger.appendDurable({ code: 'GH-S-ALLOW', session: who, judgement: what });
      try {
        await durable;
        say(`ack ${id}`);
      } catch (error) {
        say(`reject ${error instanceof GatehouseError ? error.code : 'unknown'}`);
        await pause(2);
      }
      ledger.append({ code: 'GH-S-DONE', session: who, intent: id, outcome: { status: 'ok', rows: 1 } });
    }
  }),
);
while (ledger.state.kind === 'failed') await pause(10);
await ledger.close();
say('closed');
