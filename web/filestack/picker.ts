import { Pick } from './pick.ts';
import { mode } from './settings.ts';
import type { Client, Options } from './types.ts';

/**
 * What filestack-js makes for client.picker(options). It opens nothing by
 * itself, copies its options, and may be closed and opened again at any time.
 */
export class Picker {
  /** Pages get the picker in onOpen, and expect this member. */
  readonly app = {};
  readonly #client: Client;
  readonly #options: Options;
  readonly #base: string | undefined;
  #pick?: Pick;

  /** base is where chunks are loaded from; without it, where the client loaded the picker from. */
  constructor(client: Client, options: Options = {}, base?: string) {
    this.#client = client;
    this.#options = { ...options };
    this.#base = base;
  }

  /** Resolves when the picker is on the page, or was closed meanwhile. */
  async open(): Promise<void> {
    const { cropFiles } = this.#options;
    await (this.#pick ?? this.#begin(cropFiles && Array.from(cropFiles))).opened;
  }

  /** Takes the picker off the page; uploads that still run are cancelled. */
  async close(): Promise<void> {
    this.#pick?.end(false);
  }

  /** Cancels the pick and its uploads, and takes the picker off the page. */
  async cancel(): Promise<void> {
    this.#pick?.end(true);
  }

  /** Opens the editor for these files, or URLs of images, and uploads what becomes of them. */
  async crop(files: ArrayLike<Blob | string>): Promise<void> {
    if (mode(this.#options) === 'pane') throw new Error('Stowgate picker: crop() needs displayMode overlay or inline');
    const list = Array.from(files);
    if (!this.#pick) return this.#begin(list).opened;
    await this.#pick.opened;
    await this.#pick?.crop(list);
  }

  #begin(crop?: (Blob | string)[]): Pick {
    const pick = new Pick({
      client: this.#client, options: this.#options, handle: this, crop,
      base: this.#base ?? new URL('.', this.#client.session.urls.pickerUrl).href,
      ended: () => { this.#pick = undefined; },
    });
    return this.#pick = pick;
  }
}
