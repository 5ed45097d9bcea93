import { Admission } from './admission.ts';
import { digestWith } from './digest.ts';
import { Job, type Tools } from './job.ts';
import { Listeners } from './listeners.ts';
import { Network } from './network.ts';
import { problem, problemOf, Refusal, refusal } from './problem.ts';
import { Rate, secondsFor } from './rate.ts';
import { browserRecords, type Records } from './records.ts';
import { Resume } from './resume.ts';
import { active, Selection, unfinished } from './selection.ts';
import { Server } from './server.ts';
import { Twins } from './twins.ts';
import type { Added, Candidate, Edit, EngineLike, Events, Item, Phase, Problem, Progress, Settings, Source, Status } from './types.ts';
import { stayAwake, type StayAwake } from './wake.ts';

/** ms between two measurements of what is being sent. */
const beat = 250;

/** What an engine uses of its surroundings; a test gives others. */
export interface Surroundings {
  readonly records?: Records;
  readonly stayAwake?: StayAwake;
}

/** The selection of files of one picker, and their way to the server. */
export class Engine implements EngineLike {
  readonly settings: Settings;
  readonly #items: Selection;
  readonly #listeners = new Listeners();
  readonly #network: Network;
  readonly #server: Server;
  readonly #resume: Resume | undefined;
  readonly #admission: Admission;
  readonly #twins: Twins;
  readonly #tools: Tools;
  readonly #total = new Rate();
  readonly #jobs = new Map<string, Job>();
  readonly #running = new Set<{ readonly job: Job }>();
  readonly #wanted = new Set<string>();
  readonly #end = new AbortController();
  readonly #stayAwake: StayAwake;
  #queue: string[] = [];
  #phase: Phase = 'idle';
  /** Whether something was sent since all had ended, and whether that ever came to its end. */
  #ran = false;
  #ended = false;
  #progress: { readonly of: readonly Item[]; readonly value: Progress } | undefined;
  #beat: ReturnType<typeof setInterval> | undefined;
  #sleep: (() => void) | undefined;
  #offered: readonly Source[] | undefined;
  #expires: number | undefined;

  constructor(settings: Settings, surroundings: Surroundings = {}) {
    this.settings = settings;
    this.#stayAwake = surroundings.stayAwake ?? stayAwake;
    this.#items = new Selection((change) => this.#listeners.emit('change', change));
    this.#network = new Network((offline) => {
      if (!offline) this.#jobs.forEach((job) => job.wake());
      this.#settle();
    });
    this.#server = new Server(settings, this.#network);
    const digest = digestWith(settings.digest);
    this.#twins = new Twins(this.#items, digest);
    this.#resume = settings.resume ? new Resume(settings, surroundings.records ?? browserRecords(), digest) : undefined;
    this.#tools = {
      settings, items: this.#items, server: this.#server, network: this.#network, twins: this.#twins, resume: this.#resume, total: this.#total,
    };
    this.#admission = new Admission({
      settings, items: this.#items,
      rejoin: (blob, handle) => this.#rejoin(blob, handle),
      replaced: ({ id, status }) => {
        // What an earlier visit began can be restored on the next.
        this.#drop(id, status === 'missing' || status === 'ready');
        this.#items.delete(id);
      },
      joined: (item, handle) => {
        this.#twins.see(item);
        if (handle) this.#jobs.set(item.id, new Job(this.#tools, item.id, handle));
        if (this.#wanted.delete(item.id)) this.#enqueue(item.id);
        this.#settle();
      },
    });
  }

  get items(): readonly Item[] {
    return this.#items.list;
  }

  get phase(): Phase {
    return this.#phase;
  }

  get offered(): readonly Source[] | undefined {
    return this.#offered;
  }

  get expires(): number | undefined {
    return this.#expires;
  }

  get progress(): Progress {
    const { list } = this.#items;
    if (this.#progress?.of !== list) this.#progress = { of: list, value: this.#measure(list) };
    return this.#progress.value;
  }

  get(id: string): Item | undefined {
    return this.#items.get(id);
  }

  on<E extends keyof Events>(event: E, listen: (value: Events[E]) => void): () => void {
    return this.#listeners.on(event, listen);
  }

  async check(): Promise<Problem | undefined> {
    try {
      const { problem: wrong, expires, sources } = await this.#server.check(this.#end.signal);
      this.#expires = expires;
      this.#offered = sources;
      return wrong;
    } catch (error) {
      const p = problemOf(error);
      return p.code === 'network' && this.#network.unplugged ? problem('offline') : p;
    }
  }

  async add(candidates: Iterable<Candidate> | AsyncIterable<Candidate>): Promise<Added> {
    const added = await this.#admission.add(candidates);
    if (added.refused.length) this.#listeners.emit('refused', added.refused);
    return added;
  }

  async addLink(url: string, source?: Source, headers?: Readonly<Record<string, string>>): Promise<Item> {
    const target = URL.canParse(url) ? new URL(url) : undefined;
    if (!target || !/^https?:$/.test(target.protocol)) throw refusal('link-invalid', { values: { url } });
    const { filename, mimetype, size } = await this.#server.lookUp(target.href, headers, this.#end.signal);
    const name = filename || target.pathname.split('/').at(-1) || target.hostname;
    const { items: [item], refused: [no] } = await this.add([{ link: { url: target.href, headers }, name, type: mimetype, size: size ?? -1, source }]);
    if (!item) throw new Refusal(no!.problem);
    return item;
  }

  remove(id: string): void {
    this.#drop(id);
    this.#items.delete(id);
    this.#settle();
  }

  clear(): void {
    for (const { id } of this.#items.list) {
      this.#drop(id);
      this.#items.delete(id);
    }
    this.#settle();
  }

  edit(id: string, blob: Blob | undefined, edit?: Edit): void {
    const item = this.#items.get(id);
    const bytes = blob ?? item?.original;
    if (!item || !bytes) return;
    const again = active.includes(item.status);
    this.#drop(id);
    this.#items.patch(id, {
      blob: bytes, type: bytes.type || item.type, size: bytes.size, edit: blob ? edit : undefined, status: 'ready', sent: 0, problem: undefined,
      digest: undefined, verified: undefined, twin: undefined, stored: undefined,
    });
    if (again) this.#enqueue(id);
    this.#settle();
  }

  rename(id: string, name: string): void {
    this.#items.patch(id, { name });
  }

  describe(id: string, alt: string): void {
    this.#items.patch(id, { alt });
  }

  start(): void {
    for (const { id, status } of this.#items.list) {
      if (status === 'checking') this.#wanted.add(id);
      if (status === 'ready') this.#enqueue(id);
    }
    this.#settle();
  }

  pause(id?: string): void {
    this.#each(id, active, (item) => {
      this.#jobs.get(item.id)?.stop();
      this.#items.patch(item.id, { status: 'paused', speed: 0, left: Infinity, problem: undefined, retryAt: undefined });
    });
    this.#total.reset();
  }

  resume(id?: string): void {
    this.#each(id, ['paused'], (item) => this.#enqueue(item.id));
  }

  retry(id?: string): void {
    this.#network.worked();
    this.#each(id, ['failed', 'retrying', 'offline', ...(id ? ['cancelled', 'missing'] as const : [])], (item) => {
      if (item.status === 'retrying' || item.status === 'offline') this.#jobs.get(item.id)?.wake();
      else if (item.status === 'missing') void this.#reopen(item.id);
      else this.#enqueue(item.id);
    });
  }

  cancel(id?: string): void {
    this.#each(id, id ? [...unfinished, 'checking', 'ready', 'failed', 'missing'] : unfinished, (item) => {
      this.#drop(item.id);
      const cancelled = this.#items.patch(item.id, { status: 'cancelled', speed: 0, left: Infinity, problem: undefined, retryAt: undefined });
      this.#listeners.emit('cancelled', cancelled!);
    });
  }

  async restore(): Promise<readonly Item[]> {
    const restored: string[] = [];
    for await (const { item, blob } of this.#resume?.restore() ?? []) {
      if (this.#items.get(item.id)) continue;
      this.#items.put(blob ? { ...item, blob, original: blob, status: 'ready' } : item);
      restored.push(item.id);
    }
    return restored.map((id) => this.#items.get(id)).filter((item) => item !== undefined);
  }

  async forget(id: string): Promise<void> {
    this.remove(id);
    await this.#resume?.drop(id);
  }

  close(): void {
    this.#end.abort();
    this.#jobs.forEach((job) => job.close());
    this.#queue = [];
    this.#listeners.close();
    this.#items.close();
    this.#network.close();
    this.#resume?.close();
    this.#work(false);
  }

  /** Does something to one item or to all, if it has one of these statuses. */
  #each(id: string | undefined, statuses: readonly Status[], act: (item: Item) => void): void {
    const items = id === undefined ? this.#items.list : [this.#items.get(id)];
    for (const item of items) if (item && statuses.includes(item.status)) act(item);
    this.#settle();
  }

  #enqueue(id: string): void {
    this.#items.patch(id, { status: 'waiting', problem: undefined, retryAt: undefined });
    this.#queue.push(id);
    this.#ran = true;
  }

  /** Ends what is being done for an item, and forgets it, unless the browser is to keep it. */
  #drop(id: string, keep = false): void {
    this.#wanted.delete(id);
    this.#jobs.get(id)?.close();
    this.#jobs.delete(id);
    if (!keep) this.#resume?.drop(id).catch(() => {});
  }

  /** A missing item's file was chosen again: it goes on by itself. */
  async #rejoin(blob: Blob, handle?: FileSystemFileHandle): Promise<Item | undefined> {
    const isMissing = (id: string): boolean => this.#items.get(id)?.status === 'missing';
    const id = await this.#resume?.match(blob, isMissing);
    if (id === undefined || !isMissing(id)) return undefined;
    this.#items.patch(id, { blob, original: blob });
    this.#jobs.set(id, new Job(this.#tools, id, handle));
    this.#enqueue(id);
    this.#settle();
    return this.#items.get(id);
  }

  /** Asks the person to let a kept file be read again. */
  async #reopen(id: string): Promise<void> {
    const blob = await this.#resume?.open(id, true);
    if (blob) await this.#rejoin(blob);
  }

  /** Tells what follows for the whole from what changed, and fills free places from the queue. */
  #settle(): void {
    if (this.#end.signal.aborted) return;
    const over = this.#ran && !this.#items.count(unfinished);
    if (over) [this.#ran, this.#ended] = [false, true];
    const before = this.#phase;
    const phase = this.#phaseNow();
    this.#work(phase === 'uploading' || phase === 'offline');
    this.#phase = phase;
    if (phase !== before) this.#listeners.emit('phase', phase);
    if (over && this.#items.list.length) this.#finish();
    const places = Math.max(1, this.settings.concurrency);
    while (this.#running.size < places && this.#queue.length) {
      const id = this.#queue.shift()!;
      if (this.#items.get(id)?.status === 'waiting') void this.#send(id);
    }
  }

  #phaseNow(): Phase {
    const some = (...statuses: Status[]): boolean => this.#items.count(statuses) > 0;
    if (some('uploading', 'preparing', 'retrying')) return 'uploading';
    if (some('offline')) return 'offline';
    if (some('waiting')) return 'uploading';
    if (some('paused')) return 'paused';
    return this.#ended && !some('ready', 'checking') && some('done', 'failed', 'cancelled') ? 'done' : 'idle';
  }

  async #send(id: string): Promise<void> {
    const job = this.#jobs.get(id) ?? new Job(this.#tools, id);
    this.#jobs.set(id, job);
    const run = { job };
    this.#running.add(run);
    if (!job.begun) this.#listeners.emit('start', this.#items.get(id)!);
    job.begun = true;
    const leave = (): void => {
      this.#running.delete(run);
      this.#settle();
    };
    // What is only being hashed is in nobody's way.
    const end = await job.run(leave);
    this.#running.delete(run);
    if (end) job.begun = false;
    const item = end && this.#items.patch(id, { speed: 0, problem: undefined, retryAt: undefined, ...end });
    if (item) {
      if (item.status === 'done') {
        this.#resume?.drop(id).catch(() => {});
        this.#jobs.delete(id);
      }
      this.#listeners.emit('progress', item);
      this.#listeners.emit(item.status === 'done' ? 'done' : 'failed', item);
    }
    this.#settle();
  }

  #finish(): void {
    const { list } = this.#items;
    this.#listeners.emit('finished', {
      uploaded: list.filter((item) => item.status === 'done' && item.stored), failed: list.filter((item) => item.status === 'failed'),
    });
  }

  /** Measures, and keeps the screen on, while something is being sent. */
  #work(on: boolean): void {
    if (on === (this.#beat !== undefined)) return;
    if (on) {
      this.#beat = setInterval(() => {
        const now = performance.now();
        for (const { job } of this.#running) {
          if (job.measure(now)) this.#listeners.emit('progress', this.#items.get(job.id)!);
        }
        this.#progress = undefined;
        this.#settle();
      }, beat);
      this.#sleep = this.#stayAwake();
    } else {
      clearInterval(this.#beat);
      this.#beat = undefined;
      this.#total.reset();
      this.#sleep?.();
    }
  }

  #measure(list: readonly Item[]): Progress {
    let size = 0;
    let sent = 0;
    let remaining = 0;
    for (const item of list) {
      if (item.size < 0 || item.status === 'cancelled' || item.status === 'failed') continue;
      size += item.size;
      sent += item.sent;
      // How long an import takes is unknown until the server tells how far it is.
      if ((!item.link || item.blob || item.sent) && unfinished.includes(item.status)) remaining += item.size - item.sent;
    }
    const working = this.#items.count(active) > 0;
    const speed = working ? this.#total.speed(performance.now()) : 0;
    return {
      files: list.length, done: this.#items.count(['done']), failed: this.#items.count(['failed']),
      size, sent, speed, left: working && !remaining ? Infinity : secondsFor(remaining, speed),
    };
  }
}
