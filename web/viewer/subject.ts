/** What the parts of the viewer share. */

/** What the server says about a file. */
export interface Subject {
  readonly name: string;
  /** Where its bytes are, with the credential of this page's address. */
  readonly source: string;
  /** Bytes. */
  readonly size: number;
  /** Where it is shown. */
  readonly main: HTMLElement;
}

let texts: Readonly<Record<string, string>> | undefined;

/** The text of an English key in the reader's language, which the server wrote into the page; for English it wrote nothing. */
export function t(key: string): string {
  texts ??= JSON.parse(document.body.dataset.texts ?? '{}') as Readonly<Record<string, string>>;
  return texts[key] ?? key;
}

/** Says in place of the file, as text, why it is not there. */
export function notice(main: HTMLElement, text: string): void {
  const box = main.querySelector<HTMLElement>('[data-notice]');
  if (!box) return;
  const paragraph = document.createElement('p');
  paragraph.textContent = text;
  box.replaceChildren(paragraph);
  box.hidden = false;
}

/** Why a file did not come, for a person. */
export async function reason(source: string): Promise<string> {
  try {
    const answer = await fetch(source, { method: 'HEAD', cache: 'no-store' });
    if (answer.ok) return t('This browser cannot show the file. Download it instead.');
    if (answer.status === 401 || answer.status === 403) return t('The address does not allow it any more. Ask for a new one.');
    if (answer.status === 404) return t('The file is not there any more.');
    if (answer.status === 400 || answer.status === 413) return t('The file is damaged, or too large to be shown. Download it instead.');
    return t('The server could not send the file now. Reload the page in a minute.');
  } catch {
    return t('The server cannot be reached. Check your connection, and reload the page.');
  }
}
