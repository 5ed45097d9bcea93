/** <copy-text> adds a button that copies the text of its code. */
class CopyText extends HTMLElement {
  connectedCallback(): void {
    const text = this.querySelector('code, pre')?.textContent ?? '';
    if (!navigator.clipboard || this.querySelector('button')) return;
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'button button--quiet';
    button.textContent = 'Copy';
    const said = document.createElement('span');
    said.className = 'unseen';
    said.setAttribute('role', 'status');
    button.addEventListener('click', () => {
      navigator.clipboard.writeText(text).then(() => tell('Copied'), () => tell('Not allowed'));
    });
    const tell = (what: string) => {
      button.textContent = said.textContent = what;
      setTimeout(() => { button.textContent = 'Copy'; }, 2000);
    };
    this.append(' ', button, said);
  }
}

customElements.define('copy-text', CopyText);
