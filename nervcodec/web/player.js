import { Beside } from "./player_beside.js";
import { at, Cards, modelText } from "./player_cards.js";
import { DecoderClient } from "./player_client.js";
import { Sound } from "./player_clock.js";
import { Controls } from "./player_controls.js";
import { PictureStore } from "./player_pictures.js";
import { Player } from "./player_playback.js";

const BACKENDS = { webgpu: "WebGPU", webgl2: "WebGL2", wasm: "WebAssembly" };

/** The bytes of a data block of the page, or of the file at an address; rejects if they are not read. */
async function loadBytes(id, address) {
    if (!address) {
        const text = atob(at(id).textContent.trim());
        return Uint8Array.from(text, (character) => character.charCodeAt(0)).buffer;
    }
    const answer = await fetch(address).catch(() => ({ ok: false }));
    if (!answer.ok) throw new Error(`The browser did not load ${address}; it must be on a web server, as this page.`);
    return answer.arrayBuffer();
}

function startWorker(address) {
    const source = new Blob([at("decoder").textContent], { type: "text/javascript" });
    try {
        return new Worker(address ?? URL.createObjectURL(source));
    } catch {
        throw new Error(`The browser did not start ${address ?? "the decoder"}; from a web server it would.`);
    }
}

function addNote(sentence) {
    const note = document.createElement("li");
    note.textContent = sentence;
    at("notes").append(note);
}

function showState(state, failure = "") {
    document.querySelector("main").dataset.state = state;
    at("opening").hidden = state !== "opening";
    at("failure").hidden = state !== "failed";
    if (at("failure").textContent !== failure) at("failure").textContent = failure;
}

function describe(about, info) {
    const [numerator, denominator] = info.frameRate;
    const rate = Number((numerator / denominator).toFixed(3));
    const models = info.models.map(modelText).join(" + ");
    const frames = info.begins.length === 1 ? "1 frame" : `${info.begins.length} frames`;
    const parts = [`${info.width} \u00d7 ${info.height}`, frames, `${rate} frames/s`, models];
    at("summary").textContent = parts.join(" \u00b7 ");
    const made = `Made by nervcodec ${about.version}, format version ${info.version}.`;
    at("version").textContent = `${made} Frames are counted from 0.`;
    at("stage").style.setProperty("--aspect", (info.width * info.aspect[0]) / (info.height * info.aspect[1]));
    info.notes.forEach(addNote);
}

function offerBackends(client, info, player) {
    const select = at("backend");
    select.replaceChildren(...info.backends.map((name) => new Option(BACKENDS[name], name)));
    const mark = (backend) => (select.value = Object.keys(BACKENDS).find((name) => BACKENDS[name] === backend));
    let current = info.backend;
    mark(current);
    select.disabled = false;
    select.addEventListener("change", async () => {
        select.disabled = true;
        try {
            current = await client.choose(select.value);
            player.store.clear();
            player.refresh();
        } catch (error) {
            addNote(error.message);
        }
        mark(current);
        select.disabled = false;
    });
}

async function setBeside(about, player) {
    const beside = new Beside(player, at("stage"), at("original"), at("divider"));
    const { type } = about.beside;
    try {
        // As a whole: a browser seeks in a file of a server only if that sends parts of it, which many do not.
        const bytes = await loadBytes("beside", about.files?.beside);
        await beside.load(URL.createObjectURL(new Blob([bytes], { type })));
    } catch (error) {
        const refused = `This browser cannot play the original (${type}), so it is not shown.`;
        addNote(error instanceof Error ? error.message : refused);
        return null;
    }
    for (const id of ["original", "divider", "caption-original"]) at(id).hidden = false;
    return beside;
}

function setSound(about, info, player) {
    if (!info.sound) return null;
    return new Sound(info.sound, about.firstPicture, () => {
        addNote("This browser cannot play the sound of the file.");
        player.clock.follow(null);
        at("sound").hidden = true;
    });
}

/** Opens the file of the page; resolves to what the decoder says of it and the player. */
async function openPage(about) {
    const client = new DecoderClient(startWorker(about.files?.decoder));
    const info = await client.open(await loadBytes("video", about.files?.video), "auto");
    describe(about, info);
    let parts = [];
    const player = new Player(info, new PictureStore(client, info), at("picture"), () => {
        showState(player.state, player.failure);
        for (const part of parts) part.update();
    });
    parts = [new Controls(player, setSound(about, info, player)), new Cards(about, info, player)];
    offerBackends(client, info, player);
    await player.show(0);
    if (about.beside) setBeside(about, player).then((beside) => {
        if (!beside) return;
        parts.unshift(beside);
        player.changed();
    });
    return { info, player };
}

/** Starts the page; what it does can be told and asked through `globalThis.nervPlayer`. */
function startPage() {
    const opening = openPage(JSON.parse(at("about").textContent));
    opening.catch((error) => showState("failed", error.message));
    let player = null;
    const ready = opening.then((page) => (player = page.player));
    ready.catch(() => {}); // told above
    globalThis.nervPlayer = {
        opened: opening.then(({ info }) => info),
        canvas: at("picture"),
        show: async (number, layers) => (await ready).showLayers(number, layers),
        play: async () => (await ready).play(),
        pause: async () => (await ready).pause(),
        get stats() {
            return player?.stats ?? null;
        },
    };
    globalThis.nervPlayer.opened.catch(() => {});
}

startPage();
