/**
 * The operations of both GPU backends, each written once: in WGSL that `glslOf` turns into GLSL, so every name has its
 * type, and comments are out here. A map has its channels in groups of four, a `vec4f` for each pixel; what fills up
 * the last group is finite and meets weights that are 0. A source has a function `compute(g, y, x)` that sets `r0` to
 * group g of the result at row y and column x. It reads its inputs, a to d, by `a_at(g, y, x)`, or by `a_texel(i)` if
 * they are not maps; `a_width` and the like are their sizes, `out_width` is that of the result, and `numbers` are up to
 * four integers, which each source explains.
 */

/** Rows of a map that one thread convolves together, so that it reads each weight once for all of them. */
export const ROW_BLOCK = [0, 1, 2, 3];

/** The error function behind `normal` is that of Abramowitz and Stegun, 7.1.26; its error is below 2e-7. */
const GPU_FUNCTIONS = `
fn sigmoid(x: vec4f) -> vec4f {
    return 1.0 / (1.0 + exp(-clamp(x, vec4f(-80.0), vec4f(80.0))));
}
fn normal(x: vec4f) -> vec4f {
    let z: vec4f = 0.70710678 * abs(x);
    let t: vec4f = 1.0 / (1.0 + 0.3275911 * z);
    let high: vec4f = t * (1.421413741 + t * (-1.453152027 + t * 1.061405429));
    let tail: vec4f = 0.5 * exp(-z * z) * t * (0.254829592 + t * (-0.284496736 + high));
    return mix(tail, 1.0 - tail, step(vec4f(0.0), x));
}`;

const GPU_ACTIVATIONS = {
    none: "x",
    gelu: "x * normal(x)",
    leaky: "max(x, 0.2 * x)",
    sigmoid: "sigmoid(x)",
    unit: "sigmoid(2.0 * x)",
};

const GPU_COMBINATIONS = {
    add: "a + b",
    subtract: "a - b",
    tanh_sum: "2.0 * sigmoid(2.0 * (a + b)) - 1.0",
    sigmoid_sum: "sigmoid(a + b)",
    gate: "c * a + (1.0 - c) * b",
    couple: "(a - b) * exp(1.0 - 2.0 * sigmoid(c))",
};

const GPU_BILINEAR = `
fn between(g: i32, v: f32, u: f32) -> vec4f {
    let y: f32 = clamp(v, 0.0, f32(a_height - 1));
    let x: f32 = clamp(u, 0.0, f32(a_width - 1));
    let top: i32 = i32(y);
    let left: i32 = i32(x);
    let bottom: i32 = min(top + 1, a_height - 1);
    let right: i32 = min(left + 1, a_width - 1);
    let above: vec4f = mix(a_at(g, top, left), a_at(g, top, right), x - f32(left));
    let below: vec4f = mix(a_at(g, bottom, left), a_at(g, bottom, right), x - f32(left));
    return mix(above, below, y - f32(top));
}`;

/** A source from one that has `channel(c, y, x)`, a single number. */
function channelSource(source) {
    return `${source}
fn lane(c: i32, y: i32, x: i32) -> f32 {
    if (c < out_channels) { return channel(c, y, x); }
    return 0.0;
}
fn compute(g: i32, y: i32, x: i32) {
    r0 = vec4f(lane(4 * g, y, x), lane(4 * g + 1, y, x), lane(4 * g + 2, y, x), lane(4 * g + 3, y, x));
}`;
}

/** The channels of a, then those of b. */
export const CONCAT_SOURCE = channelSource(`
fn channel(c: i32, y: i32, x: i32) -> f32 {
    if (c < a_channels) { return a_at(c / 4, y, x)[c % 4]; }
    return b_at((c - a_channels) / 4, y, x)[(c - a_channels) % 4];
}`);

/** The channels of a from `numbers.x`. */
export const SLICE_SOURCE = channelSource(`
fn channel(c: i32, y: i32, x: i32) -> f32 {
    return a_at((c + numbers.x) / 4, y, x)[(c + numbers.x) % 4];
}`);

/** Squares of a, `numbers.x` wide, as channels. */
export const UNSHUFFLE_SOURCE = channelSource(`
fn channel(c: i32, y: i32, x: i32) -> f32 {
    let s: i32 = numbers.x;
    let whole: i32 = c / (s * s);
    return a_at(whole / 4, y * s + c / s % s, x * s + c % s)[whole % 4];
}`);

/** a in another size. */
export const RESIZE_SOURCE = `${GPU_BILINEAR}
fn compute(g: i32, y: i32, x: i32) {
    let v: f32 = (f32(y) + 0.5) * f32(a_height) / f32(out_height) - 0.5;
    let u: f32 = (f32(x) + 0.5) * f32(a_width) / f32(out_width) - 0.5;
    r0 = between(g, v, u);
}`;

/** a along the flow b. */
export const WARP_SOURCE = `${GPU_BILINEAR}
fn compute(g: i32, y: i32, x: i32) {
    let flow: vec4f = b_at(0, y, x);
    r0 = between(g, f32(y) + flow.y, f32(x) + flow.x);
}`;

/** a times the softmax of channel `numbers.x` of b, plus c if that is among the inputs. */
export function aggregateSource(inputs) {
    return `
fn weight(i: i32, y: i32, x: i32) -> f32 {
    return b_at(i / 4, y, x)[i % 4];
}
fn compute(g: i32, y: i32, x: i32) {
    let own: f32 = weight(numbers.x, y, x);
    var largest: f32 = own;
    for (var i: i32 = 0; i < b_channels; i++) { largest = max(largest, weight(i, y, x)); }
    var total: f32 = 0.0;
    for (var i: i32 = 0; i < b_channels; i++) { total += exp(weight(i, y, x) - largest); }
    r0 = exp(own - largest) / total * a_at(g, y, x)${inputs > 2 ? " + c_at(g, y, x)" : ""};
}`;
}

/** One of the `GPU_COMBINATIONS` of a, b and, for some, c. */
export function combineSource(kind, inputs) {
    return `${GPU_FUNCTIONS}
fn compute(g: i32, y: i32, x: i32) {
${inputs.map((name) => `    let ${name}: vec4f = ${name}_at(g, y, x);`).join("\n")}
    r0 = ${GPU_COMBINATIONS[kind]};
}`;
}

/**
 * The convolution of a by b, weights as `arrangedWeights` has them, before PixelShuffle: `compute` takes a `ROW_BLOCK`
 * of rows, the y-th, and sets r0, r1, and so on. `numbers`: groups of inputs, groups of outputs.
 */
export function convolutionSource(kernel, activation) {
    const taps = Array.from({ length: kernel }, (_, tap) => tap);
    const rows = Array.from({ length: kernel + ROW_BLOCK.length - 1 }, (_, row) => row);
    const half = kernel >> 1;
    const convolveTap = (tap) => `
                m = matrix(at + ${4 * tap});
                ${ROW_BLOCK.map((row) => `s${row} += m * v${row + tap};`).join(" ")}`;
    return `${GPU_FUNCTIONS}
fn activated(x: vec4f) -> vec4f {
    return ${GPU_ACTIVATIONS[activation]};
}
fn seen(g: i32, y: i32, x: i32) -> vec4f {
    if (y < 0 || y >= a_height) { return vec4f(0.0); }
    return a_at(g, y, x);
}
fn matrix(i: i32) -> mat4x4f {
    return mat4x4f(b_texel(i), b_texel(i + 1), b_texel(i + 2), b_texel(i + 3));
}
fn compute(g: i32, y: i32, x: i32) {
    let top: i32 = ${ROW_BLOCK.length} * y - ${half};
    var at: i32 = numbers.y + g * numbers.x * ${4 * kernel * kernel};
    var m: mat4x4f;
    ${ROW_BLOCK.map((row) => `var s${row}: vec4f = b_texel(g);`).join(" ")}
    for (var i: i32 = 0; i < numbers.x; i++) {
        for (var u: i32 = x - ${half}; u <= x + ${half}; u++) {
            if (u >= 0 && u < a_width) {
                ${rows.map((row) => `let v${row}: vec4f = seen(i, top + ${row}, u);`).join(" ")}
                ${taps.map(convolveTap).join("")}
            }
            at += ${4 * kernel};
        }
    }
    ${ROW_BLOCK.map((row) => `r${row} = activated(s${row});`).join(" ")}
}`;
}

/** PixelShuffle by `numbers.z` of convolved rows: a has the first row of each `ROW_BLOCK`, b the second, and so on. */
export const INTERLEAVE_SOURCE = `
fn compute(g: i32, y: i32, x: i32) {
    let s: i32 = numbers.z;
    let group: i32 = (g * s + y % s) * s + x % s;
    let row: i32 = y / s / ${ROW_BLOCK.length};
    let plane: i32 = y / s % ${ROW_BLOCK.length};
    ${ROW_BLOCK.map((i) => `if (plane == ${i}) { r0 = ${"abcd"[i]}_at(group, row, x / s); }`).join(" ")}
}`;

/** A source with `n` for sizes (channels, height, width, columns; of the result, of a to d) and for `numbers`. */
export function withSizes(source) {
    const sizes = { channels: "x", height: "y", width: "z", columns: "w" };
    const place = (_, name, size) => `n[${["out", "a", "b", "c", "d"].indexOf(name)}].${sizes[size]}`;
    return source.replace(/\b(out|[a-d])_(channels|height|width|columns)\b/g, place).replace(/\bnumbers\b/g, "n[5]");
}

/** GLSL from the WGSL of this file; types keep their names. */
export function glslOf(source) {
    const head = (_, name, parameters, type = "void") => `${type} ${name}${parameters}`;
    return source
        .replace(/fn (\w+)(\([^)]*\))(?: -> (\w+))?/g, head)
        .replace(/(?:let |var )?\b(\w+): (\w+)/g, "$2 $1");
}
