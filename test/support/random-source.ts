// A small seeded source of randomness (mulberry32): the same seed gives the same statements on every machine.

export class RandomSource {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0 ≤ n < below. */
  integer(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below) | 0;
  }

  chance(percent: number): boolean {
    return this.integer(100) < percent;
  }

  pick<T>(list: readonly T[]): T {
    const found = list[this.integer(list.length)];
    if (found === undefined) throw new Error('nothing to pick from');
    return found;
  }

  times<T>(least: number, most: number, make: (index: number) => T): T[] {
    return Array.from({ length: least + this.integer(most - least + 1) }, (_, index) => make(index));
  }
}
