/** <live-meaning action="…"> says in words what the form around it means, as it is typed. */
class LiveMeaning extends HTMLElement {
  #present: AbortController | undefined; // ended when the element leaves the page
  #asked = 0;

  connectedCallback(): void {
    const form = this.closest('form');
    if (!form) return;
    this.#present = new AbortController();
    const { signal } = this.#present;
    this.className = 'meaning';
    this.setAttribute('role', 'status');
    let timer = 0;
    const later = () => {
      clearTimeout(timer);
      timer = setTimeout(() => void this.#ask(form, signal), 300);
    };
    form.addEventListener('input', later, { signal });
    void this.#ask(form, signal);
  }

  disconnectedCallback(): void { this.#present?.abort(); }

  async #ask(form: HTMLFormElement, signal: AbortSignal): Promise<void> {
    const number = ++this.#asked;
    const body = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (typeof value === 'string') body.append(name, value);
    try {
      const answer = await fetch(this.getAttribute('action') ?? '', { method: 'POST', body, signal });
      const text = answer.ok && !answer.redirected ? await answer.text() : '';
      if (number === this.#asked) this.textContent = text;
    } catch {
      // It is said again with the next key, or by the button.
    }
  }
}

customElements.define('live-meaning', LiveMeaning);
