import { Clock, Timeline } from "./player_clock.js";

const AMPLIFIED = 8;
const RATE_SECONDS = 2;

/** Shows frames of an opened file on a canvas, one by one or in time. */
export class Player {
    /**
     * @param {object} info what the decoder says of the file.
     * @param {PictureStore} store
     * @param {HTMLCanvasElement} canvas its size becomes that of the video.
     * @param {() => void} changed is called when a picture was drawn, or the state, an option or the rate changed.
     */
    constructor(info, store, canvas, changed) {
        Object.assign(this, { info, store, canvas, changed });
        [canvas.width, canvas.height] = [info.width, info.height];
        this.context = canvas.getContext("2d", { alpha: false });
        this.timeline = new Timeline(info);
        this.clock = new Clock();
        /** "paused", "playing" or "failed"; the sentence in `failure` says why. */
        this.state = "paused";
        this.failure = "";
        /** Frame on the canvas and layers that it is made of. */
        this.shown = { number: 0, layers: info.layers, difference: false };
        this.layers = info.layers;
        this.difference = false;
        this.baseAlone = false;
        this.looping = false;
        /** Whether frames are passed over where decoding is too slow, instead of playing slowly. */
        this.keepsTime = false;
        this.wishes = 0; // calls of show()
        this.granted = 0; // the last of them whose picture was drawn
        this.last = 0; // the last frame drawn in this round, and
        this.asked = 0; // the last one asked for while keeping time; both can be below 0 or beyond the end in a loop
        this.draws = []; // when frames were drawn, in milliseconds
        this.drawSeconds = 0;
    }

    /** The frame that is shown, or will be when it is decoded. */
    get number() {
        return this.goal ?? this.shown.number;
    }

    /** Frames a second that are drawn, over the last two seconds; null before there are enough. */
    get rate() {
        const { draws } = this;
        return draws.length < 3 ? null : (1000 * (draws.length - 1)) / (draws.at(-1) - draws[0]);
    }

    /** Frames a second that the video has at the chosen speed. */
    get fullRate() {
        return (this.clock.speed * this.timeline.frames) / this.timeline.duration;
    }

    /**
     * Goes to a frame, cut to those that there are; resolves when the canvas holds it, or a frame asked for later,
     * and when it failed.
     */
    async show(number) {
        number = Math.max(0, Math.min(this.timeline.frames - 1, number));
        const wish = ++this.wishes;
        this.goal = number;
        this.clock.set(this.timeline.begins[number]);
        const needs = this.needs(number);
        this.store.forget(needs);
        try {
            const pictures = await Promise.all(needs.map((need) => this.store.picture(need)));
            if (wish > this.granted && pictures.every(Boolean)) {
                this.granted = wish;
                if (wish === this.wishes) this.arrive(number);
                this.draw(needs, pictures);
            }
        } catch (error) {
            if (wish === this.wishes) this.fail(error);
        }
    }

    /** Goes to a frame made of the first `layers` layers; as chosen before, if it is not said of how many. */
    showLayers(number, layers = this.layers) {
        this.layers = layers;
        return this.show(number);
    }

    /** Draws the frame again after an option changed. */
    refresh() {
        return this.show(this.number);
    }

    /** What was measured: mean seconds a picture by kind of work, and frames a second while playing (null before). */
    get stats() {
        return { ...this.store.seconds, draw: this.drawSeconds, rate: this.rate };
    }

    /** Plays on from the frame that is shown; after the last one from the first. */
    play() {
        if (this.state === "playing") return;
        this.state = "playing";
        if (this.number === this.timeline.frames - 1) this.show(0);
        else if (this.goal !== undefined) this.refresh();
        this.draws = [];
        this.asked = this.number;
        this.clock.start();
        this.changed();
        cancelAnimationFrame(this.request);
        this.tick();
    }

    pause() {
        if (this.state !== "playing") return;
        this.state = "paused";
        this.clock.stop();
        this.changed();
    }

    /** Shows a sentence instead of going on; another frame may be fine. */
    fail(error) {
        this.clock.stop();
        this.state = "failed";
        this.failure = error.message;
        this.changed();
    }

    /** Plays faster or slower; 1 is the speed of the video. */
    setSpeed(speed) {
        this.clock.setSpeed(speed);
        this.draws = [];
        this.changed();
    }

    /** Passes over frames where decoding is too slow (true), or plays every one (false). */
    setKeepsTime(keepsTime) {
        this.keepsTime = keepsTime;
        [this.last, this.asked] = [this.shown.number, this.shown.number];
        this.clock.set(this.timeline.begins[this.last]);
        this.changed();
    }

    /** What has to be decoded for a frame, as options are. */
    needs(number) {
        if (this.baseAlone) return [{ number, layers: 1 }];
        const counts = this.difference ? [this.layers, this.info.layers] : [this.layers];
        return counts.map((layers) => ({ number, layers }));
    }

    arrive(number) {
        this.goal = undefined;
        [this.last, this.asked] = [number, number];
        this.clock.set(this.timeline.begins[number]);
        if (this.state === "failed") this.state = "paused";
        const near = [number + 1, number - 1, number + 2].filter((n) => n >= 0 && n < this.timeline.frames);
        const wishes = [{ number, layers: 1 }, ...near.flatMap((n) => this.needs(n))];
        if (this.state === "paused") this.store.prefetch(wishes);
    }

    draw(needs, pictures) {
        const begin = performance.now();
        const difference = pictures.length > 1;
        this.context.putImageData(difference ? amplifiedDifference(...pictures) : pictures[0], 0, 0);
        const now = performance.now();
        this.drawSeconds += ((now - begin) / 1000 - this.drawSeconds) / (this.drawSeconds ? 8 : 1);
        this.shown = { ...needs[0], difference };
        this.draws = [...this.draws, now].filter((time) => time > now - 1000 * RATE_SECONDS);
        this.changed();
    }

    tick() {
        if (this.state !== "playing") return;
        this.request = requestAnimationFrame(() => this.tick());
        if (this.goal !== undefined) return;
        const { time } = this.clock;
        try {
            if (this.keepsTime) this.keepTime(time);
            else this.playEvery(time);
        } catch (error) {
            this.fail(error);
        }
        if (this.state === "playing") this.store.prefetch(this.upcoming(time));
    }

    /** Draws the next frame if it is due and decoded; time waits for it. */
    playEvery(time) {
        const end = this.timeline.end(this.last);
        if (time < end) return;
        const next = (this.last + 1) % this.timeline.frames;
        if (next === 0 && !this.looping) {
            this.pause();
            return;
        }
        // A picture that is up to its own length late is caught up with; else time goes on from there.
        const late = time - end < this.timeline.end(next) - this.timeline.begins[next] ? time - end : 0;
        if (this.drawReady(next) && (next === 0 || late === 0)) this.clock.set(this.timeline.begins[next] + late);
    }

    /** Draws the newest decoded frame that is due; time does not wait. */
    keepTime(time) {
        if (time >= this.timeline.duration) {
            if (!this.looping) {
                this.pause();
                this.show(this.timeline.frames - 1);
                return;
            }
            this.last -= this.timeline.frames;
            this.asked -= this.timeline.frames;
            this.clock.set(time % this.timeline.duration);
        }
        for (let number = this.timeline.at(this.clock.time); number > this.last && number >= 0; number--) {
            if (this.drawReady(number)) return;
        }
    }

    drawReady(number) {
        const needs = this.needs(number);
        const pictures = needs.map((need) => this.store.ready(need));
        if (!pictures.every(Boolean)) return false;
        this.last = number;
        this.draw(needs, pictures);
        return true;
    }

    /** What to decode next while playing, the most urgent first. */
    upcoming(time) {
        const { frames } = this.timeline;
        const { ahead, client, latency } = this.store;
        let first = this.last + 1;
        if (this.keepsTime) {
            // What is asked for now comes after as long as the last answer took.
            const reached = this.timeline.at(time + this.clock.speed * latency);
            first = Math.max(this.asked + 1, reached);
            if (client.pending >= ahead || first > reached + ahead) return [];
            this.asked = first;
        }
        const numbers = Array.from({ length: this.keepsTime ? 1 : ahead }, (_, i) => first + i);
        return numbers.filter((n) => this.looping || n < frames).flatMap((n) => this.needs((n + frames) % frames));
    }
}

/** Eight times the absolute difference of two pictures (ImageData of one size), cut to 0 to 255. */
function amplifiedDifference(one, other) {
    const picture = new ImageData(one.width, one.height);
    for (let i = 0; i < picture.data.length; i++) {
        picture.data[i] = i % 4 === 3 ? 255 : AMPLIFIED * Math.abs(one.data[i] - other.data[i]);
    }
    return picture;
}
