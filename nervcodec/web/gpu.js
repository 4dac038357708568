import { CONCAT_SOURCE, RESIZE_SOURCE, SLICE_SOURCE, UNSHUFFLE_SOURCE, WARP_SOURCE, aggregateSource, combineSource } from "./shaders.js";

/**
 * Four by four, the numbers of a map [channels, area] as GPUs hold them: [ceil(channels / 4), area, 4], with zeros for channels that lack.
 */
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
        for (let p = 0, from = 4 * (c >> 2) * area + (c & 3); p < area; p++, from += 4) values[c * area + p] = texels[from];
    }
    return values;
}

/**
 * Biases [groups, 4], then weights [groups, groups of inputs, x, y, input of its group, 4]. Those of the outputs that PixelShuffle brings to one place are a group, so that a
 * group becomes one of the result: groups are [groups of the result, place in a square].
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
                texels[4 * (groups + 4 * tap + (input & 3)) + (channel & 3)] = weight[(output * inputs + input) * area + k];
            }
        }
    }
    return { texels, groups };
}

/**
 * What the backends of WebGL2 and WebGPU have in common. Maps are float32 [channels, height, width] of one frame. A
 * subclass has `allocate(channels, height, width, planes)`: memory of so many planes of one size; `upload(texels)`: memory that `a_texel` reads; `write(map, texels)`; `async texels(map)`; `run(source, inputs, output, numbers)`; `conv`;
 * and `dispose()`. A GPU that fails, is lost or has too little memory is an `Error` in the next `read` at the latest.
 */
export class GpuBackend {
    constructor() {
        this.free = new Map();
        this.made = [];
        this.compiled = new Map();
    }

    /** Weights [outputs, inputs, kernel, kernel] and biases [outputs] of a convolution, and by how much PixelShuffle follows (1: none). */
    layer(weight, bias, shape) {
        const { texels, groups } = arrangedWeights(weight, bias, shape);
        return { ...shape, groups, data: this.upload(texels) };
    }

    /** A map of numbers [channels, height, width]. */
    input(values, channels, height, width) {
        const map = this.make(channels, height, width);
        this.write(map, packedTexels(values, channels, height * width));
        return map;
    }

    /** The numbers of a map. */
    async read(map) {
        return unpackedTexels(await this.texels(map), map.channels, map.height * map.width);
    }

    /** Elementwise: one of the `COMBINATIONS`. */
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
        return pictures.reduce(
            (sum, picture, i) => this.apply(aggregateSource(i > 0), sum ? [picture, weights, sum] : [picture, weights], picture, [i]),
            null,
        );
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

    /** A map of a size, made by a source. */
    apply(source, inputs, { channels, height, width }, numbers = []) {
        const output = this.make(channels, height, width);
        this.run(source, inputs, output, numbers);
        return output;
    }

    /** A map of any numbers, which `frame` releases. */
    make(channels, height, width) {
        const map = this.take(channels, height, width, 1);
        this.made.push(map);
        return map;
    }

    /** Memory for a map or planes, to be released. */
    take(channels, height, width, planes) {
        const key = [Math.ceil(channels / 4), height, width, planes].join();
        const memory = this.free.get(key)?.pop() ?? this.allocate(channels, height, width, planes);
        return { ...memory, key, channels, height, width };
    }

    /** Let others have the memory of a map. */
    release(map) {
        if (!this.free.has(map.key)) this.free.set(map.key, []);
        this.free.get(map.key).push(map);
    }

    /** Channels, height, width and columns of the result and of up to 4 inputs, then up to 4 numbers more: `n` of the sources. */
    sizes(output, inputs, numbers) {
        const values = new Int32Array(24);
        [output, ...inputs].forEach((map, i) => values.set([map.channels, map.height, map.width, map.columns], 4 * i));
        values.set(numbers, 20);
        return values;
    }

    /** What `make` makes, made once for each key. */
    once(key, make) {
        if (!this.compiled.has(key)) this.compiled.set(key, make());
        return this.compiled.get(key);
    }
}
