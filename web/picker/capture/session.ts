/** What is being captured, from the request for a device to what was taken. Knows no view. */
import { listDevices, obstacle, openFeed, troubleOf } from './devices.ts';
import type { Choice, Feed, Kind, Trouble } from './devices.ts';
import { record, takePhoto } from './recording.ts';
import type { Recording, Taken } from './recording.ts';

/** idle: a person must ask for it. asking: the browser asks the person. taken: to be looked at. */
export type Phase = 'idle' | 'asking' | 'live' | 'counting' | 'recording' | 'taken' | 'trouble';

/** How things are; a new object after each change. */
export interface Snapshot {
  readonly phase: Phase;
  readonly choice: Choice;
  readonly cameras: readonly MediaDeviceInfo[];
  readonly microphones: readonly MediaDeviceInfo[];
  readonly stream?: MediaStream;
  readonly trouble?: Trouble;
  /** Seconds until the photo. */
  readonly count?: number;
  /** When the recording began, as Date.now() tells time. */
  readonly since?: number;
  readonly taken?: Taken;
}

/** One sitting before a device. changed is called after each change of now. */
export class Session {
  now: Snapshot = { phase: 'idle', choice: {}, cameras: [], microphones: [] };
  #feed?: Feed;
  #recording?: Recording;
  #timer?: ReturnType<typeof setTimeout>;
  /** Grows with each thing that is begun, so that what was begun before does nothing more. */
  #turn = 0;

  constructor(readonly kind: Kind, readonly size: readonly [number, number], readonly changed: () => void) {
    const trouble = obstacle(kind);
    if (trouble) this.now = { ...this.now, phase: 'trouble', trouble };
    else navigator.mediaDevices.addEventListener?.('devicechange', this.#devices);
  }

  /** Asks for the devices, anew after a choice. A screen must be asked for while a person clicks. */
  async open(choice: Choice = this.now.choice): Promise<void> {
    const turn = this.#begin({ phase: 'asking', choice, trouble: undefined, taken: undefined });
    try {
      const feed = await openFeed(this.kind, this.size, choice);
      if (turn !== this.#turn) return feed.close();
      this.#feed = feed;
      // The person may unplug a device, or end the sharing in the browser's own bar.
      for (const track of feed.stream.getTracks()) track.addEventListener('ended', () => this.#lost(feed));
      this.#set({ phase: 'live', stream: feed.stream });
      await this.#devices();
    } catch (error) {
      if (turn === this.#turn) this.#set({ phase: 'trouble', trouble: troubleOf(error) });
    }
  }

  /** Takes a photo of video after some seconds. */
  photo(video: HTMLVideoElement, seconds: number): void {
    const turn = ++this.#turn;
    const tick = async (count: number) => {
      if (count > 0) {
        this.#set({ phase: 'counting', count });
        this.#timer = setTimeout(() => void tick(count - 1), 1000);
        return;
      }
      try {
        const taken = await takePhoto(video, this.kind === 'screen' ? 'screen' : 'photo');
        if (turn === this.#turn) this.#begin({ phase: 'taken', taken });
      } catch {
        if (turn === this.#turn) this.#begin({ phase: 'trouble', trouble: 'failed' });
      }
    };
    void tick(seconds);
  }

  /** Ends a count-down. */
  wait(): void {
    this.#turn++;
    clearTimeout(this.#timer);
    this.#set({ phase: 'live' });
  }

  async record(): Promise<void> {
    const [feed, kind] = [this.#feed, this.kind];
    if (!feed || kind === 'webcam') return;
    const turn = ++this.#turn;
    try {
      this.#recording = record(feed.stream, kind);
    } catch {
      this.#begin({ phase: 'trouble', trouble: 'unsupported' });
      return;
    }
    this.#set({ phase: 'recording', since: Date.now() });
    const taken = await this.#recording.ended;
    if (turn === this.#turn) this.#begin(taken ? { phase: 'taken', taken } : { phase: 'trouble', trouble: 'failed' });
  }

  stop(): void {
    this.#recording?.stop();
  }

  /** Throws away what was taken, and starts again. */
  async again(): Promise<void> {
    if (this.kind === 'screen') this.#begin({ phase: 'idle', taken: undefined, trouble: undefined });
    else await this.open();
  }

  /** Releases every device. */
  close(): void {
    navigator.mediaDevices?.removeEventListener?.('devicechange', this.#devices);
    this.#begin({ phase: 'idle' });
  }

  /** Lets go of whatever runs, and goes to another state. */
  #begin(next: Partial<Snapshot>): number {
    clearTimeout(this.#timer);
    const turn = ++this.#turn;
    this.#recording?.stop();
    this.#recording = undefined;
    this.#feed?.close();
    this.#feed = undefined;
    this.#set({ stream: undefined, ...next });
    return turn;
  }

  #lost(feed: Feed): void {
    if (feed !== this.#feed) return;
    if (this.#recording) this.#recording.stop(); // what was recorded until then is kept
    else if (this.kind === 'screen') this.#begin({ phase: 'idle' });
    else this.#begin({ phase: 'trouble', trouble: 'missing' });
  }

  readonly #devices = async (): Promise<void> => {
    if (this.#feed) this.#set(await listDevices());
  };

  #set(next: Partial<Snapshot>): void {
    this.now = { ...this.now, ...next };
    this.changed();
  }
}
