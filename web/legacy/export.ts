import { FPError } from './errors.ts';
import { text, type Page } from './page.ts';
import type { Dialog, FPFile, OnError, Options } from './types.ts';

/**
 * exportFile saves a file on the person's device: the one service that is there.
 * The page hears when the browser has been told to.
 */
export function exportFile(page: Page, input: FPFile | string, options: Options, success: (file: FPFile) => void, failure: OnError): Dialog {
  const { key } = page;
  const file = typeof input === 'string' ? { url: input } : input;
  const address = new URL(page.file(file), location.href);
  if (!page.owns(address.href)) {
    setTimeout(() => failure(new FPError(132)), 0);
    return { close: () => {} };
  }
  const { policy, signature } = options;
  for (const [name, value] of Object.entries({ key, dl: 'true', policy, signature })) {
    const given = text(value);
    if (given) address.searchParams.set(name, given);
  }
  const link = document.createElement('a');
  link.href = address.href;
  link.download = text(options.suggestedFilename) ?? file.filename ?? '';
  link.rel = 'noopener';
  link.click();
  setTimeout(() => success({ ...file, url: page.file(file) }), 0);
  return { close: () => {} };
}
