import { FPError } from './errors.ts';
import { text, type Page } from './page.ts';
import type { Dialog, FPFile, OnError, Options } from './types.ts';

/**
 * exportFile saves a file on the person's device: the one service that is there.
 * A file that is not the server's must allow this page to read it. The page
 * hears when the browser has been told to; whether it did, only the person knows.
 */
export function exportFile(page: Page, input: FPFile | string, options: Options, success: (file: FPFile) => void, failure: OnError): Dialog {
  const { key } = page;
  const file = typeof input === 'string' ? { url: input } : input;
  const address = new URL(page.file(file), location.href);
  const name = text(options.suggestedFilename) ?? file.filename;
  const closed = new AbortController();
  const close = () => closed.abort();
  const told = () => success({ ...file, url: page.file(file) });
  if (!page.owns(address.href)) {
    foreign(address, closed.signal).then((blob) => {
      const url = URL.createObjectURL(blob);
      save(url, name ?? address.pathname.replace(/.*\//, ''));
      setTimeout(() => URL.revokeObjectURL(url), 60_000); // the browser has begun long before
      told();
    }, () => failure(new FPError(closed.signal.aborted ? 131 : 132))).catch((error: unknown) => reportError(error));
    return { close };
  }
  const { policy, signature } = options;
  for (const [name, value] of Object.entries({ key, dl: 'true', policy, signature })) {
    const given = text(value);
    if (given) address.searchParams.set(name, given);
  }
  save(address.href, name ?? '');
  setTimeout(told, 0);
  return { close };
}

async function foreign(address: URL, signal: AbortSignal): Promise<Blob> {
  const answer = await fetch(address, { signal, referrerPolicy: 'no-referrer' });
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  return answer.blob();
}

/** save has the browser save what is at url; without a name, by the server's. */
function save(url: string, name: string): void {
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.rel = 'noopener';
  link.click();
}
