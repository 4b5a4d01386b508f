// What the parser says of a text: its statements as PostgreSQL's own syntax trees, and its tokens. All positions are
// UTF-8 byte offsets. Source: libpg-query (PostgreSQL 18 grammar).
import type { Node } from 'libpg-query';

export type { Node } from 'libpg-query';

/** Names of the grammar's node types. */
export type NodeType = Node extends infer One ? (One extends One ? keyof One : never) : never;
/** The fields of one node type. */
export type NodeOf<T extends NodeType> = Extract<Node, Record<T, unknown>>[T];

/** One statement of a text. The parser leaves out fields that are zero: an absent `location` inside is 0. */
export interface ParsedStatement {
  readonly node: Node;
  readonly type: NodeType;
  /** Offset of its first token: comments in front are not the statement's. */
  readonly start: number;
  /** Offset of the byte behind the last one. */
  readonly end: number;
}

export interface ParsedText {
  readonly statements: readonly ParsedStatement[];
  /** Four numbers a token: start, end, token type, keyword kind (0 = not a keyword). */
  readonly tokens: Int32Array;
  readonly fingerprint: string;
  readonly normalised: string;
}

export type ParseOutcome =
  | { readonly kind: 'parsed'; readonly parsed: ParsedText }
  | { readonly kind: 'syntax'; readonly message: string; readonly position: number }
  | { readonly kind: 'limit'; readonly message: string };

/** Token types of the scanner that this code names. */
export const TOKEN = { identifier: 258, unicodeIdentifier: 259, lineComment: 275, blockComment: 276 } as const;

/** The node's type and fields; a node is an object with one key. */
export function unwrap(node: Node): { type: NodeType; fields: Readonly<Record<string, unknown>> } {
  for (const type in node)
    return { type: type as NodeType, fields: (node as unknown as Record<string, Readonly<Record<string, unknown>>>)[type] ?? {} };
  throw new Error('an empty node has no type');
}

/** Fields of the node when it is of that type. */
export function as<T extends NodeType>(node: Node | undefined, type: T): NodeOf<T> | undefined {
  return node === undefined ? undefined : ((node as unknown as Record<string, unknown>)[type] as NodeOf<T> | undefined);
}

/** The strings of a list of String nodes (a possibly qualified name). */
export function names(list: readonly Node[] | undefined): string[] {
  const found: string[] = [];
  for (const node of list ?? []) {
    const text = as(node, 'String')?.sval;
    if (text !== undefined) found.push(text);
  }
  return found;
}
