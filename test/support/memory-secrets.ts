// A secret store for tests that need none to survive.
import type { SecretPort } from '../../proxy/store/secret-port.ts';

export class MemorySecrets implements SecretPort {
  readonly #values = new Map<string, Uint8Array>();

  async get(name: string): Promise<Uint8Array | undefined> {
    return this.#values.get(name)?.slice();
  }

  async set(name: string, value: Uint8Array): Promise<void> {
    this.#values.set(name, value.slice());
  }

  async delete(name: string): Promise<void> {
    this.#values.delete(name);
  }
}
