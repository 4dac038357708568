import { GpuBackend } from "./gpu.js";
import { ROW_BLOCK, withSizes } from "./shaders.js";

const WORKGROUP_SIDE = 8;

/** A compute shader of a source with so many inputs; `store` has it computed and writes what comes out. */
function wgslShader(source, inputs, store) {
    const readers = ["a", "b", "c", "d"].slice(0, inputs).map((name, i) => `
@group(0) @binding(${i + 2}) var<storage, read> ${name}_data: array<vec4f>;
fn ${name}_at(g: i32, y: i32, x: i32) -> vec4f {
    return ${name}_data[(g * ${name}_height + y) * ${name}_width + x];
}
fn ${name}_texel(i: i32) -> vec4f {
    return ${name}_data[i];
}`);
    return withSizes(`
@group(0) @binding(0) var<uniform> n: array<vec4i, 6>;
@group(0) @binding(1) var<storage, read_write> results: array<vec4f>;
${ROW_BLOCK.map((row) => `var<private> r${row}: vec4f;`).join("\n")}
${readers.join("")}
${source}
@compute @workgroup_size(${WORKGROUP_SIDE}, ${WORKGROUP_SIDE})
fn main(@builtin(workgroup_id) square: vec3u, @builtin(local_invocation_id) place: vec3u) {
    let g: i32 = i32(square.z);
    let y: i32 = i32(${WORKGROUP_SIDE} * square.y + place.y);
    let x: i32 = i32(${WORKGROUP_SIDE} * square.x + place.x);${store}
}`);
}

const WGSL_STORE = `
    if (x >= out_width || y >= out_height) { return; }
    compute(g, y, x);
    results[(g * out_height + y) * out_width + x] = r0;`;

/** The rows that a convolution takes together, with PixelShuffle by `numbers.z`. */
const WGSL_STORE_ROWS = `
    let row: i32 = ${ROW_BLOCK.length} * y;
    if (x >= a_width || row >= a_height) { return; }
    compute(g, y, x);
    let s: i32 = numbers.z;
    let to: i32 = ((g / (s * s) * a_height + row) * s + g / s % s) * out_width + x * s + g % s;
${ROW_BLOCK.map((i) => `    if (row + ${i} < a_height) { results[to + ${i} * s * out_width] = r${i}; }`).join("\n")}`;

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
        const device = await adapter.requestDevice({ requiredLimits: { maxBufferSize, maxStorageBufferBindingSize } });
        return new WebGPUBackend(device, adapter.info?.isFallbackAdapter ?? false);
    }

    constructor(device, software) {
        super("WebGPU", software);
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

    /** The convolution with zeros around the map, PixelShuffle, then an activation: one of the `GPU_ACTIVATIONS`. */
    conv(map, layer, activation) {
        const { source, numbers, size } = this.convolution(map, layer, activation);
        const result = this.make(size);
        const extent = [map.width, Math.ceil(map.height / ROW_BLOCK.length), layer.groups];
        this.dispatch(source, WGSL_STORE_ROWS, [map, layer.data], result, numbers, extent);
        return result;
    }

    /** Compute the numbers of a map. */
    run(source, inputs, output, numbers) {
        const extent = [output.width, output.height, Math.ceil(output.channels / 4)];
        this.dispatch(source, WGSL_STORE, inputs, output, numbers, extent);
    }

    dispatch(source, store, inputs, output, numbers, [width, height, groups]) {
        const { device } = this;
        const pipeline = this.once(inputs.length + store + source, () => {
            const module = device.createShaderModule({ code: wgslShader(source, inputs.length, store) });
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
        pass.dispatchWorkgroups(Math.ceil(width / WORKGROUP_SIDE), Math.ceil(height / WORKGROUP_SIDE), groups);
        pass.end();
    }

    allocate({ channels, height, width }) {
        const size = 16 * Math.ceil(channels / 4) * height * width;
        if (size > this.limit) {
            throw new Error(`WebGPU here has no buffer for ${channels} channels of ${width} x ${height}`);
        }
        const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
        return { columns: 1, buffer: this.device.createBuffer({ size, usage }) };
    }

    upload(texels) {
        const buffer = this.buffer(GPUBufferUsage.STORAGE, texels);
        return { channels: 4, height: 1, width: texels.length / 4, columns: 1, buffer };
    }

    buffer(usage, values) {
        const buffer = this.device.createBuffer({ size: values.byteLength, usage: usage | GPUBufferUsage.COPY_DST });
        this.device.queue.writeBuffer(buffer, 0, values);
        return buffer;
    }

    writeTexels(map, texels) {
        this.submit(); // what is still to be computed may read what this memory held before
        this.device.queue.writeBuffer(map.buffer, 0, texels);
    }

    async readTexels({ buffer }) {
        const { device } = this;
        const usage = GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ;
        const copy = device.createBuffer({ size: buffer.size, usage });
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

    destroy({ buffer }) {
        buffer.destroy();
    }

    /** Free all memory of the GPU; nothing can be computed afterwards. */
    dispose() {
        this.device.destroy();
    }
}
