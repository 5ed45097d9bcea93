/** What goes wrong, by number. Source: Filepicker documentation, "Error codes"; npm filepicker-js 2.4.18. */

const meanings: Readonly<Record<number, string>> = {
  101: 'The user closed the dialog without picking a file',
  102: 'The file could not be picked',
  113: 'The URL does not allow to be read by this page',
  114: 'The host of the URL had an error',
  115: 'There is no such file',
  118: 'The file could not be read',
  121: 'The file to write to was not found',
  122: 'The remote URL could not be reached',
  123: 'The file could not be stored',
  131: 'The dialog was closed before the file was exported',
  132: 'The file could not be exported',
  141: 'The file to convert was not found',
  142: 'The file cannot be converted with these parameters',
  143: 'The file could not be converted',
  152: 'The remote URL could not be reached',
  153: 'The URL could not be stored',
  161: 'The file was not found',
  162: 'The metadata could not be read',
  163: 'The metadata could not be read',
  171: 'The file was not found',
  173: 'The file could not be removed',
  400: 'The request was not understood; a policy and a signature may be missing',
  403: 'The policy and signature do not allow this',
};

/** FPError is what an onError callback gets. */
export class FPError {
  readonly code: number;
  readonly message: string;
  readonly moreInfo = '';

  constructor(code: number) {
    this.code = code;
    this.message = meanings[code] ?? '';
  }

  toString(): string {
    return `FPError ${this.code}: ${this.message}`;
  }
}

/** Thrown where a page's call makes no sense. */
export class FilepickerException extends Error {
  override readonly name = 'FilepickerException';
  readonly text: string;

  constructor(text: string) {
    super(text);
    this.text = text;
  }
}

/** The codes of one kind of call: what it needs is missing, anything else. */
export interface Family {
  readonly missing: number;
  readonly unknown: number;
}

export const families = {
  read: { missing: 115, unknown: 118 },
  write: { missing: 121, unknown: 123 },
  convert: { missing: 141, unknown: 143 },
  storeUrl: { missing: 152, unknown: 153 },
  stat: { missing: 161, unknown: 163 },
  remove: { missing: 171, unknown: 173 },
} satisfies Record<string, Family>;

/** codeOf turns an HTTP status into a code; 0 is a request that was not answered. */
export function codeOf(status: number, family: Family, foreign = false): number {
  if (status === 400 || status === 403) return status;
  if (status === 404) return family.missing;
  if (status === 0 && foreign) return 113;
  return foreign && status >= 500 ? 114 : family.unknown;
}
