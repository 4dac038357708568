/** Kernels compiled to WebAssembly, with the memory that they share with JavaScript. */

const KERNEL_PAGE = 65536;
const KERNEL_ALIGNMENT = 16;

/** An instance of the kernels. Its memory is a stack: what was allocated after a mark is freed together. */
export class Kernels {
    /**
     * @param {Uint8Array} wasm the bytes of kernels.wasm
     * @returns {Promise<Kernels>}
     */
    static async create(wasm) {
        const { instance } = await WebAssembly.instantiate(wasm, {});
        return new Kernels(instance.exports);
    }

    /** @param {WebAssembly.Exports} exports the kernels by name, `memory` and `__heap_base` */
    constructor(exports) {
        this.call = exports;
        this.memory = exports.memory;
        this.top = exports.__heap_base.value;
    }

    /** @returns {number} the state of memory, for `release` */
    mark() {
        return this.top;
    }

    /** Frees what was allocated since a mark. */
    release(mark) {
        this.top = mark;
    }

    /** Calls a function and then frees what was allocated in it. */
    scoped(work) {
        const mark = this.mark();
        try {
            return work();
        } finally {
            this.release(mark);
        }
    }

    /**
     * @param {number} bytes
     * @returns {number} a pointer to so many bytes, a multiple of 16; views made before may no longer be valid
     */
    alloc(bytes) {
        const pointer = Math.ceil(this.top / KERNEL_ALIGNMENT) * KERNEL_ALIGNMENT;
        this.top = pointer + bytes;
        const missing = this.top - this.memory.buffer.byteLength;
        if (missing > 0) this.memory.grow(Math.ceil(missing / KERNEL_PAGE));
        return pointer;
    }

    /** A view of `length` numbers at a pointer, valid until the next allocation. */
    view(type, pointer, length) {
        return new type(this.memory.buffer, pointer, length);
    }

    /** A view of float32 numbers, as of `view`. */
    f32(pointer, length) {
        return this.view(Float32Array, pointer, length);
    }

    /** A view of int32 numbers, as of `view`. */
    i32(pointer, length) {
        return this.view(Int32Array, pointer, length);
    }

    /** @returns {number} a pointer to a copy of a typed array */
    put(array) {
        const pointer = this.alloc(array.byteLength);
        this.view(array.constructor, pointer, array.length).set(array);
        return pointer;
    }
}
