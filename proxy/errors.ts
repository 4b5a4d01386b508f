// One error class for faults; expected outcomes are discriminated unions instead. Codes are listed in docs/errors.md.

export class GatehouseError extends Error {
  readonly code: string;
  readonly data: Readonly<Record<string, string | number | boolean>>;

  constructor(
    code: string,
    message: string,
    options: { cause?: unknown; data?: Readonly<Record<string, string | number | boolean>> } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'GatehouseError';
    this.code = code;
    this.data = options.data ?? {};
  }
}
