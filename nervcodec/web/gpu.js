import { CONCAT_SOURCE, RESIZE_SOURCE, SLICE_SOURCE, UNSHUFFLE_SOURCE, WARP_SOURCE } from "./shaders.js";
import { aggregateSource, combineSource, convolutionSource } from "./shaders.js";

/** Numbers [channels, area] as GPUs hold them: [groups of four channels, area, 4], filled up with zeros. */
function packedTexels(values, channels, area) {
    const texels = new Float32Array(4 * Math.ceil(channels / 4) * area);
    for (let c = 0; c < channels; c++) {
        for (let p = 0, to = 4 * (c >> 2) * area + (c & 3); p < area; p++, to += 4) texels[to] = values[c * area + p];
    }
    return texels;
}

/** The inverse of `packedTexels`. */
function unpackedTexels(texels, channels, area) {
    const values = new Float32Array(channels * area);
    for (let c = 0; c < channels; c++) {
        for (let p = 0, at = 4 * (c >> 2) * area + (c & 3); p < area; p++, at += 4) values[c * area + p] = texels[at];
    }
    return values;
}

/**
 * Biases [groups, 4], then weights [groups, groups of inputs, column, row, input of its group, 4]. Groups are [groups
 * of the result, place in its square]: of the outputs that PixelShuffle brings to one place, four make a group, so that
 * a group of outputs is one of the result.
 */
function arrangedWeights(weight, bias, { inputs, outputs, kernel, shuffle }) {
    const places = shuffle * shuffle;
    const groups = Math.ceil(outputs / places / 4) * places;
    const area = kernel * kernel;
    const texels = new Float32Array(4 * groups * (1 + 4 * Math.ceil(inputs / 4) * area));
    for (let output = 0; output < outputs; output++) {
        const channel = Math.floor(output / places);
        const group = (channel >> 2) * places + (output % places);
        texels[4 * group + (channel & 3)] = bias[output];
        for (let input = 0; input < inputs; input++) {
            const first = (group * Math.ceil(inputs / 4) + (input >> 2)) * area;
            for (let k = 0; k < area; k++) {
                const tap = first + (k % kernel) * kernel + Math.floor(k / kernel);
                const to = 4 * (groups + 4 * tap + (input & 3)) + (channel & 3);
                texels[to] = weight[(output * inputs + input) * area + k];
            }
        }
    }
    return { texels, groups };
}

/**
 * What the backends of WebGL2 and WebGPU have in common. Maps are float32 [channels, height, width] of one frame,
 * opaque but for these sizes. A GPU that fails, is lost or has too little memory is an `Error`, in the next `read` at
 * the latest. A subclass has `conv`, `dispose`, and for this class `allocate(size, planes)`, memory for maps of a size;
 * `upload(texels)`, what `a_texel` reads; `destroy(memory)`, the end of both; `writeTexels`, `async readTexels`;
 * `run(source, inputs, output, numbers)`.
 */
export class GpuBackend {
    /** `software`: whether the CPU does the GPU's work. */
    constructor(name, software) {
        this.name = name;
        this.software = software;
        this.free = new Map();
        this.made = [];
        this.kept = new Map();
        this.owned = [];
    }

    /** Weights [outputs, inputs, kernel, kernel], biases [outputs]; PixelShuffle by `shuffle` follows (1: none). */
    layer(weight, bias, shape) {
        const { texels, groups } = arrangedWeights(weight, bias, shape);
        return { ...shape, groups, data: this.own(this.upload(texels)) };
    }

    /** Release all layers and maps. */
    clear() {
        this.owned.forEach((memory) => this.destroy(memory));
        this.owned = [];
        this.free.clear();
    }

    own(memory) {
        this.owned.push(memory);
        return memory;
    }

    /** A map of numbers [channels, height, width]. */
    input(values, channels, height, width) {
        const map = this.make({ channels, height, width });
        this.writeTexels(map, packedTexels(values, channels, height * width));
        return map;
    }

    /** The numbers of a map. */
    async read(map) {
        return unpackedTexels(await this.readTexels(map), map.channels, map.height * map.width);
    }

    /** Elementwise: one of the `GPU_COMBINATIONS`. */
    combine(kind, a, b, c) {
        const inputs = c ? [a, b, c] : [a, b];
        return this.apply(combineSource(kind, ["a", "b", "c"].slice(0, inputs.length)), inputs, a);
    }

    /** The channels of all the maps. */
    concat(maps) {
        return maps.reduce((a, b) => this.apply(CONCAT_SOURCE, [a, b], { ...a, channels: a.channels + b.channels }));
    }

    /** Channels `from` to `to` (exclusive). */
    slice(map, from, to) {
        return this.apply(SLICE_SOURCE, [map], { ...map, channels: to - from }, [from]);
    }

    /** The inverse of PixelShuffle. */
    unshuffle(map, factor) {
        const { channels, height, width } = map;
        const size = { channels: channels * factor * factor, height: height / factor, width: width / factor };
        return this.apply(UNSHUFFLE_SOURCE, [map], size, [factor]);
    }

    /** Bilinear interpolation; pixels are cells, places outside count as at the border. */
    resize(map, height, width) {
        return this.apply(RESIZE_SOURCE, [map], { channels: map.channels, height, width });
    }

    /** The map at p + flow(p) for each pixel p, bilinearly; flow [2, height, width] is in pixels, x first. */
    warp(map, flow) {
        return this.apply(WARP_SOURCE, [map, flow], map);
    }

    /** The mean of n pictures of one size by the softmax of weights [n, height, width]. */
    aggregate(pictures, weights) {
        const add = (sum, picture, i) => {
            const inputs = sum ? [picture, weights, sum] : [picture, weights];
            return this.apply(aggregateSource(inputs.length), inputs, picture, [i]);
        };
        return pictures.reduce(add, null);
    }

    /** What `work` resolves to; the maps made meanwhile are void afterwards. */
    async frame(work) {
        const outside = this.made;
        this.made = [];
        try {
            return await work();
        } finally {
            this.made.forEach((map) => this.release(map));
            this.made = outside;
        }
    }

    /** What a source makes of inputs: a map of a size. */
    apply(source, inputs, size, numbers = []) {
        const output = this.make(size);
        this.run(source, inputs, output, numbers);
        return output;
    }

    /** The source of a convolution, its numbers, and the size of the result. */
    convolution(map, layer, activation) {
        const { outputs, kernel, shuffle, groups } = layer;
        const size = { channels: outputs / shuffle ** 2, height: map.height * shuffle, width: map.width * shuffle };
        const numbers = [Math.ceil(map.channels / 4), groups, shuffle];
        return { source: convolutionSource(kernel, activation), numbers, size };
    }

    /** A map of any numbers, which `frame` releases. */
    make(size) {
        const map = this.take(size, 1);
        this.made.push(map);
        return map;
    }

    /** Maps of one size, `planes` in number, as one that is yet to be released. */
    take({ channels, height, width }, planes) {
        const key = [Math.ceil(channels / 4), height, width, planes].join();
        const memory = this.free.get(key)?.pop() ?? this.own(this.allocate({ channels, height, width }, planes));
        return { ...memory, key, channels, height, width };
    }

    /** Let others have the memory of a map. */
    release(map) {
        this.once(map.key, () => [], this.free).push(map);
    }

    /** `n` of the sources. */
    sizes(output, inputs, numbers) {
        const values = new Int32Array(24);
        const entries = [output, ...inputs].map((map) => [map.channels, map.height, map.width, map.columns]);
        entries.forEach((entry, i) => values.set(entry, 4 * i));
        values.set(numbers, 20);
        return values;
    }

    /** What `make` makes, once for each key. */
    once(key, make, kept = this.kept) {
        if (!kept.has(key)) kept.set(key, make());
        return kept.get(key);
    }
}
