import { problemOfAnswer, Refusal, refusal } from './problem.ts';

export interface Request {
  readonly method: 'POST' | 'PUT';
  readonly url: string;
  readonly body: string | Blob;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** ms without any progress after which the request is given up; 0 for never. */
  readonly timeout: number;
  /** Hears how many bytes of the body have left; not called where the browser does not tell. */
  readonly progress?: (bytes: number) => void;
  /** Hears each line but the last of an answer that comes in lines of JSON. The last one is the answer. */
  readonly line?: (text: string) => void;
}

export interface Reply {
  readonly text: string;
  readonly etag: string;
}

/** Sends one request, once. It rejects with a Refusal unless the answer is a success. */
export async function send(request: Request): Promise<Reply> {
  request.signal.throwIfAborted();
  const late = new AbortController();
  const signal = AbortSignal.any([request.signal, late.signal]);
  const { timeout } = request;
  const wait = () => timeout ? setTimeout(() => late.abort(refusal('timeout', { values: { seconds: Math.round(timeout / 1000) } })), timeout) : undefined;
  let timer = wait();
  const moved = (bytes: number): void => {
    clearTimeout(timer);
    timer = wait();
    request.progress?.(bytes);
  };
  try {
    const { status, ...reply } = await (typeof XMLHttpRequest === 'function' && request.progress ? byXhr : byFetch)(request, signal, moved);
    if (status < 200 || status > 299) throw new Refusal(problemOfAnswer({ status, text: reply.text }));
    return reply;
  } catch (error) {
    signal.throwIfAborted(); // with the reason, which says more
    throw error instanceof Refusal ? error : refusal('network', { detail: String(error) });
  } finally {
    clearTimeout(timer);
  }
}

type Sent = Reply & { readonly status: number };

async function byFetch({ method, url, body, headers, line }: Request, signal: AbortSignal, moved: (bytes: number) => void): Promise<Sent> {
  const answer = await fetch(url, { method, body, headers, signal, credentials: 'omit', cache: 'no-store', referrerPolicy: 'origin' });
  moved(typeof body === 'string' ? body.length : body.size);
  const etag = answer.headers.get('etag') ?? '';
  if (!line || !answer.body || answer.headers.get('content-type') !== lines) return { status: answer.status, text: await answer.text(), etag };
  const text = await lastLine(answer.body, line);
  // A failure on the way has its status in the last line.
  const { error, status } = JSON.parse(text) as { error?: string; status?: number };
  return { status: (error && status) || answer.status, text, etag };
}

/** The media type of lines of JSON. */
export const lines = 'application/x-ndjson';

async function lastLine(body: ReadableStream<Uint8Array<ArrayBuffer>>, heard: (text: string) => void): Promise<string> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (let text = '', last = ''; ;) {
    const { done, value } = await reader.read();
    if (done) return last + text;
    const whole = (text + value).split('\n');
    text = whole.pop() ?? '';
    for (const next of whole) {
      if (last) heard(last);
      last = next;
    }
  }
}

/** XMLHttpRequest is the one way for a page to see how much of a body has left. */
function byXhr({ method, url, body, headers }: Request, signal: AbortSignal, moved: (bytes: number) => void): Promise<Sent> {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    const abort = (): void => xhr.abort();
    signal.addEventListener('abort', abort, { once: true });
    xhr.upload.onprogress = (e) => moved(e.loaded);
    xhr.onloadend = () => {
      signal.removeEventListener('abort', abort);
      if (!xhr.status) reject(new TypeError('the connection failed'));
      else resolve({ status: xhr.status, text: xhr.responseText, etag: xhr.getResponseHeader('etag') ?? '' });
    };
    xhr.open(method, url);
    for (const [name, value] of Object.entries(headers ?? {})) xhr.setRequestHeader(name, value);
    xhr.send(body);
  });
}
