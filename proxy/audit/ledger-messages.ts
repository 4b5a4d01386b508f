// What the ledger and its writer thread say to each other. Records travel as flat lists of strings (head, tail, head, …):
// the cheapest thing to hand to another thread.

export interface WriterSettings {
  readonly folder: string;
  /** A checkpoint is due after so many records … */
  readonly checkpointEvery: number;
  /** … or so many milliseconds after the first record that none covers. */
  readonly checkpointAfterMs: number;
  /** How many of the last records are verified at start. */
  readonly verifyAtStart: number;
}

export type ToWriter =
  /** `epoch` rises with every try after a failure: what was sent before the writer failed is not for it any more. */
  | { readonly kind: 'append'; readonly epoch: number; readonly resent: boolean; readonly texts: readonly string[] }
  | { readonly kind: 'signed'; readonly size: number; readonly note: string }
  | { readonly kind: 'not-signed' }
  | { readonly kind: 'close' };

export type FromWriter =
  | {
      readonly kind: 'opened';
      readonly previousEnd: 'new' | 'clean' | 'unclean';
      readonly seq: number;
      readonly finding: string | undefined;
    }
  | { readonly kind: 'not-opened'; readonly code: string; readonly message: string }
  /** The oldest `count` records of this epoch are on disk. */
  | { readonly kind: 'stored'; readonly epoch: number; readonly count: number }
  /** Nothing more of this epoch will be written. */
  | { readonly kind: 'failed'; readonly epoch: number; readonly reason: string }
  | { readonly kind: 'sign'; readonly size: number; readonly head: string }
  | { readonly kind: 'closed' };
