const SLOWEST_RATE = 0.1; // browsers refuse to play slower than 0.0625
const CORRECTED_SECONDS = 0.5;

/** The original in a <video> over the decoded picture, shown to the right of a divider that can be dragged. */
export class Beside {
    /**
     * @param {HTMLElement} stage what holds both pictures and the divider.
     * @param {HTMLVideoElement} video
     * @param {HTMLElement} divider takes the keyboard; the arrows, Home and End move it.
     */
    constructor(stage, video, divider) {
        Object.assign(this, { stage, video, divider });
        this.place(50);
        divider.addEventListener("keydown", (event) => this.move(event));
        divider.addEventListener("pointerdown", (event) => divider.setPointerCapture(event.pointerId));
        divider.addEventListener("pointermove", (event) => {
            if (!divider.hasPointerCapture(event.pointerId)) return;
            const { left, width } = stage.getBoundingClientRect();
            this.place((100 * (event.clientX - left)) / width);
        });
    }

    /** Loads the original from an address; resolves when its first picture is there, rejects if it cannot be played. */
    load(address) {
        return new Promise((resolve, reject) => {
            this.video.addEventListener("loadeddata", resolve, { once: true });
            this.video.addEventListener("error", reject, { once: true });
            this.video.src = address;
        });
    }

    /** Shows the decoded picture from the left up to a share in percent. */
    place(share) {
        this.share = Math.max(0, Math.min(100, share));
        this.stage.style.setProperty("--share", `${this.share}%`);
        const rounded = Math.round(this.share);
        this.divider.setAttribute("aria-valuenow", rounded);
        this.divider.setAttribute("aria-valuetext", `decoded on ${rounded} % of the width, original on the rest`);
    }

    move(event) {
        const places = { ArrowLeft: this.share - 2, ArrowRight: this.share + 2, Home: 0, End: 100 };
        if (!(event.key in places)) return;
        event.preventDefault();
        event.stopPropagation();
        this.place(places[event.key]);
    }

    /** Keeps the original with the picture that a Player shows. */
    follow(player) {
        const { timeline, state, shown, clock } = player;
        const time = timeline.middle(shown.number);
        // Where decoding is slower than the video, the original is played as slowly as that.
        const rate = clock.speed * (player.keepsTime ? 1 : Math.min(1, (player.rate ?? player.fullRate) / player.fullRate));
        if (state !== "playing" || rate < SLOWEST_RATE) {
            this.video.pause();
            if (this.video.currentTime !== time) this.video.currentTime = time;
            return;
        }
        const behind = time - this.video.currentTime;
        if (Math.abs(behind) > CORRECTED_SECONDS && !this.video.seeking) this.video.currentTime = time;
        this.video.playbackRate = Math.max(SLOWEST_RATE, Math.min(4, rate * (1 + behind / CORRECTED_SECONDS)));
        if (this.video.paused) this.video.play().catch(() => {}); // paused before it began
    }
}
