/** Bounded reading of the fields of a file (docs/bitstream.md), and the checksums that guard them. */

/** What is wrong with a file, in one sentence for people. */
export class StreamError extends Error {}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
    let remainder = byte;
    for (let bit = 0; bit < 8; bit++) {
        remainder = remainder & 1 ? (remainder >>> 1) ^ 0xedb88320 : remainder >>> 1;
    }
    return remainder;
});

/** CRC-32 of bytes, as in zlib. */
export function crc32(bytes) {
    let remainder = 0xffffffff;
    for (const byte of bytes) {
        remainder = (remainder >>> 8) ^ CRC_TABLE[(remainder ^ byte) & 255];
    }
    return (remainder ^ 0xffffffff) >>> 0;
}

const SHA_PRIMES = (() => {
    const primes = [];
    for (let n = 2; primes.length < 64; n++) {
        if (primes.every((prime) => n % prime)) {
            primes.push(n);
        }
    }
    return primes;
})();
const fractionOf = (root) => Math.floor((root - Math.floor(root)) * 2 ** 32) | 0;
const SHA_ROUNDS = Int32Array.from(SHA_PRIMES, (prime) => fractionOf(Math.cbrt(prime)));
const SHA_START = Int32Array.from(SHA_PRIMES.slice(0, 8), (prime) => fractionOf(Math.sqrt(prime)));
const rotated = (word, bits) => (word >>> bits) | (word << (32 - bits));

/** SHA-256 of bytes (FIPS 180-4), 32 bytes. Browsers have it in secure contexts only, and not at once. */
export function sha256(bytes) {
    const whole = new Uint8Array(((bytes.length + 8) >> 6 << 6) + 64);
    whole.set(bytes);
    whole[bytes.length] = 0x80;
    const view = new DataView(whole.buffer);
    view.setBigUint64(whole.length - 8, BigInt(bytes.length) * 8n);
    const state = SHA_START.slice();
    for (let start = 0; start < whole.length; start += 64) {
        shaBlock(state, Int32Array.from({ length: 16 }, (_, i) => view.getInt32(start + 4 * i)));
    }
    const digest = new DataView(new ArrayBuffer(32));
    state.forEach((word, i) => digest.setInt32(4 * i, word));
    return new Uint8Array(digest.buffer);
}

function shaBlock(state, block) {
    const words = new Int32Array(64);
    words.set(block);
    for (let i = 16; i < 64; i++) {
        const [early, late] = [words[i - 15], words[i - 2]];
        const first = rotated(early, 7) ^ rotated(early, 18) ^ (early >>> 3);
        const second = rotated(late, 17) ^ rotated(late, 19) ^ (late >>> 10);
        words[i] = words[i - 16] + first + words[i - 7] + second;
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i++) {
        const mixed = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25);
        const one = (h + mixed + ((e & f) ^ (~e & g)) + SHA_ROUNDS[i] + words[i]) | 0;
        const two = ((rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
        [a, b, c, d, e, f, g, h] = [(one + two) | 0, a, b, c, (d + one) | 0, e, f, g];
    }
    [a, b, c, d, e, f, g, h].forEach((word, i) => (state[i] += word));
}

/** Most that a varint holds: five groups of seven bits. */
export const MAX_VARINT = 2 ** 35 - 1;

/** Reads fields from bytes; reading past their end throws a StreamError that says where. */
export class ByteReader {
    constructor(bytes, offset = 0) {
        this.bytes = bytes;
        this.offset = offset;
    }

    get left() {
        return this.bytes.length - this.offset;
    }

    /** The next bytes, `size` of them, not copied; `what` names them in the error. */
    raw(size, what) {
        if (size > this.left) {
            throw new StreamError(`${what}: ${size} bytes wanted at byte ${this.offset}, ${this.left} left`);
        }
        this.offset += size;
        return this.bytes.subarray(this.offset - size, this.offset);
    }

    uint8(what) {
        return this.raw(1, what)[0];
    }

    uint32(what) {
        const [a, b, c, d] = this.raw(4, what);
        return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
    }

    /** A varint of at most `limit`, in as few bytes as possible. */
    varint(what, limit = MAX_VARINT) {
        let [value, scale, group] = [0, 1, 0];
        do {
            if (scale === 2 ** 35) {
                throw new StreamError(`${what}: a number of more than five bytes at byte ${this.offset}`);
            }
            group = this.uint8(what);
            value += (group & 127) * scale;
            scale *= 128;
        } while (group > 127);
        if (value > limit || (group === 0 && scale > 128)) {
            throw new StreamError(`${what}: ${value} is out of range (at most ${limit})`);
        }
        return value;
    }

    /** A varint above zero. */
    positive(what, limit = MAX_VARINT) {
        const value = this.varint(what, limit);
        if (value === 0) {
            throw new StreamError(`${what}: zero`);
        }
        return value;
    }

    /** Read the CRC-32 of all bytes from `start` up to here, which must match. */
    checksum(start, what) {
        const expected = crc32(this.bytes.subarray(start, this.offset));
        if (this.uint32(`${what}: checksum`) !== expected) {
            throw new StreamError(`${what} does not match its checksum`);
        }
    }

    /** No bytes may be left over. */
    finish(what) {
        if (this.left) {
            throw new StreamError(`${what}: ${this.left} bytes too many`);
        }
    }
}
