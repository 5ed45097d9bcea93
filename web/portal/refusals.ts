/** <live-refusals src="…" most="200"> puts what the server tells of into the table in it, newest first. */
class LiveRefusals extends HTMLElement {
  #source: EventSource | undefined; // while the page is seen
  #present: AbortController | undefined;
  #last = '';

  connectedCallback(): void {
    this.#present = new AbortController();
    document.addEventListener('visibilitychange', () => { this.#listen(); }, { signal: this.#present.signal });
    this.#listen();
  }

  disconnectedCallback(): void {
    this.#present?.abort();
    this.#source?.close();
  }

  /** #listen begins, or ends: a page that nobody looks at holds no connection. */
  #listen(): void {
    this.#source?.close();
    this.#source = undefined;
    if (document.hidden) return;
    const src = new URL(this.getAttribute('src') ?? '', location.href);
    if (this.#last) src.searchParams.set('after', this.#last);
    this.#source = new EventSource(src);
    this.#source.addEventListener('message', (e: MessageEvent<string>) => { this.#add(JSON.parse(e.data) as Record<string, string>); });
  }

  #add(refusal: Record<string, string>): void {
    const body = this.querySelector('tbody');
    const template = this.querySelector('template');
    const id = refusal.id ?? '';
    this.#last = id;
    if (!body || !template || [...body.rows].some((row) => row.dataset.id === id)) return;
    const made = document.importNode(template.content, true);
    for (const slot of made.querySelectorAll<HTMLElement>('[data-of]')) slot.textContent = refusal[slot.dataset.of ?? ''] ?? '';
    const row = made.querySelector('tr');
    if (row) row.dataset.id = id;
    made.querySelector('a')?.setAttribute('href', refusal.explain ?? '');
    body.prepend(made);
    while (body.rows.length > Number(this.getAttribute('most'))) body.deleteRow(-1);
    this.querySelector('.none')?.remove();
    const said = this.querySelector('[role=status]');
    if (said) said.textContent = `Refused: ${refusal.action ?? ''}, ${refusal.reason ?? ''}`;
  }
}

customElements.define('live-refusals', LiveRefusals);
