import { GpuBackend } from "./gpu.js";
import { CONVOLVED_ROWS, convolutionSource, withSizes } from "./shaders.js";

const SQUARE = 8;

/** A compute shader of a source; `store` writes what it computes for (g, y, x). */
function computeShader(source, inputs, planes, store) {
    const names = ["a", "b", "c", "d"].slice(0, inputs);
    const readers = names.map((name, i) => `@group(0) @binding(${i + 2}) var<storage, read> ${name}_data: array<vec4f>;
fn ${name}_at(g: i32, y: i32, x: i32) -> vec4f {
    return ${name}_data[(g * ${name}_height + y) * ${name}_width + x];
}
fn ${name}_texel(i: i32) -> vec4f {
    return ${name}_data[i];
}`);
    return withSizes(`
@group(0) @binding(0) var<uniform> n: array<vec4i, 6>;
@group(0) @binding(1) var<storage, read_write> results: array<vec4f>;
${Array.from({ length: planes }, (_, i) => `var<private> r${i}: vec4f;`).join("\n")}
${readers.join("\n")}
${source}
@compute @workgroup_size(${SQUARE}, ${SQUARE}) fn main(@builtin(global_invocation_id) id: vec3u) {
    let g: i32 = i32(id.z);
    let y: i32 = i32(id.y);
    let x: i32 = i32(id.x);
${store}
}`);
}

const STORE = `
    if (x >= out_width || y >= out_height) { return; }
    compute(g, y, x);
    results[(g * out_height + y) * out_width + x] = r0;`;

/** PixelShuffle by `numbers.z` of rows taken together. */
const STORE_ROWS = `
    if (x >= a_width || ${CONVOLVED_ROWS} * y >= a_height) { return; }
    compute(g, y, x);
    let s: i32 = numbers.z;
    let row: i32 = (g / (s * s) * a_height + ${CONVOLVED_ROWS} * y) * s + g / s % s;
    let first: i32 = row * out_width + x * s + g % s;
    let step: i32 = s * out_width;
${Array.from({ length: CONVOLVED_ROWS }, (_, i) => `    if (${CONVOLVED_ROWS} * y + ${i} < a_height) { results[first + ${i} * step] = r${i}; }`).join("\n")}`;

/**
 * Operations as compute shaders of WebGPU. A map is a buffer [groups of four channels, height, width, 4]. Commands are
 * collected until numbers are written or read.
 */
export class WebGPUBackend extends GpuBackend {
    /** Null where the browser has no WebGPU. */
    static async create() {
        const adapter = await globalThis.navigator?.gpu?.requestAdapter({ powerPreference: "high-performance" });
        if (!adapter) return null;
        const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
        return new WebGPUBackend(await adapter.requestDevice({ requiredLimits: { maxBufferSize, maxStorageBufferBindingSize } }));
    }

    constructor(device) {
        super();
        this.name = "WebGPU";
        this.device = device;
        this.limit = Math.min(device.limits.maxBufferSize, device.limits.maxStorageBufferBindingSize);
        this.encoder = null;
        this.failure = null;
        const fail = (message) => {
            this.failure ??= new Error(message);
        };
        device.addEventListener("uncapturederror", ({ error }) => {
            fail(error instanceof GPUOutOfMemoryError ? "WebGPU is out of memory" : `WebGPU failed: ${error.message}`);
        });
        device.lost.then(({ message }) => fail(`WebGPU was lost: ${message}`));
    }

    /** The convolution with zeros around the map, then PixelShuffle and an activation: one of the `ACTIVATIONS`. */
    conv(map, layer, activation) {
        const { kernel, groups, shuffle } = layer;
        const numbers = [Math.ceil(map.channels / 4), groups, shuffle];
        const result = this.make(layer.outputs / shuffle ** 2, map.height * shuffle, map.width * shuffle);
        const extent = [map.width, Math.ceil(map.height / CONVOLVED_ROWS), groups];
        const shader = computeShader(convolutionSource(kernel, activation), 2, CONVOLVED_ROWS, STORE_ROWS);
        this.dispatch(shader, [map, layer.data], result, numbers, extent);
        return result;
    }

    /** Compute the result of a source. */
    run(source, inputs, output, numbers) {
        const extent = [output.width, output.height, Math.ceil(output.channels / 4)];
        this.dispatch(computeShader(source, inputs.length, 1, STORE), inputs, output, numbers, extent);
    }

    dispatch(shader, inputs, output, numbers, [width, height, groups]) {
        const { device } = this;
        const pipeline = this.once(shader, () => {
            const module = device.createShaderModule({ code: shader });
            return device.createComputePipeline({ layout: "auto", compute: { module } });
        });
        const sizes = this.sizes(output, inputs, numbers);
        const uniform = this.once(sizes.join(), () => this.buffer(GPUBufferUsage.UNIFORM, sizes));
        const buffers = [uniform, output.buffer, ...inputs.map((map) => map.buffer)];
        const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
        this.encoder ??= device.createCommandEncoder();
        const pass = this.encoder.beginComputePass();
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
        pass.dispatchWorkgroups(Math.ceil(width / SQUARE), Math.ceil(height / SQUARE), groups);
        pass.end();
    }

    allocate(channels, height, width) {
        const size = 16 * Math.ceil(channels / 4) * height * width;
        if (size > this.limit) throw new Error(`WebGPU here has no buffer for ${channels} channels of ${width} x ${height}`);
        const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
        return { columns: 1, buffer: this.device.createBuffer({ size, usage }) };
    }

    upload(texels) {
        return { channels: 4, height: 1, width: texels.length / 4, columns: 1, buffer: this.buffer(GPUBufferUsage.STORAGE, texels) };
    }

    buffer(usage, values) {
        const buffer = this.device.createBuffer({ size: values.byteLength, usage: usage | GPUBufferUsage.COPY_DST });
        this.device.queue.writeBuffer(buffer, 0, values);
        return buffer;
    }

    write(map, texels) {
        this.submit(); // what is still to be computed may read what this memory held before
        this.device.queue.writeBuffer(map.buffer, 0, texels);
    }

    async texels({ buffer }) {
        const { device } = this;
        const copy = device.createBuffer({ size: buffer.size, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
        this.encoder ??= device.createCommandEncoder();
        this.encoder.copyBufferToBuffer(buffer, 0, copy, 0, buffer.size);
        this.submit();
        await copy.mapAsync(GPUMapMode.READ).catch((error) => {
            this.failure ??= new Error(`WebGPU failed: ${error.message}`);
        });
        if (this.failure) throw this.failure;
        const texels = new Float32Array(copy.getMappedRange().slice(0));
        copy.destroy();
        return texels;
    }

    submit() {
        if (this.encoder) this.device.queue.submit([this.encoder.finish()]);
        this.encoder = null;
    }

    /** Free all memory of the GPU; nothing can be computed afterwards. */
    dispose() {
        this.device.destroy();
    }
}
