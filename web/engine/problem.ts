import type { Code, Problem } from './types.ts';

/** An error that carries why something did not work. */
export class Refusal extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail ?? problem.code);
    this.name = 'Refusal';
  }
}

/** A server's answer that is not a success. */
export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Codes of failures that may be gone by themselves a little later. */
const passing: ReadonlySet<Code> = new Set<Code>(['network', 'offline', 'timeout', 'server', 'checksum']);

/** Codes that are worth another try when a person asks for it. */
const mendable: ReadonlySet<Code> = new Set<Code>(['network', 'offline', 'timeout', 'checksum', 'gone', 'file-unreadable', 'link-unreachable']);

/** Codes that another policy and signature may mend. */
const granted: ReadonlySet<Code> = new Set<Code>(['security-required', 'policy-expired', 'policy-call', 'policy-limit', 'signature']);

export const problem = (code: Code, more?: Partial<Problem>): Problem => ({ code, again: mendable.has(code), ...more });

export const refusal = (code: Code, more?: Partial<Problem>): Refusal => new Refusal(problem(code, more));

/** Reports whether the same request may work later without anybody doing anything. */
export const isPassing = (p: Problem): boolean => p.again && passing.has(p.code);

/** Reports whether a newer grant may mend p. */
export const needsGrant = (p: Problem): boolean => granted.has(p.code);

/** What each text of the server means, in the order in which they are looked for. */
const texts: readonly (readonly [RegExp, Code])[] = [
  [/invalid application|unknown api key/i, 'key-unknown'],
  [/has expired/i, 'policy-expired'],
  [/credentials/i, 'security-required'],
  [/signature/i, 'signature'],
  [/call is not allowed/i, 'policy-call'],
  [/origin/i, 'origin'],
  [/is disabled|blocked/i, 'app-disabled'],
  [/quota/i, 'quota'],
  [/policy/i, 'policy-limit'],
  [/declared size or checksum/i, 'checksum'],
  [/read from the source/i, 'link-unreachable'],
];

/** What each status means where the text says nothing. */
const statuses: Readonly<Record<number, Code>> = {
  401: 'security-required', 402: 'quota', 404: 'gone', 410: 'gone', 413: 'size-max', 415: 'content', 422: 'content', 507: 'quota',
};

interface Told {
  readonly error?: unknown;
  readonly c?: unknown;
  readonly problem?: { readonly code?: Code; readonly message?: string };
}

/** Reads what the server said about a request that it did not grant. */
export function problemOfAnswer({ status, text }: Answer): Problem {
  const told = parse(text);
  const detail = typeof told.error === 'string' ? told.error : text.slice(0, 300);
  const request = typeof told.c === 'string' && told.c ? told.c : /\[uuid=([^\]]+)\]/.exec(text)?.[1];
  const where = { status, detail, ...(request ? { request } : undefined) };
  if (told.problem?.code) return problem(told.problem.code, { ...where, detail: told.problem.message ?? detail });
  if (status === 408 || status === 429 || status >= 500) return problem(statuses[status] ?? 'server', { ...where, again: status !== 507 });
  const said = texts.find(([words]) => words.test(detail));
  return problem(said?.[1] ?? statuses[status] ?? 'server', where);
}

function parse(text: string): Told {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value ? value : {};
  } catch {
    return {};
  }
}

/** Says what an exception of this engine, of the browser or of page code means. */
export function problemOf(error: unknown, otherwise: Code = 'server'): Problem {
  if (error instanceof Refusal) return error.problem;
  const { name = '', message = String(error) } = error instanceof Error ? error : {};
  switch (name) {
    case 'AbortError': return problem('cancelled');
    case 'TimeoutError': return problem('timeout');
    case 'NotReadableError': return problem('file-changed', { detail: message });
    case 'NotFoundError': case 'NotAllowedError': case 'SecurityError': return problem('file-unreadable', { detail: message });
  }
  return problem(otherwise, { detail: message });
}
