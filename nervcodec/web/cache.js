/** A cache bounded in bytes. */

/** Keeps what was used last, up to a number of bytes. */
export class ByteCache {
    constructor(mostBytes) {
        Object.assign(this, { mostBytes, bytes: 0, entries: new Map() });
    }

    /** The value of a key, made if it is not there by `make()`, which gives a promise; `sizeOf` gives its bytes. */
    async get(key, make, sizeOf = (value) => value.byteLength) {
        const known = this.entries.get(key);
        if (known) {
            this.entries.delete(key);
            this.entries.set(key, known);
            return known.value;
        }
        const value = await make();
        this.entries.set(key, { value, size: sizeOf(value) });
        this.bytes += sizeOf(value);
        for (const [oldest, { size }] of this.entries) {
            if (this.bytes <= this.mostBytes || oldest === key) {
                break;
            }
            this.entries.delete(oldest);
            this.bytes -= size;
        }
        return value;
    }

    /** Forget everything. */
    clear() {
        this.entries.clear();
        this.bytes = 0;
    }
}
