// Stands in for the decoder: "opens" a file of JSON, {width, height, frames, rate, layers, milliseconds} and perhaps
// {aspect, notes, fails: sentence, failsAt: number, sound: base64}, and answers requests in their order, each
// after some milliseconds. The corner pixel of a picture tells what it shows: red the number, green the layers.
let file = null;
const requests = [];

function open() {
    const { width, height, frames, rate, layers, sound } = file;
    if (file.fails) return { type: "failed", message: file.fails };
    const begins = Float64Array.from({ length: frames }, (_, number) => number / rate);
    const layerBytes = Array.from({ length: layers }, () => 1000);
    const bytes = sound && Uint8Array.from(atob(sound), (character) => character.charCodeAt(0)).buffer;
    const models = Array.from({ length: layers }, (_, layer) => (layer ? "een" : "dnerv"));
    const shape = { width, height, aspect: file.aspect ?? [1, 1], version: 10, depth: 8 };
    const times = { frames, begins, duration: frames / rate, frameRate: [rate, 1] };
    const rest = { backend: "WebGL2", backends: ["wasm", "webgl2"], sound: bytes ?? null, attachedBytes: 0 };
    return { type: "opened", info: { ...shape, ...times, layers, models, layerBytes, ...rest, notes: file.notes ?? [] } };
}

function paint(number, layers) {
    const { width, height, frames } = file;
    const pixels = new Uint8ClampedArray(4 * width * height);
    const centre = (width * (number + 0.5)) / frames;
    for (let i = 0; i < width * height; i++) {
        const [x, y] = [i % width, Math.floor(i / width)];
        const near = Math.hypot(x - centre, y - height / 2) < height / 6;
        const coarse = 2 * (file.layers - layers) * ((x >> 3) % 2);
        const ground = [40 + (90 * x) / width + coarse, 70 + (80 * y) / height + coarse, 110 + coarse, 255];
        pixels.set(near ? [240, 230, 210, 255] : ground, 4 * i);
    }
    pixels.set([number, layers, 0, 255], 0);
    return pixels.buffer;
}

function answer(request) {
    const { type, id, number, layers, backend } = request;
    if (type === "open") {
        file = JSON.parse(new TextDecoder().decode(request.file));
        return open();
    }
    if (type === "backend") {
        if (backend === "wasm") return { type: "backend", backend: "WebAssembly" };
        return { type: "failed", message: "There is no such backend." };
    }
    if (number === file.failsAt) return { type: "failed", id, message: `Frame ${number} is damaged.` };
    const seconds = { parse: 0.002, network: 0.011, motion: 0.004, colour: 0.001 };
    return { type: "frame", id, number, layers, pixels: paint(number, layers), seconds };
}

function work() {
    const answered = answer(requests[0]);
    postMessage(answered, answered.pixels ? [answered.pixels] : []);
    requests.shift();
    if (requests.length) setTimeout(work, file.milliseconds);
}

onmessage = ({ data }) => {
    if (data.type === "forget") {
        const kept = requests.filter((request, i) => i === 0 || request.type !== "frame" || request.id >= data.below);
        requests.splice(0, requests.length, ...kept);
    } else if (requests.push(data) === 1) {
        setTimeout(work, file?.milliseconds ?? 0);
    }
};
