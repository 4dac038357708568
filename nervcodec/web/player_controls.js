import { at, clockText } from "./player_cards.js";

const REPEATED_KEYS = [",", ".", "ArrowLeft", "ArrowRight"];
const IDLE_MILLISECONDS = 2500;
const THUMB_PIXELS = 14; // of the seek bar, as in the style sheet

/** The buttons, the seek bar, the options and the keys of the page, bound to a Player. */
export class Controls {
    /**
     * @param {Player} player
     * @param {Sound | null} sound
     */
    constructor(player, sound) {
        Object.assign(this, { player, sound });
        const { info, timeline } = player;
        at("seek").max = timeline.frames - 1;
        at("last").textContent = timeline.frames - 1;
        at("duration").textContent = clockText(timeline.duration);
        at("sound").hidden = !sound;
        at("full").hidden = !document.fullscreenEnabled;
        at("layer-choice").hidden = at("layer-views").hidden = info.layers === 1;
        for (const row of document.querySelectorAll(".sound-key")) row.hidden = !sound;
        for (const row of document.querySelectorAll(".layer-key")) row.hidden = info.layers === 1;
        at("controls").disabled = at("options").hidden = at("cards").hidden = false;
        at("layers").replaceChildren(...Array.from({ length: info.layers }, (_, i) => layerChoice(i + 1)).flat());
        this.bindButtons();
        this.bindSeek();
        this.bindOptions();
        this.bindIdle();
        document.addEventListener("keydown", (event) => this.press(event));
        document.addEventListener("keyup", (event) => event.key === "b" && this.hold(false));
        window.addEventListener("blur", () => this.hold(false));
    }

    bindButtons() {
        const actions = {
            play: () => this.playOrPause(), stage: () => this.playOrPause(),
            back: () => this.step(-1), forward: () => this.step(1), loop: () => this.loop(),
            sound: () => this.switchSound(), difference: () => this.switchDifference(),
            full: () => this.fullScreen(), keys: () => at("help").showModal(),
        };
        for (const [id, action] of Object.entries(actions)) at(id).addEventListener("click", action);
        at("divider").addEventListener("click", (event) => event.stopPropagation());
        document.addEventListener("fullscreenchange", () => {
            at("full").setAttribute("aria-pressed", Boolean(document.fullscreenElement));
        });
    }

    bindSeek() {
        const seek = at("seek");
        seek.addEventListener("input", () => this.player.show(seek.valueAsNumber));
        seek.addEventListener("pointermove", (event) => {
            const { left, width } = seek.getBoundingClientRect();
            const share = (event.clientX - left - THUMB_PIXELS / 2) / (width - THUMB_PIXELS);
            const number = Math.round(Math.max(0, Math.min(1, share)) * seek.max);
            at("hover").textContent = `${clockText(this.player.timeline.begins[number])} \u00b7 ${number}`;
            const middle = Math.max(40, Math.min(width - 40, event.clientX - left)) + seek.offsetLeft;
            at("hover").style.setProperty("--at", `${middle}px`);
            at("hover").hidden = false;
        });
        seek.addEventListener("pointerleave", () => (at("hover").hidden = true));
    }

    bindOptions() {
        const { player } = this;
        at("speed").addEventListener("change", () => player.setSpeed(Number(at("speed").value)));
        at("pace").addEventListener("change", (event) => this.setPace(event.target.value === "time"));
        at("layers").addEventListener("change", (event) => {
            player.layers = Number(event.target.value);
            if (player.layers === player.info.layers) player.difference = false;
            player.refresh();
        });
        const base = at("base");
        base.addEventListener("pointerdown", () => this.hold(true));
        const ends = ["pointerup", "pointerleave", "pointercancel", "keyup"];
        for (const type of ends) base.addEventListener(type, () => this.hold(false));
        base.addEventListener("keydown", (event) => [" ", "Enter"].includes(event.key) && this.hold(true));
        base.addEventListener("contextmenu", (event) => event.preventDefault());
    }

    /** In full screen the controls hide while a video plays and nobody moves. */
    bindIdle() {
        let timer = 0;
        const { classList } = at("player");
        const wake = () => {
            clearTimeout(timer);
            classList.remove("idle");
            timer = setTimeout(() => classList.toggle("idle", this.player.state === "playing"), IDLE_MILLISECONDS);
        };
        for (const type of ["pointermove", "pointerdown", "keydown"]) document.addEventListener(type, wake);
        document.addEventListener("fullscreenchange", wake);
    }

    press(event) {
        const { key, target } = event;
        if (event.ctrlKey || event.altKey || event.metaKey || at("help").open) return;
        // What has the focus may have a use of its own for a key.
        if (target.matches("select") || (target.matches("[type=radio]") && (key === " " || key.length > 1))) return;
        if (target.matches("button") && key === " ") return;
        const last = this.player.timeline.frames - 1;
        const actions = {
            " ": () => this.playOrPause(), k: () => this.playOrPause(),
            ",": () => this.step(-1), ".": () => this.step(1),
            ArrowLeft: () => this.leap(-1), ArrowRight: () => this.leap(1),
            Home: () => this.player.show(0), End: () => this.player.show(last),
            l: () => this.loop(), m: () => this.switchSound(), d: () => this.switchDifference(),
            b: () => this.hold(true), f: () => this.fullScreen(), "?": () => at("help").showModal(),
        };
        if (!Object.hasOwn(actions, key)) return;
        event.preventDefault();
        if (!event.repeat || REPEATED_KEYS.includes(key)) actions[key]();
    }

    playOrPause() {
        if (this.player.state === "playing") this.player.pause();
        else this.player.play();
    }

    step(frames) {
        this.player.pause();
        this.player.show(this.player.number + frames);
    }

    /** Goes some seconds on, and at least one frame. */
    leap(seconds) {
        const { timeline, number } = this.player;
        const reached = timeline.at(timeline.middle(number) + seconds);
        this.player.show(reached === number ? number + seconds : reached);
    }

    loop() {
        this.player.looping = !this.player.looping;
        this.player.changed();
    }

    /** Sound goes on evenly, so with it the pictures keep time. */
    switchSound() {
        if (at("sound").hidden) return;
        const on = !this.player.clock.sound;
        if (on) this.setPace(true);
        this.player.clock.follow(on ? this.sound : null);
        this.player.changed();
    }

    setPace(keepsTime) {
        if (!keepsTime) this.player.clock.follow(null);
        this.player.setKeepsTime(keepsTime);
    }

    /** With all layers there is no difference to them, so that of the base is shown. */
    switchDifference() {
        const { player } = this;
        if (player.info.layers === 1) return;
        player.difference = !player.difference;
        if (player.difference && player.layers === player.info.layers) player.layers = 1;
        player.refresh();
    }

    hold(held) {
        if (this.player.info.layers === 1 || held === this.player.baseAlone) return;
        this.player.baseAlone = held;
        this.player.refresh();
    }

    fullScreen() {
        if (document.fullscreenElement) document.exitFullscreen();
        else if (document.fullscreenEnabled) at("player").requestFullscreen();
    }

    /** Writes what the player does now. */
    update() {
        const { player } = this;
        const { number, layers, difference } = player.shown;
        const playing = player.state === "playing";
        const seek = at("seek");
        seek.value = player.number;
        seek.style.setProperty("--done", `calc(7px + (100% - 14px) * ${player.number / Math.max(1, seek.max)})`);
        const { begins } = player.timeline;
        seek.setAttribute("aria-valuetext", `frame ${player.number}, ${clockText(begins[player.number])}`);
        at("time").textContent = clockText(begins[number]);
        at("number").textContent = number;
        at("play").setAttribute("aria-label", playing ? "Pause" : "Play");
        at("play").title = playing ? "Pause (space)" : "Play (space)";
        const { looping, clock, baseAlone } = player;
        const pressed = { loop: looping, sound: Boolean(clock.sound), difference: player.difference, base: baseAlone };
        for (const [id, on] of Object.entries(pressed)) at(id).setAttribute("aria-pressed", on);
        at(`layers-${player.layers}`).checked = true;
        at(player.keepsTime ? "pace-time" : "pace-every").checked = true;
        const all = layers === player.info.layers ? "decoded" : `decoded, layers: ${layers} of ${player.info.layers}`;
        at("caption").textContent = difference ? `difference of ${layers} to all layers, times 8` : all;
        at("caption").hidden = at("caption-original").hidden && all === "decoded" && !difference;
        this.updateRate(playing);
    }

    updateRate(playing) {
        const { rate, fullRate, keepsTime } = this.player;
        const slow = playing && rate !== null && rate < 0.93 * fullRate;
        at("rate").hidden = !slow;
        if (!slow) return;
        const verb = keepsTime ? "showing" : "playing at";
        const reached = rate.toFixed(rate < 10 ? 1 : 0);
        at("rate").textContent = `${verb} ${reached} of ${Number(fullRate.toFixed(2))} frames/s`;
    }
}

function layerChoice(layers) {
    const [input, label] = [document.createElement("input"), document.createElement("label")];
    Object.assign(input, { type: "radio", name: "layers", id: `layers-${layers}`, value: layers });
    Object.assign(label, { htmlFor: input.id, textContent: layers });
    return [input, label];
}
