import { Kernels } from "./kernels.js";

const PLAIN_OUTPUT_GROUP = 4; // outputs whose weights are adjacent (kernels/convolution.c)
const PLAIN_PLACES_STEP = 8; // places that are made together
const PLAIN_BAND_NUMBERS = 1 << 16; // inputs of a band of rows, which are to stay in a cache
const PLAIN_SLACK_BYTES = 16; // vectors of four reach beyond the end of a map
const PLAIN_ACTIVATIONS = ["none", "gelu", "leaky", "sigmoid", "unit"];
const PLAIN_KINDS = ["add", "subtract", "tanh_sum", "sigmoid_sum", "gate", "couple"];

/** Operations of networks on the CPU, in one thread. Maps are float32 [channels, height, width]. */
export class PlainBackend {
    /** @param {Uint8Array} wasm bytes of kernels.wasm */
    static async create(wasm) {
        return new PlainBackend(await Kernels.create(wasm));
    }

    /** @param {Kernels} kernels whose memory is used, from where it is at now */
    constructor(kernels) {
        this.name = "WebAssembly";
        this.software = false;
        this.kernels = kernels;
        this.start = kernels.mark();
    }

    /**
     * A convolution with zero "same" padding, then PixelShuffle; made outside of `frame`, kept until `clear`.
     * @param {Float32Array} weight [outputs, inputs, kernel, kernel]
     * @param {Float32Array} bias [outputs]
     * @param {{inputs, outputs, kernel, shuffle}} shape outputs: channels before PixelShuffle by `shuffle`, 1 for none
     */
    layer(weight, bias, { inputs, outputs, kernel, shuffle }) {
        const taps = inputs * kernel * kernel;
        const grouped = new Float32Array(Math.ceil(outputs / PLAIN_OUTPUT_GROUP) * PLAIN_OUTPUT_GROUP * taps);
        for (let output = 0; output < outputs; output++) {
            const place = output % PLAIN_OUTPUT_GROUP;
            const first = (output - place) * taps + place;
            const row = weight.subarray(output * taps, (output + 1) * taps);
            row.forEach((value, tap) => (grouped[first + tap * PLAIN_OUTPUT_GROUP] = value));
        }
        const pointers = [this.kernels.put(grouped), this.kernels.put(bias)];
        const pointer = this.kernels.put(Int32Array.of(inputs, outputs, kernel, shuffle, ...pointers));
        return { pointer, inputs, outputs, kernel, shuffle };
    }

    /** The map of `values`, a Float32Array [channels, height, width]. */
    input(values, channels, height, width) {
        const map = this.empty(channels, height, width);
        this.values(map).set(values);
        return map;
    }

    /**
     * Run a layer, then an activation.
     * @param {string} activation "none", "gelu", "leaky" (max(x, 0.2 x)), "sigmoid" or "unit" ((tanh x + 1) / 2)
     */
    conv(map, layer, activation) {
        const { kernels } = this;
        const scale = layer.shuffle;
        const made = this.empty(layer.outputs / scale ** 2, map.height * scale, map.width * scale);
        kernels.scoped(() => {
            const band = this.band(map, layer);
            const described = [this.described(map), band, PLAIN_ACTIVATIONS.indexOf(activation), this.described(made)];
            kernels.call.convolve_map(layer.pointer, ...described);
        });
        return made;
    }

    /**
     * Combine maps of one size, number by number.
     * @param {string} kind "add": a + b, "subtract": a - b, "tanh_sum": tanh(a + b), "sigmoid_sum": sigmoid(a + b),
     *     "gate": c a + (1 - c) b, "couple": (a - b) exp(-(2 sigmoid(c) - 1))
     */
    combine(kind, a, b, c) {
        const made = this.empty(a.channels, a.height, a.width);
        const count = a.channels * a.height * a.width;
        const pointers = [a, b, c ?? b, made].map((map) => map.pointer);
        this.kernels.call.combine_maps(PLAIN_KINDS.indexOf(kind), ...pointers, count);
        return made;
    }

    /** Maps of one height and width, one after the other along channels. */
    concat(maps) {
        const channels = maps.reduce((sum, map) => sum + map.channels, 0);
        const made = this.empty(channels, maps[0].height, maps[0].width);
        let offset = 0;
        for (const map of maps) {
            this.values(made).set(this.values(map), offset);
            offset += this.values(map).length;
        }
        return made;
    }

    /** Channels `from` to `to`, not including `to`; they share the memory of the map. */
    slice(map, from, to) {
        return { ...map, channels: to - from, pointer: map.pointer + 4 * from * map.height * map.width };
    }

    /** The inverse of PixelShuffle: channels q f^2, channel by channel, in each row by row. */
    unshuffle(map, factor) {
        const made = this.empty(map.channels * factor ** 2, map.height / factor, map.width / factor);
        this.kernels.scoped(() => this.kernels.call.unshuffle_map(this.described(map), factor, made.pointer));
        return made;
    }

    /** The map at another size, bilinearly, with samples as cells. */
    resize(map, height, width) {
        const made = this.empty(map.channels, height, width);
        this.kernels.scoped(() => {
            const columns = this.kernels.alloc(12 * width);
            this.kernels.call.resize_map(this.described(map), this.described(made), columns);
        });
        return made;
    }

    /**
     * Each pixel p of a map seen bilinearly at p + flow(p), at the border where that is outside.
     * @param {object} flow map [2, H, W]: x and y, in pixels
     */
    warp(map, flow) {
        const made = this.empty(map.channels, map.height, map.width);
        this.kernels.scoped(() => this.kernels.call.warp_map(this.described(map), flow.pointer, made.pointer));
        return made;
    }

    /** The mean of pictures, of one size, weighted by the softmax over channels of `weights` [n, H, W]. */
    aggregate(pictures, weights) {
        const made = this.empty(pictures[0].channels, weights.height, weights.width);
        this.kernels.scoped(() => {
            const shares = this.concat([weights]);
            const pointers = this.kernels.put(Int32Array.from(pictures, (picture) => picture.pointer));
            this.kernels.call.aggregate_pictures(pointers, this.described(shares), this.described(made));
        });
        return made;
    }

    /** The samples of a map: a Float32Array [channels, height, width] of its own. */
    async read(map) {
        return this.values(map).slice();
    }

    /** What the async function `work` returns; maps that it makes are released when it ends. */
    async frame(work) {
        const mark = this.kernels.mark();
        try {
            return await work();
        } finally {
            this.kernels.release(mark);
        }
    }

    /** Release all layers. */
    clear() {
        this.kernels.release(this.start);
    }

    dispose() {
        this.clear();
    }

    band(map, { inputs, kernel }) {
        const padding = kernel >> 1;
        const pitch = map.width + padding;
        const fitting = Math.floor(PLAIN_BAND_NUMBERS / (inputs * pitch)) - 2 * padding;
        const rows = Math.min(Math.max(fitting, 1), map.height);
        const padded = inputs * (rows + 2 * padding) * pitch + PLAIN_PLACES_STEP + kernel;
        const places = Math.ceil((rows * pitch) / PLAIN_PLACES_STEP) * PLAIN_PLACES_STEP;
        const sizes = [inputs * kernel ** 2, padded, PLAIN_OUTPUT_GROUP * places];
        const pointers = sizes.map((size) => this.kernels.alloc(4 * size));
        return this.kernels.put(Int32Array.of(rows, pitch, places, ...pointers));
    }

    empty(channels, height, width) {
        const pointer = this.kernels.alloc(4 * channels * height * width + PLAIN_SLACK_BYTES);
        return { channels, height, width, pointer };
    }

    values({ pointer, channels, height, width }) {
        return this.kernels.f32(pointer, channels * height * width);
    }

    described({ channels, height, width, pointer }) {
        return this.kernels.put(Int32Array.of(channels, height, width, pointer));
    }
}
