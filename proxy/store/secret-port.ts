// What a place for secrets must be able to do. Values are bytes; names are ours, never a user's free text.
import { GatehouseError } from '../errors.ts';

export interface SecretPort {
  get(name: string): Promise<Uint8Array | undefined>;
  set(name: string, value: Uint8Array): Promise<void>;
  delete(name: string): Promise<void>;
}

export function checkSecretName(name: string): void {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(name)) throw new GatehouseError('SECRET_NAME', 'not a name of a secret');
}
