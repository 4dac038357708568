const SVG_HEIGHT = 32; // of the view box of the curve, which is 100 wide

/** The element of the page with an id. */
export function at(id) {
    return document.getElementById(id);
}

/** Seconds as minutes and seconds: 83.456 is "1:23.45". */
export function clockText(seconds) {
    const hundredths = Math.floor(seconds * 100 + 1e-6);
    const [minutes, rest] = [Math.floor(hundredths / 6000), hundredths % 6000];
    return `${minutes}:${(rest / 100).toFixed(2).padStart(5, "0")}`;
}

/** A number of bytes: "843 bytes", "12.3 kB", "4.56 MB". */
function bytesText(bytes) {
    if (bytes < 1000) return `${bytes} bytes`;
    const [unit, value] = bytes < 1e6 ? ["kB", bytes / 1e3] : ["MB", bytes / 1e6];
    return `${value.toPrecision(3)} ${unit}`;
}

/** The name of a model for people: "dnerv" is "DNeRV". */
export function modelText(name) {
    return name.toUpperCase().replace("NERV", "NeRV");
}

/** The figures below the video: quality of the shown frame, time by kind of work, size of the file. */
export class Cards {
    /**
     * @param {object} about what the page says of the file.
     * @param {object} info what the decoder says of it.
     * @param {Player} player
     */
    constructor(about, info, player) {
        Object.assign(this, { about, info, player });
        /** PSNR of each frame in dB, null where it is not known. */
        this.psnr = about.psnr ?? [];
        this.known = this.psnr.filter((value) => value !== null);
        this.low = this.known.reduce((least, value) => Math.min(least, value), Infinity);
        this.high = this.known.reduce((most, value) => Math.max(most, value), -Infinity);
        at("file-name").textContent = at("file-name").title = about.fileName;
        if (this.known.length) this.drawCurve();
    }

    drawCurve() {
        at("quality").hidden = false;
        at("quality-kind").textContent = this.about.psnrKind;
        const mean = this.known.reduce((sum, value) => sum + value, 0) / this.known.length;
        const whose = this.info.layers > 1 ? ", all layers" : "";
        const [middle, low, high] = [mean, this.low, this.high].map((value) => value.toFixed(2));
        at("psnr-range").textContent = `mean ${middle}, ${low} to ${high}${whose}`;
        const down = (value) => (SVG_HEIGHT * (this.high - value)) / (this.high - this.low || 1);
        const point = (value, number) => (value === null ? [] : `${this.across(number)} ${down(value)}`);
        at("curve-line").setAttribute("d", `M${this.psnr.flatMap(point).join("L")}`);
        at("curve").addEventListener("click", (event) => {
            const { left, width } = at("curve").getBoundingClientRect();
            this.player.show(Math.round(((event.clientX - left) / width) * (this.psnr.length - 1)));
        });
    }

    across(number) {
        return (100 * number) / Math.max(1, this.psnr.length - 1);
    }

    /** Writes what belongs to the picture that is shown. */
    update() {
        const { number, layers, difference } = this.player.shown;
        const value = layers === this.info.layers && !difference ? this.psnr[number] : null;
        at("psnr").textContent = typeof value === "number" ? `${value.toFixed(2)} dB` : "\u2013";
        at("curve-now").setAttribute("d", `M${this.across(number)} 0V${SVG_HEIGHT}`);
        this.writeTimes();
        this.writeFacts(difference ? this.info.layers : layers);
    }

    writeTimes() {
        const { parse, network, motion, colour } = this.player.store.seconds;
        const parts = { parse, network, motion, draw: colour + this.player.drawSeconds };
        const total = Object.values(parts).reduce((sum, seconds) => sum + seconds, 0);
        for (const [name, seconds] of Object.entries(parts)) {
            at(name).textContent = `${(1000 * seconds).toFixed(1)} ms`;
            at("work-bar").querySelector(`.${name}`).style.flexGrow = total ? seconds / total : 0;
        }
        at("total").textContent = `${(1000 * total).toFixed(1)} ms`;
    }

    writeFacts(layers) {
        const { width, height, duration, begins, layerBytes, models } = this.info;
        const above = layerBytes.slice(layers).reduce((sum, bytes) => sum + bytes, 0);
        const bytes = this.about.fileBytes - above;
        if (bytes === this.written) return;
        this.written = bytes;
        at("size").textContent = bytesText(bytes);
        const pictures = bytes - this.info.attachedBytes;
        const facts = {
            "bits a pixel": ((8 * pictures) / (begins.length * width * height)).toPrecision(3),
            "rate": `${((8 * pictures) / duration / 1000).toPrecision(3)} kbit/s`,
        };
        if (pictures < bytes) facts["sound and the like"] = bytesText(bytes - pictures);
        for (const [i, name] of models.length > 1 ? models.entries() : []) {
            facts[`layer ${i + 1}, ${modelText(name)}`] = bytesText(layerBytes[i]);
        }
        at("facts").replaceChildren(...Object.entries(facts).flatMap(([name, text]) => {
            const [term, description] = [document.createElement("dt"), document.createElement("dd")];
            [term.textContent, description.textContent] = [name, text];
            return [term, description];
        }));
    }
}
