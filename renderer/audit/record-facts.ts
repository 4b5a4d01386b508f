// What a person wants from the stored records, found by walking them; their exact shape is the proxy's matter.

export interface RecordFacts {
  readonly sent: string | undefined;
  readonly ran: string | undefined;
  readonly masked: readonly string[];
  readonly policies: readonly string[];
  readonly justification: string | undefined;
}

export function facts(records: readonly string[]): RecordFacts {
  for (const text of records) {
    const judgement = child(parse(text), 'judgement');
    if (!judgement) continue;
    const statement = child(judgement, 'statement');
    const decision = child(judgement, 'decision');
    return {
      sent: word(statement?.['text']),
      ran: word(statement?.['rewritten']),
      masked: words(judgement['columnsMasked']),
      policies: words(decision?.['policies']),
      justification: word(decision?.['justification']),
    };
  }
  return { sent: undefined, ran: undefined, masked: [], policies: [], justification: undefined };
}

type Fields = Readonly<Record<string, unknown>>;

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function child(value: unknown, name: string): Fields | undefined {
  const found = typeof value === 'object' && value !== null ? (value as Fields)[name] : undefined;
  return typeof found === 'object' && found !== null ? (found as Fields) : undefined;
}

const word = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
const words = (value: unknown): string[] => (Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []);
