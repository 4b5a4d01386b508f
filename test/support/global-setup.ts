// Vitest global set-up: one temporary folder for a whole run of the tests (server templates, data folders), removed at its end
// together with any server that a test which was killed has left running in it.

import { makeRunFolder, removeLeftRunFolders, removeRunFolder } from './run-folder.ts';

export default async function setup(): Promise<() => Promise<void>> {
  await removeLeftRunFolders();
  const folder = makeRunFolder();
  process.env['GATEHOUSE_TEST_RUN'] = folder;
  return async () => {
    delete process.env['GATEHOUSE_TEST_RUN'];
    await removeRunFolder(folder);
  };
}
