/**
 * stowgate.js: a module that defines <stowgate-picker>, <stowgate-button> and
 * <stowgate-drop>. It may run more than once, and where there is no page.
 */
import type { Mode } from '../picker/types.ts';
import { elements, type Details, type EventMap, type Outcome } from './description.ts';
import { StowgateElement } from './element.ts';
import buttonCss from './button.css';
import placeCss from './place.css';

export type * from './description.ts';

/** <stowgate-picker>: the picker, in its place on the page. */
export class StowgatePicker extends StowgateElement {
  protected readonly mode: Mode = 'inline';

  constructor() {
    super(placeCss, false);
    this.internals.role = 'group';
  }
}

/** <stowgate-drop>: an area that sends what is dropped on it at once. */
export class StowgateDrop extends StowgateElement {
  protected readonly mode: Mode = 'pane';

  constructor() {
    super(placeCss, false);
    this.internals.role = 'group';
  }
}

/** <stowgate-button>: a button that opens the picker in a dialog. Its content is the button's. */
export class StowgateButton extends StowgateElement {
  protected readonly mode: Mode = 'overlay';
  readonly #button = document.createElement('button');
  readonly #label = document.createElement('slot');
  readonly #said = document.createElement('p');

  constructor() {
    super(buttonCss, true);
    Object.assign(this.#button, { type: 'button', className: 'stowgate__button', part: 'button', ariaHasPopup: 'dialog' });
    this.translated();
    this.#button.append(this.#label);
    this.#button.addEventListener('click', () => {
      this.open().catch((error: unknown) => console.error('Stowgate: the picker cannot be loaded:', error));
    });
    Object.assign(this.#said, { role: 'status', className: 'stowgate__said' });
    this.root.before(this.#button, this.#said);
  }

  protected override get shows(): boolean { return false; }
  protected override get anchor(): HTMLElement { return this.#button; }
  protected override disable(disabled: boolean): void { this.#button.disabled = disabled; }

  /** The dialog closes when all is done; who cannot see that is told here. */
  protected override tell<E extends keyof Details>(event: E, detail: Details[E]): void {
    super.tell(event, detail);
    if (event === 'open') this.#said.textContent = '';
    if (event === 'done') this.#said.textContent = this.text?.t('{count} files uploaded', { count: (detail as Outcome).stored.length }) ?? '';
  }

  protected override translated(): void {
    this.#label.textContent = this.text?.t('Select Files to Upload') ?? 'Select Files to Upload';
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'stowgate-picker': StowgatePicker;
    'stowgate-button': StowgateButton;
    'stowgate-drop': StowgateDrop;
  }
  interface HTMLElementEventMap extends EventMap {}
  interface DocumentEventMap extends EventMap {}
}

for (const [tag, element] of [[elements.picker, StowgatePicker], [elements.button, StowgateButton], [elements.drop, StowgateDrop]] as const) {
  if (globalThis.customElements && !customElements.get(tag)) customElements.define(tag, element);
}
