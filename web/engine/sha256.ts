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
  #words = new Int32Array(64);
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

  /** Takes the blocks of 64 bytes from at to end. It is written for speed: this is where hashing spends its time. */
  #blocks(data: Uint8Array, at: number, end: number): void {
    const w = this.#words;
    const s = this.#state;
    let [s0, s1, s2, s3, s4, s5, s6, s7] = s as unknown as [number, number, number, number, number, number, number, number];
    for (; at < end; at += 64) {
      for (let i = 0, p = at; i < 16; i++, p += 4) {
        w[i] = data[p]! << 24 | data[p + 1]! << 16 | data[p + 2]! << 8 | data[p + 3]!;
      }
      for (let i = 16; i < 64; i++) {
        const x = w[i - 15]!;
        const y = w[i - 2]!;
        w[i] = w[i - 16]! + w[i - 7]! + ((x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3)
          + ((y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10) | 0;
      }
      let a = s0, b = s1, c = s2, d = s3, e = s4, f = s5, g = s6, h = s7;
      for (let i = 0; i < 64; i++) {
        const t = h + ((e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7)) + (g ^ e & (f ^ g)) + K[i]! + w[i]! | 0;
        h = g;
        g = f;
        f = e;
        e = d + t | 0;
        d = c;
        const u = t + ((a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10)) + (a & b ^ c & (a ^ b)) | 0;
        c = b;
        b = a;
        a = u;
      }
      s0 = s0 + a | 0;
      s1 = s1 + b | 0;
      s2 = s2 + c | 0;
      s3 = s3 + d | 0;
      s4 = s4 + e | 0;
      s5 = s5 + f | 0;
      s6 = s6 + g | 0;
      s7 = s7 + h | 0;
    }
    s.set([s0, s1, s2, s3, s4, s5, s6, s7]);
  }
}
