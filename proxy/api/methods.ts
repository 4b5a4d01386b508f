// Every method of the contract, composed of the parts. What a method says of a connection it says as the profile's person.
import type { Handlers } from './channel/requests.ts';
import type { AppParts } from './parts.ts';
import { connectionMethods } from './methods/connections.ts';
import { editorMethods } from './methods/editor.ts';
import { governanceMethods } from './methods/governance.ts';
import { runMethods } from './methods/runs.ts';
import { storeMethods } from './methods/stores.ts';

export function appMethods(parts: AppParts): Handlers {
  return {
    hello: () => parts.hello(),
    ...connectionMethods(parts),
    ...editorMethods(parts),
    ...runMethods(parts),
    ...governanceMethods(parts),
    ...storeMethods(parts),
  };
}
