/** Text, code and tables as text: streamed, in portions, and never as markup. */
import { notice, reason, t, type Subject } from './subject.ts';

/** Bytes that are read before a person asks for more. */
const portion = 1 << 20;
/** Characters that are laid out together. */
const piece = 16 << 10;

/** Shows the text of the file, the beginning of a long one first. */
export async function showText({ main, source, size }: Subject): Promise<void> {
  const box = document.createElement('div');
  box.className = 'viewer__text';
  box.tabIndex = 0;
  box.setAttribute('role', 'region');
  box.setAttribute('aria-label', document.title);
  main.prepend(box);
  const more = document.createElement('button');
  more.className = 'viewer__button viewer__more';
  more.type = 'button';
  more.textContent = t('Show more');
  let at = 0;
  let decoder: TextDecoder | undefined;
  const next = async (): Promise<void> => {
    more.remove();
    const answer = await fetch(source, { headers: { Range: `bytes=${at}-${at + portion - 1}` } });
    if (!answer.ok || !answer.body) throw new Error(`status ${answer.status}`);
    const reader = answer.body.getReader();
    for (let left = portion; left > 0;) {
      const { done, value } = await reader.read();
      if (done) break;
      const bytes = value.subarray(0, left); // a server may send more than was asked for
      decoder ??= new TextDecoder(encoding(bytes));
      left -= bytes.length;
      at += bytes.length;
      await append(box, decoder.decode(bytes, { stream: true }));
    }
    void reader.cancel();
    if (at < size) box.append(more);
    else if (decoder) await append(box, decoder.decode());
  };
  const failed = (): void => {
    if (at === 0) box.remove();
    void reason(source).then((text) => notice(main, text));
  };
  more.addEventListener('click', () => {
    box.focus();
    next().catch(failed);
  });
  if (size > 0) await next().catch(failed);
  else notice(main, t('The file is empty.'));
}

/** The encoding that a byte order mark names, or else UTF-8. */
function encoding(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  return 'utf-8';
}

/** Adds text in pieces that end with a line where they can, a frame for each. */
async function append(box: HTMLElement, text: string): Promise<void> {
  for (let from = 0; from < text.length;) {
    let to = Math.min(text.length, from + piece);
    const line = text.lastIndexOf('\n', to - 1) + 1;
    if (to < text.length && line > from) to = line;
    else if (to < text.length && /[\ud800-\udbff]/.test(text.charAt(to - 1))) to++; // not within a character
    const last = box.lastElementChild;
    const part = text.slice(from, to);
    const before = last?.textContent ?? '';
    if (last && before && !before.endsWith('\n') && before.length < 4 * piece) last.append(part);
    else {
      const block = document.createElement('div');
      block.className = 'viewer__piece';
      block.append(part);
      box.append(block);
    }
    from = to;
    await new Promise((done) => setTimeout(done));
  }
}
