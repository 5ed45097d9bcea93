import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { Engine, type Surroundings } from '../engine.ts';
import { hash } from '../hash.ts';
import type { Records, Saved } from '../records.ts';
import type { Events, Item, Settings } from '../types.ts';

interface Session { parts: Map<number, Buffer>; file?: object; spec: Record<string, unknown> }

const body = async (r: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of r) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
};

/**
 * A server that behaves as internal/protocol/filestack does, as far as uploads
 * go. Requests are counted by path; before may answer one itself, by returning a
 * status and a text, or hold it.
 */
export class FakeServer {
  readonly sessions = new Map<string, Session>();
  readonly stored: { name: string; bytes: Buffer; spec: Record<string, unknown> }[] = [];
  readonly seen: { path: string; spec: Record<string, unknown> }[] = [];
  /** Bytes of parts that have arrived whole, however often. */
  received = 0;
  flying = 0;
  mostFlying = 0;
  before: (path: string, spec: Record<string, unknown>) => Promise<[number, object] | 'drop' | void> | [number, object] | 'drop' | void = () => {};
  prefetch: object = { blocked: false, sources: [] };
  /** Changes what is told about a stored file. */
  tell: (file: Record<string, unknown>) => object = (file) => file;
  url = '';
  #server = createServer((r, w) => void this.#answer(r, w).catch(() => {})); // the client has gone

  async listen(): Promise<this> {
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return this;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  count(path: string): number {
    return this.seen.filter((s) => s.path === path).length;
  }

  async #answer(r: IncomingMessage, w: ServerResponse): Promise<void> {
    const url = new URL(r.url!, this.url);
    const path = url.pathname.startsWith('/multipart/part/') ? '/multipart/part' : url.pathname;
    const put = r.method === 'PUT';
    if (put) this.mostFlying = Math.max(this.mostFlying, this.flying += Number(r.headers['content-length']));
    try {
      const bytes = await body(r);
      const spec = (put ? Object.fromEntries(url.searchParams) : JSON.parse(bytes.toString() || '{}')) as Record<string, unknown>;
      this.seen.push({ path, spec });
      const own = await this.before(path, spec);
      if (own === 'drop') return void r.socket.destroy();
      const [status, answer, etag] = own ?? (put ? this.#put(url, bytes) : this.#post(path, spec));
      w.writeHead(status, { 'Content-Type': 'application/json', ...(etag ? { ETag: etag } : undefined) }).end(JSON.stringify(answer));
    } finally {
      if (put) this.flying -= Number(r.headers['content-length']);
    }
  }

  #put(url: URL, bytes: Buffer): [number, object, string?] {
    const session = this.sessions.get(url.searchParams.get('upload')!);
    if (!session) return [404, { error: 'not found' }];
    if (bytes.length !== Number(url.searchParams.get('size'))) return [400, { error: 'the bytes differ from their declared size or checksum' }];
    session.parts.set(Number(url.searchParams.get('part')), bytes);
    this.received += bytes.length;
    return [200, {}, `"${createHash('md5').update(bytes).digest('hex')}"`];
  }

  #post(path: string, spec: Record<string, unknown>): [number, object] {
    if (path === '/prefetch') return [200, this.prefetch];
    if (path === '/multipart/start') {
      const id = randomBytes(8).toString('hex');
      this.sessions.set(id, { parts: new Map(), spec });
      return [200, { uri: '/stowgate/x', region: 'us-east-1', upload_id: id, location_url: this.url }];
    }
    if (path === '/metadata') return [200, { url: spec.url, filename: 'far.png', mimetype: 'image/png', size: 7 }];
    if (path === '/store/') {
      const { url } = spec.clouds as { url: { path: string; store: { filename: string } } };
      return [200, { token: spec.token, url: this.#keep(url.store.filename, Buffer.from('far off'), spec) }];
    }
    const session = this.sessions.get(String(spec.upload_id));
    if (!session) return [404, { error: 'not found' }];
    const sorted = [...session.parts].sort(([a], [b]) => a - b);
    switch (path) {
      case '/multipart/upload': {
        const query = new URLSearchParams({ upload: String(spec.upload_id), part: String(spec.part), size: String(spec.size) });
        return [200, { url: `${this.url}/multipart/part/ticket?${query}`, headers: {} }];
      }
      case '/multipart/status':
        if (session.file) return [200, { status: 'done', file: session.file }];
        return [200, { status: 'open', parts: sorted.map(([part_number, b]) => ({ part_number, size: b.length, etag: 'e' })) }];
      case '/multipart/complete': {
        const bytes = Buffer.concat(sorted.map(([, b]) => b));
        if (!session.file && bytes.length !== spec.size) return [400, { error: 'invalid params: parts' }];
        session.file ??= this.#keep(String(spec.filename), bytes, spec);
        return [200, session.file];
      }
    }
    return [404, { error: 'not found' }];
  }

  #keep(name: string, bytes: Buffer, spec: Record<string, unknown>): object {
    this.stored.push({ name, bytes, spec });
    const handle = randomBytes(10).toString('hex');
    return this.tell({
      handle, url: `${this.url}/${handle}`, filename: name, size: bytes.length, mimetype: spec.mimetype ?? 'text/plain', type: 'text/plain',
      status: 'Stored', sha256: createHash('sha256').update(bytes).digest('hex'), upload_tags: spec.upload_tags,
    });
  }
}

/** Records that live as long as the object. */
export class FakeRecords implements Records {
  readonly kept = new Map<string, Saved>();
  async all(): Promise<Saved[]> { return [...this.kept.values()]; }
  async put(saved: Saved): Promise<void> { this.kept.set(saved.id, saved); }
  async delete(id: string): Promise<void> { this.kept.delete(id); }
}

/** Settings for uploads to a server, quick to fail and to retry. */
export const settingsFor = (url: string, more: Partial<Settings> = {}): Settings => ({
  apiKey: 'AKey', hosts: () => ({ upload: url, cloud: url, cdn: url, process: url, api: `${url}/api/file` }), grant: () => undefined,
  digest: hash, accept: [], maxFiles: 0, minFiles: 0, maxSize: 0, minSize: 0, store: {}, concurrency: 2, resume: false,
  parts: { size: 3 << 20, concurrency: 3, retries: 3, retryFactor: 2, retryMaxTime: 20, timeout: 5000 },
  ...more,
});

/** A file of n bytes of chance. */
export const fileOf = (n: number, name = 'n.bin', lastModified = 1): File => new File([randomBytes(n)], name, { lastModified });

/** A server for a test. */
export const serverFor = async (t: TestContext): Promise<FakeServer> => {
  const server = await new FakeServer().listen();
  t.after(() => server.close());
  return server;
};

export const engineFor = (t: TestContext, server: FakeServer, more?: Partial<Settings>, around?: Surroundings): Engine => {
  const engine = new Engine(settingsFor(server.url, more), around);
  t.after(() => engine.close());
  return engine;
};

/** The next event of a kind. It must be waited for before what causes it. */
export const next = <E extends keyof Events>(engine: Engine, event: E): Promise<Events[E]> => new Promise((resolve, reject) => {
  const late = setTimeout(() => reject(new Error(`no event ${event} came, items are ${engine.items.map((item) => item.status)}`)), 30_000);
  const off = engine.on(event, (value) => {
    clearTimeout(late);
    off();
    resolve(value);
  });
});

/** Waits until something is so. */
export const until = async (is: () => unknown, what = 'the condition'): Promise<void> => {
  for (const end = Date.now() + 30_000; !is();) {
    assert.ok(Date.now() < end, `${what} did not come about`);
    await new Promise((done) => setTimeout(done, 2));
  }
};

export const one = async (engine: Engine, blob: Blob): Promise<Item> => (await engine.add([{ blob }])).items[0]!;
