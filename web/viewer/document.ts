/**
 * PDF in the browser's own viewer, and web pages in a frame that can do nothing.
 * Their bytes are fetched first: as the server sends them, files are sandboxed,
 * and no browser starts its PDF viewer in a sandbox. What is in a PDF runs in
 * that viewer and never in this page.
 */
import { notice, reason, t, type Subject } from './subject.ts';

/** The largest document, in bytes, that is held in memory to be shown. */
const most = 128 * 2 ** 20;

/** Shows a document in a frame. */
export async function showDocument({ main, name, source, size }: Subject, kind: 'pdf' | 'html'): Promise<void> {
  if (kind === 'pdf' && !navigator.pdfViewerEnabled) {
    notice(main, t('This browser shows no PDF documents. Download it instead.'));
    return;
  }
  if (size > most) {
    notice(main, t('The document is too large to be shown. Download it instead.'));
    return;
  }
  notice(main, t('Loading…'));
  const answer = await fetch(source).catch(() => undefined);
  const bytes = answer?.ok ? await answer.arrayBuffer().catch(() => undefined) : undefined;
  if (!bytes) {
    notice(main, await reason(source));
    return;
  }
  main.querySelector('[data-notice]')?.setAttribute('hidden', '');
  const frame = document.createElement('iframe');
  frame.className = 'viewer__frame';
  frame.title = name;
  if (kind === 'html') frame.setAttribute('sandbox', '');
  const type = kind === 'pdf' ? 'application/pdf' : `text/html;charset=${encoding(bytes)}`;
  const url = URL.createObjectURL(new Blob([bytes], { type }));
  frame.src = url + (kind === 'pdf' ? position(location.hash) : '');
  main.prepend(frame);
}

/** The encoding of a web page, where a byte order mark tells it; its own markup counts in any case. */
function encoding(bytes: ArrayBuffer): string {
  const [a, b] = new Uint8Array(bytes, 0, Math.min(2, bytes.byteLength));
  return a === 0xff && b === 0xfe ? 'utf-16le' : a === 0xfe && b === 0xff ? 'utf-16be' : 'utf-8';
}

/** What #page=2&zoom=100 says, and nothing else of it. Source: PDF open parameters. */
export function position(hash: string): string {
  const asked = new URLSearchParams(hash.slice(1));
  const said = ['page', 'zoom'].filter((key) => /^\d{1,5}$/.test(asked.get(key) ?? '')).map((key) => `${key}=${asked.get(key)}`);
  return said.length > 0 ? `#${said.join('&')}` : '';
}
