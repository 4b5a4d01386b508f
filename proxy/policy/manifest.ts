// `manifest.json`: whose bundle it is, its place in the sequence, and when it rules. Source: design, "Policies", Bundle.
// Files' digests, rings and the signature join it together with signed bundles.
import { z } from 'zod';

const time = z.iso.datetime({ message: 'not a time like 2026-01-31T00:00:00Z' });

export const manifestSchema = z
  .strictObject({
    formatVersion: z.literal(1),
    organisation: z.string().min(1).max(100),
    channel: z.string().regex(/^[a-z0-9][a-z0-9-]{0,49}$/, 'not a name of small letters, digits and hyphens'),
    sequence: z.int().min(0),
    issuedAt: time,
    notBefore: time,
    expiresAt: time,
    minAppVersion: z.string().regex(/^\d{1,5}\.\d{1,5}\.\d{1,5}$/, 'not a version like 1.2.3'),
    whenExpired: z.enum(['deny', 'read-only', 'last-good']),
  })
  .refine((manifest) => Date.parse(manifest.notBefore) < Date.parse(manifest.expiresAt), {
    path: ['expiresAt'],
    message: 'not after `notBefore`',
  });

export type Manifest = z.infer<typeof manifestSchema>;

/** Is version `have` (`1.2.3`, a suffix is ignored) at least `need`? An unreadable `have` is not. */
export function isAtLeast(have: string, need: string): boolean {
  const parts = (version: string): number[] | undefined => /^(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number);
  const [mine, wanted] = [parts(have), parts(need)];
  if (mine === undefined || wanted === undefined) return false;
  for (const [index, part] of wanted.entries()) {
    const own = mine[index] ?? 0;
    if (own !== part) return own > part;
  }
  return true;
}
