/** <tick-all label="…"> ticks all boxes of the form around it, or none. */
class TickAll extends HTMLElement {
  connectedCallback(): void {
    const form = this.closest('form');
    if (!form || this.firstChild) return;
    const box = document.createElement('input');
    box.type = 'checkbox';
    box.setAttribute('aria-label', this.getAttribute('label') ?? '');
    box.addEventListener('change', () => {
      for (const one of form.querySelectorAll<HTMLInputElement>('tbody input[type=checkbox]')) one.checked = box.checked;
    });
    this.append(box);
  }
}

/** <show-picture> says in the server's words why its picture is not shown; <show-picture quiet> takes it away. */
class ShowPicture extends HTMLElement {
  connectedCallback(): void {
    const picture = this.querySelector('img');
    const failed = () => {
      if (this.hasAttribute('quiet')) this.remove();
      else if (picture) void this.#explain(picture);
    };
    picture?.addEventListener('error', failed, { once: true });
    if (picture?.complete && !picture.naturalWidth) failed(); // before this script ran
  }

  async #explain(picture: HTMLImageElement): Promise<void> {
    let why = '';
    try {
      const answer = await fetch(picture.src);
      if (/^text\/plain/.test(answer.headers.get('content-type') ?? '')) why = await answer.text();
      else if (answer.ok) why = 'This is no picture that browsers show. Open the address to save it.';
    } catch {
      why = 'The server cannot be reached.';
    }
    const said = document.createElement('span');
    said.className = 'notice notice--bad preview__why';
    said.setAttribute('role', 'alert');
    said.textContent = `${why.charAt(0).toUpperCase()}${why.slice(1)}` || 'There is no picture.';
    this.replaceChildren(said);
  }
}

/** <uploaded-files to="…/"> lists the pages of the files that a picker in it has stored. */
class UploadedFiles extends HTMLElement {
  connectedCallback(): void {
    this.addEventListener('stowgate-stored', (event) => {
      const { name, handle } = (event as CustomEvent<{ name: string; handle?: string }>).detail;
      if (!handle) return;
      const link = document.createElement('a');
      link.href = `${this.getAttribute('to') ?? ''}${encodeURIComponent(handle)}`;
      link.textContent = name;
      const item = document.createElement('li');
      item.append(link);
      this.#list().append(item);
    });
  }

  #list(): Element {
    const there = this.querySelector('ul');
    if (there) return there;
    const head = document.createElement('h2');
    head.textContent = 'Stored';
    const list = document.createElement('ul');
    this.append(head, list);
    return list;
  }
}

customElements.define('tick-all', TickAll);
customElements.define('show-picture', ShowPicture);
customElements.define('uploaded-files', UploadedFiles);
