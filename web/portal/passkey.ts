/** Why the browser has no answer, by the name of its error. */
const reasons: Record<string, string> = {
  NotAllowedError: 'That was given up, or took too long.',
  InvalidStateError: 'This device has a passkey for this account already.',
  SecurityError: 'The browser makes no passkeys for this address.',
  TypeError: 'The server cannot be reached.',
};

/**
 * <pass-key action="…"> signs in with a passkey, or with the attribute make makes
 * one: its button asks the browser, and sends what comes of it as a form.
 */
class PassKey extends HTMLElement {
  connectedCallback(): void {
    if (!window.PublicKeyCredential || !('parseRequestOptionsFromJSON' in PublicKeyCredential)) return;
    this.hidden = false;
    this.querySelector('button')?.addEventListener('click', () => void this.#go());
  }

  async #go(): Promise<void> {
    this.querySelector('.notice')?.remove();
    if (this.querySelector('input')?.reportValidity() === false) return;
    const action = this.getAttribute('action') ?? '';
    try {
      const answer = await fetch(`${action}/begin`, { method: 'POST' });
      if (!answer.ok) throw new Error('The server does not offer this now.');
      const { options, state } = await answer.json() as { options: never; state: string };
      const credential = this.hasAttribute('make')
        ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
        : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
      if (!(credential instanceof PublicKeyCredential)) return;
      this.#send(action, { state, response: JSON.stringify(credential.toJSON()) });
    } catch (error) {
      const { name, message } = error as Error;
      this.#say(reasons[name] ?? message);
    }
  }

  /** Sends a form, as a page without scripts would. */
  #send(action: string, fields: Record<string, string>): void {
    const form = document.createElement('form');
    form.method = 'post';
    form.action = action;
    const name = this.querySelector<HTMLInputElement>('input[name=name]')?.value;
    for (const [key, value] of Object.entries({ ...fields, next: this.getAttribute('next') ?? '', ...(name && { name }) })) {
      const input = document.createElement('input');
      input.type = 'hidden';
      input.name = key;
      input.value = value;
      form.append(input);
    }
    document.body.append(form);
    form.submit();
  }

  #say(text: string): void {
    const notice = document.createElement('p');
    notice.className = 'notice notice--bad';
    notice.setAttribute('role', 'alert');
    notice.textContent = text;
    this.append(notice);
  }
}

customElements.define('pass-key', PassKey);
