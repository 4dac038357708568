import { GpuBackend } from "./gpu.js";
import { INTERLEAVE_SOURCE, ROW_BLOCK, glslOf, withSizes } from "./shaders.js";

const TEXELS_ACROSS = 2048;
const SOFTWARE_RENDERERS = /swiftshader|llvmpipe|softpipe|software|basic render/i;

const GLSL_VERTEX_SHADER = `#version 300 es
void main() {
    gl_Position = vec4(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0, 0.0, 1.0);
}`;

/** A fragment shader of a source that reads so many textures and writes so many planes. */
function glslShader(source, inputs, planes) {
    const names = ["a", "b", "c", "d"].slice(0, inputs);
    const results = Array.from({ length: planes }, (_, i) => `layout(location = ${i}) out vec4 r${i};`);
    const readers = names.map((name) => `uniform sampler2D ${name}_data;
vec4 ${name}_at(int g, int y, int x) {
    int row = g / ${name}_columns;
    int column = g - row * ${name}_columns;
    return texelFetch(${name}_data, ivec2(column * ${name}_width + x, row * ${name}_height + y), 0);
}
vec4 ${name}_texel(int i) {
    return texelFetch(${name}_data, ivec2(i & ${TEXELS_ACROSS - 1}, i >> ${Math.log2(TEXELS_ACROSS)}), 0);
}`);
    return withSizes(`#version 300 es
precision highp float;
precision highp int;
precision highp sampler2D;
#define i32 int
#define f32 float
#define vec4f vec4
#define mat4x4f mat4
uniform ivec4 n[6];
${results.join("\n")}
${readers.join("\n")}
${glslOf(source)}
void main() {
    ivec2 p = ivec2(gl_FragCoord.xy);
    int row = p.y / out_height;
    int column = p.x / out_width;
    compute(row * out_columns + column, p.y - row * out_height, p.x - column * out_width);
}`);
}

/**
 * Operations as fragment shaders of WebGL2. A map is a texture of tiles, one for each four channels, row by row.
 * Convolutions write the rows that they take together into textures of their own, which a second pass interleaves.
 */
export class WebGL2Backend extends GpuBackend {
    /** Null where the browser has no WebGL2, or none that draws into textures of float32. */
    static async create() {
        const canvas = globalThis.OffscreenCanvas && new OffscreenCanvas(1, 1);
        const gl = canvas?.getContext("webgl2", { powerPreference: "high-performance" });
        if (!gl?.getExtension("EXT_color_buffer_float")) return null;
        const unmasked = gl.getExtension("WEBGL_debug_renderer_info")?.UNMASKED_RENDERER_WEBGL;
        return new WebGL2Backend(gl, SOFTWARE_RENDERERS.test(gl.getParameter(unmasked ?? gl.RENDERER)));
    }

    constructor(gl, software) {
        super("WebGL2", software);
        this.gl = gl;
        this.limit = gl.getParameter(gl.MAX_TEXTURE_SIZE);
    }

    /** The convolution with zeros around the map, PixelShuffle, then an activation: one of the `GPU_ACTIVATIONS`. */
    conv(map, layer, activation) {
        const { source, numbers, size } = this.convolution(map, layer, activation);
        const height = Math.ceil(map.height / ROW_BLOCK.length);
        const planes = this.take({ channels: 4 * layer.groups, height, width: map.width }, ROW_BLOCK.length);
        this.run(source, [map, layer.data], planes, numbers);
        const result = this.apply(INTERLEAVE_SOURCE, [planes], size, numbers);
        this.release(planes);
        return result;
    }

    /** Compute the numbers of all planes of a map. */
    run(source, inputs, output, numbers) {
        const { gl } = this;
        const planes = inputs.flatMap((map) => map.textures.map((texture) => ({ ...map, texture })));
        const { program, sizes } = this.program(source, planes.length, output.textures.length);
        gl.useProgram(program);
        gl.uniform4iv(sizes, this.sizes(output, planes, numbers));
        planes.forEach(({ texture }, unit) => {
            gl.activeTexture(gl.TEXTURE0 + unit);
            gl.bindTexture(gl.TEXTURE_2D, texture);
        });
        gl.bindFramebuffer(gl.FRAMEBUFFER, output.framebuffer);
        gl.viewport(0, 0, output.columns * output.width, output.rows * output.height);
        gl.drawArrays(gl.TRIANGLES, 0, 3);
    }

    program(source, inputs, planes) {
        return this.once(`${inputs} ${planes} ${source}`, () => {
            const { gl } = this;
            const program = gl.createProgram();
            this.attach(program, gl.VERTEX_SHADER, GLSL_VERTEX_SHADER);
            this.attach(program, gl.FRAGMENT_SHADER, glslShader(source, inputs, planes));
            gl.linkProgram(program);
            this.check();
            if (!gl.getProgramParameter(program, gl.LINK_STATUS)) {
                const logs = gl.getAttachedShaders(program).map((shader) => gl.getShaderInfoLog(shader));
                throw new Error(`WebGL2 refuses a shader: ${logs.join("")}${gl.getProgramInfoLog(program)}`);
            }
            gl.useProgram(program);
            const place = (name) => gl.getUniformLocation(program, name);
            ["a_data", "b_data", "c_data", "d_data"].forEach((name, unit) => gl.uniform1i(place(name), unit));
            return { program, sizes: place("n") };
        });
    }

    attach(program, kind, source) {
        const { gl } = this;
        const shader = gl.createShader(kind);
        gl.shaderSource(shader, source);
        gl.compileShader(shader);
        gl.attachShader(program, shader);
    }

    allocate({ channels, height, width }, planes) {
        const { gl } = this;
        const groups = Math.ceil(channels / 4);
        const columns = Math.ceil(groups / Math.max(Math.floor(this.limit / height), 1));
        const rows = Math.ceil(groups / columns);
        if (columns * width > this.limit || height > this.limit) {
            throw new Error(`WebGL2 here has no texture for ${channels} channels of ${width} x ${height}`);
        }
        const textures = Array.from({ length: planes }, () => this.texture(columns * width, rows * height));
        const framebuffer = gl.createFramebuffer();
        gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
        const points = textures.map((_, i) => gl.COLOR_ATTACHMENT0 + i);
        textures.forEach((texture, i) => gl.framebufferTexture2D(gl.FRAMEBUFFER, points[i], gl.TEXTURE_2D, texture, 0));
        gl.drawBuffers(points);
        this.check();
        return { textures, framebuffer, columns, rows };
    }

    texture(width, height) {
        const { gl } = this;
        const texture = gl.createTexture();
        gl.bindTexture(gl.TEXTURE_2D, texture);
        gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA32F, width, height);
        gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
        gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
        return texture;
    }

    upload(texels) {
        const { gl } = this;
        const height = Math.ceil(texels.length / 4 / TEXELS_ACROSS);
        const padded = new Float32Array(4 * TEXELS_ACROSS * height);
        padded.set(texels);
        const texture = this.texture(TEXELS_ACROSS, height);
        gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, TEXELS_ACROSS, height, gl.RGBA, gl.FLOAT, padded);
        return { channels: 4, height, width: TEXELS_ACROSS, columns: 1, textures: [texture] };
    }

    writeTexels({ channels, height, width, columns, textures }, texels) {
        const { gl } = this;
        gl.bindTexture(gl.TEXTURE_2D, textures[0]);
        for (let g = 0; 4 * g < channels; g++) {
            const [x, y] = [(g % columns) * width, Math.floor(g / columns) * height];
            gl.texSubImage2D(gl.TEXTURE_2D, 0, x, y, width, height, gl.RGBA, gl.FLOAT, texels, 4 * g * height * width);
        }
    }

    async readTexels({ channels, height, width, columns, framebuffer }) {
        const { gl } = this;
        const texels = new Float32Array(4 * Math.ceil(channels / 4) * height * width);
        gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
        for (let g = 0; 4 * g < channels; g++) {
            const [x, y] = [(g % columns) * width, Math.floor(g / columns) * height];
            gl.readPixels(x, y, width, height, gl.RGBA, gl.FLOAT, texels, 4 * g * height * width);
        }
        this.check();
        return texels;
    }

    /** Throw an `Error` if the GPU is lost or failed. */
    check() {
        const { gl } = this;
        const error = gl.getError();
        if (gl.isContextLost()) throw new Error("WebGL2 was lost: the browser or the GPU's driver took it back");
        if (error === gl.OUT_OF_MEMORY) throw new Error("WebGL2 is out of memory");
        if (error !== gl.NO_ERROR) throw new Error(`WebGL2 failed with error ${error}`);
    }

    destroy({ textures, framebuffer }) {
        textures.forEach((texture) => this.gl.deleteTexture(texture));
        if (framebuffer) this.gl.deleteFramebuffer(framebuffer);
    }

    /** Free all memory of the GPU; nothing can be computed afterwards. */
    dispose() {
        this.gl.getExtension("WEBGL_lose_context")?.loseContext();
    }
}
