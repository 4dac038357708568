/** Decoder of range-coded streams: docs/bitstream.md, section 6. */

import { StreamError } from "./bytes.js";
import { priorTable } from "./priors.js";

const WHOLE = 2n ** 64n - 1n;
const WORD = 2n ** 32n;
const MOST_LEFT = 2n ** 33n - 1n;

/** Takes symbols out of a stream; throws a StreamError where it contradicts their tables. */
export class RangeDecoder {
    constructor(bytes) {
        if (bytes.length % 4) {
            throw new StreamError(`${bytes.length} bytes of coded symbols are not a whole number of words`);
        }
        this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
        this.at = 0;
        this.range = WHOLE;
        this.offset = (this.#word() << 32n) | this.#word(); // point less lower
    }

    /** The next symbol, from 0, by the boundaries of a number of symbols. */
    decode(boundaries, count = boundaries.length - 1) {
        const scale = this.range >> 24n;
        const quantile = Number(this.offset / scale);
        if (quantile >= boundaries[count]) {
            throw new StreamError("the coded symbols contradict their tables");
        }
        let [symbol, beyond] = [0, count];
        while (beyond - symbol > 1) {
            const middle = (symbol + beyond) >> 1;
            if (boundaries[middle] <= quantile) {
                symbol = middle;
            } else {
                beyond = middle;
            }
        }
        this.offset -= scale * BigInt(boundaries[symbol]);
        this.range = scale * BigInt(boundaries[symbol + 1] - boundaries[symbol]);
        if (this.range < WORD) {
            this.range <<= 32n;
            this.offset = (this.offset << 32n) | this.#word();
        }
        return symbol;
    }

    /** The next symbol, from -magnitude to magnitude, by a prior. */
    decodeBy(prior) {
        return prior.magnitude ? this.decode(priorTable(prior)) - prior.magnitude : 0;
    }

    /** Throws a StreamError where an encoder would have written other words for the symbols taken out. */
    finish() {
        const isWhole = this.at >= this.view.byteLength;
        if (!isWhole || (this.range !== WHOLE && this.offset >= MOST_LEFT)) {
            throw new StreamError("more symbols are coded than the network has");
        }
    }

    #word() {
        this.at += 4;
        return this.at <= this.view.byteLength ? BigInt(this.view.getUint32(this.at - 4, true)) : 0n;
    }
}
