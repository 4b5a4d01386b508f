// The masks that a classification may name, as data. How a mask is computed is the dialect's business
// (`sql/*/mask-expression.ts`) or the result stream's. Source: design, "Masking", semantics.

export type Mask =
  | { readonly kind: 'redact' }
  | { readonly kind: 'null' }
  /** Keeps the first and last characters, replaces the rest. */
  | { readonly kind: 'partial'; readonly first: number; readonly last: number }
  /** `***@domain` where `keepDomain`, else `***@***`. */
  | { readonly kind: 'email'; readonly keepDomain: boolean }
  | { readonly kind: 'date-trunc'; readonly unit: 'month' | 'quarter' | 'year' | 'decade' }
  /** Numbers rounded down to a multiple of `size`. */
  | { readonly kind: 'bucket'; readonly size: number }
  /** Keyed HMAC, stable per bundle and domain; applied on the result stream only, elsewhere the column is redacted. */
  | { readonly kind: 'token'; readonly domain: string };
