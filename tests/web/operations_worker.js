import { ReferenceBackend } from "./reference.js";
import { WebGL2Backend } from "./webgl2.js";
import { WebGPUBackend } from "./webgpu.js";

/** Worker: for a backend's name, how far the result of each operation is from the reference. */

let state = 1;

/** Numbers like those of a normal distribution, the same in each run. */
function random(length, deviation = 1) {
    return Float32Array.from({ length }, () => {
        let sum = 0;
        for (let i = 0; i < 12; i++) {
            state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
            sum += state / 2 ** 32;
        }
        return (sum - 6) * deviation;
    });
}

/** A case of each kind: its name, the sizes of its inputs and what it does with them. */
function* cases() {
    const flat = [5, 7, 10];
    for (const [kernel, shuffle, activation, inputs, outputs] of [
        [1, 1, "none", 3, 5],
        [3, 2, "gelu", 5, 24],
        [5, 4, "leaky", 4, 80],
        [3, 3, "sigmoid", 9, 9],
        [9, 1, "unit", 2, 3],
        [7, 1, "none", 6, 8],
    ]) {
        const weight = random(outputs * inputs * kernel * kernel, 1 / Math.sqrt(inputs * kernel * kernel));
        const bias = random(outputs);
        const name = `conv ${kernel}x${kernel}, shuffle ${shuffle}, ${activation}`;
        yield [name, [[inputs, 9, 6]], (backend, [a]) =>
            backend.conv(a, backend.layer(weight, bias, { inputs, outputs, kernel, shuffle }), activation)];
    }
    for (const kind of ["add", "subtract", "tanh_sum", "sigmoid_sum", "gate", "couple"]) {
        yield [kind, [flat, flat, flat], (backend, [a, b, c]) => backend.combine(kind, a, b, c)];
    }
    yield ["concat", [[3, 4, 5], [6, 4, 5], [1, 4, 5]], (backend, maps) => backend.concat(maps)];
    yield ["slice", [[11, 4, 5]], (backend, [a]) => backend.slice(a, 3, 9)];
    yield ["unshuffle", [[3, 6, 12]], (backend, [a]) => backend.unshuffle(a, 3)];
    yield ["resize to more", [flat], (backend, [a]) => backend.resize(a, 15, 40)];
    yield ["resize to less", [flat], (backend, [a]) => backend.resize(a, 3, 4)];
    yield ["warp", [flat, [2, 7, 10]], (backend, [a, flow]) => backend.warp(a, backend.combine("add", flow, flow))];
    yield ["aggregate", [[6, 4, 5], [6, 4, 5], [6, 4, 5], [3, 4, 5]], (backend, maps) => backend.aggregate(maps.slice(0, 3), maps[3])];
    yield ["many tiles", [[1030, 20, 3]], (backend, [a]) => backend.slice(a, 1, 1029)];
}

async function result(backend, sizes, inputs, operate) {
    return backend.frame(async () => {
        const maps = inputs.map((values, i) => backend.input(values, ...sizes[i]));
        const map = operate(backend, maps);
        return [await backend.read(map), [map.channels, map.height, map.width].join()];
    });
}

/** Each case twice, so that the memory of the first is used again. */
async function differences(backend) {
    const found = [];
    for (const [name, sizes, operate] of [...cases(), ...cases()]) {
        const inputs = sizes.map((size) => random(size.reduce((a, b) => a * b)));
        const [wanted, size] = await result(new ReferenceBackend(), sizes, inputs, operate);
        const [values, found_size] = await result(backend, sizes, inputs, operate);
        if (size !== found_size || values.length !== wanted.length) throw new Error(`${name}: [${found_size}] for [${size}]`);
        found.push([name, values.reduce((worst, value, i) => Math.max(worst, Math.abs(value - wanted[i])), 0)]);
    }
    return found;
}

/** What a backend says once its GPU is lost. */
async function complaint(backend) {
    const map = backend.input(random(12), 3, 2, 2);
    backend.dispose();
    return backend.read(map).then(() => "", (error) => error.message);
}

onmessage = async ({ data }) => {
    try {
        const backend = await { WebGL2: WebGL2Backend, WebGPU: WebGPUBackend }[data].create();
        if (!backend) return postMessage({ absent: true });
        postMessage({ name: backend.name, differences: await differences(backend), complaint: await complaint(backend) });
    } catch (error) {
        postMessage({ error: error.stack });
    }
};
