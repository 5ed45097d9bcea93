/** The round constants. Source: FIPS 180-4, 4.2.2. */
const K = new Int32Array(64);
const initial = new Int32Array(8);
for (let n = 2, i = 0; i < 64; n++) {
  let prime = true;
  for (let d = 2; d * d <= n; d++) if (n % d === 0) prime = false;
  if (!prime) continue;
  if (i < 8) initial[i] = (n ** (1 / 2) % 1) * 2 ** 32;
  K[i++] = (n ** (1 / 3) % 1) * 2 ** 32;
}

/** SHA-256 of bytes that come one piece after the other. */
export class Sha256 {
  #state = initial.slice();
  #rest = new Uint8Array(64);
  #length = 0;

  update(bytes: Uint8Array): this {
    let at = 0;
    const kept = this.#length % 64;
    this.#length += bytes.length;
    if (kept) {
      at = Math.min(64 - kept, bytes.length);
      this.#rest.set(bytes.subarray(0, at), kept);
      if (kept + at < 64) return this;
      this.#blocks(this.#rest, 0, 64);
    }
    const end = bytes.length - (bytes.length - at) % 64;
    this.#blocks(bytes, at, end);
    this.#rest.set(bytes.subarray(end));
    return this;
  }

  /** Ends the sum, in hexadecimal. Nothing may be added afterwards. */
  hex(): string {
    const bits = this.#length * 8;
    const tail = new Uint8Array(this.#length % 64 < 56 ? 64 - this.#length % 64 : 128 - this.#length % 64);
    tail[0] = 0x80;
    const view = new DataView(tail.buffer);
    view.setUint32(tail.length - 8, Math.floor(bits / 2 ** 32));
    view.setUint32(tail.length - 4, bits >>> 0);
    this.update(tail);
    return Array.from(this.#state, (word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
  }

  #blocks(data: Uint8Array, at: number, end: number): void {
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    const state = this.#state;
    for (; at < end; at += 64) block(state, view, at);
  }
}

/** The words of a block and what they are spread to; kept here because making them anew would take longer than filling them. */
const w = new Int32Array(64);

/**
 * Takes a block of 64 bytes. Here is where hashing spends its time, so it is
 * written for compilers: each | 0 keeps a sum among the small integers, without
 * which this takes three times as long.
 */
function block(state: Int32Array, view: DataView, at: number): void {
  for (let i = 0; i < 16; i++) w[i] = view.getInt32(at + i * 4);
  for (let i = 16; i < 64; i++) {
    const x = w[i - 15]!;
    const y = w[i - 2]!;
    w[i] = (((x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3) + w[i - 7]! | 0)
      + (((y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10) + w[i - 16]! | 0) | 0;
  }
  let a = state[0]!, b = state[1]!, c = state[2]!, d = state[3]!, e = state[4]!, f = state[5]!, g = state[6]!, h = state[7]!;
  for (let i = 0; i < 64; i++) {
    const t = (h + ((e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7)) | 0) + ((g ^ e & (f ^ g)) + (K[i]! + w[i]! | 0) | 0) | 0;
    const u = ((a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10)) + (a & b ^ a & c ^ b & c) | 0;
    h = g;
    g = f;
    f = e;
    e = d + t | 0;
    d = c;
    c = b;
    b = a;
    a = t + u | 0;
  }
  state[0]! += a;
  state[1]! += b;
  state[2]! += c;
  state[3]! += d;
  state[4]! += e;
  state[5]! += f;
  state[6]! += g;
  state[7]! += h;
}
