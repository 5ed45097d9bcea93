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
    if (answer.ok) return 'This browser cannot show the file. Download it instead.';
    if (answer.status === 401 || answer.status === 403) return 'The address does not allow it any more. Ask for a new one.';
    if (answer.status === 404) return 'The file is not there any more.';
    if (answer.status === 400 || answer.status === 413) return 'The file is damaged, or too large to be shown. Download it instead.';
    return 'The server could not send the file now. Reload the page in a minute.';
  } catch {
    return 'The server cannot be reached. Check your connection, and reload the page.';
  }
}
