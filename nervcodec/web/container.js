/** The file: docs/bitstream.md, sections 1 and 11. */

import { ByteReader, StreamError, crc32, sha256 } from "./bytes.js";
import { completed, readHeader, readSegments, readVideo, repeated } from "./header.js";

const LAST_VERSION = 10;
const MAX_HEADER_BYTES = 2 ** 20;
const MAX_LAYERS = 16;
const MAX_CONFIG_NUMBERS = 64;
const MAX_FOLLOWING = 63;
const DIGEST_BYTES = 8;

/**
 * The stream of a file: {version, header, layers, attachment}.
 *
 * A layer has its model's number, the numbers of its networks, and for each segment a chunk {network, follows, size,
 * groups()}; groups() gives the bytes of its tensor groups and throws a StreamError for a chunk that does not match its
 * checksum. The attachment is bytes, or null. Checksums of chunks are compared when they are asked for.
 */
export async function readStream(bytes) {
    const reader = new ByteReader(bytes);
    const magic = String.fromCharCode(...reader.raw(Math.min(4, reader.left), "magic"));
    if (magic !== "NERV") {
        const isPack = magic === "NERP";
        throw new StreamError(isPack ? "an enhancement pack alone: merge it with its base" : "not a .nerv file");
    }
    const version = reader.uint8("format version");
    if (version < 1 || version > LAST_VERSION) {
        const known = `which reads up to ${LAST_VERSION}`;
        throw new StreamError(`format version ${version} is not known to this decoder, ${known}`);
    }
    return version < 3 ? readFirstVersions(reader, version) : readLayered(reader, version);
}

async function readLayered(reader, version) {
    const head = reader.raw(reader.varint("header length", MAX_HEADER_BYTES), "header");
    reader.checksum(0, "the header");
    const described = [reader.bytes.subarray(0, reader.offset)];
    const header = version === 3 ? readHeaderOnly(head) : await readHeader(head, version);
    const attachment = header.attached ? readAttachment(reader, header.attached) : null;
    const layers = [];
    do {
        if (layers.length === MAX_LAYERS) {
            throw new StreamError(`${reader.left} bytes follow layer ${MAX_LAYERS}, the last one that is allowed`);
        }
        const all = version < 5 ? [reader.bytes.subarray(0, reader.offset)] : described;
        const below = layers.length ? all : null;
        layers.push(layerErrors(layers.length, () => readLayer(reader, below, header, version, described)));
    } while (reader.left);
    return { version, header, layers, attachment };
}

/** What `work` gives; a StreamError of it names the layer above `below` others. */
export function layerErrors(below, work) {
    try {
        return work();
    } catch (error) {
        throw error instanceof StreamError ? new StreamError(`layer ${below + 1}: ${error.message}`) : error;
    }
}

/** A layer; `below` are the bytes of whose SHA-256 it has the first ones, null for the base. */
function readLayer(reader, below, header, version, described) {
    const start = reader.offset;
    const digest = below ? reader.raw(DIGEST_BYTES, "digest") : [];
    const model = reader.uint8("model");
    const count = version < 5 ? 1 : reader.varint("networks", header.segments.length);
    const configs = repeated(count, () => readNumbers(reader));
    const table = header.segments.map(() => readEntry(reader, version));
    reader.checksum(start, "its description");
    const own = reader.bytes.subarray(start, reader.offset);
    const expected = below ? sha256(joinedBytes(below)) : [];
    if (digest.some((byte, i) => byte !== expected[i])) {
        throw new StreamError("belongs to another base");
    }
    checkTable(table, count, !below, version);
    described.push(own);
    return { model, configs, chunks: table.map((entry, segment) => takeChunk(reader, entry, segment)) };
}

function readNumbers(reader) {
    return repeated(reader.varint("model", MAX_CONFIG_NUMBERS), () => reader.varint("model description"));
}

function readEntry(reader, version) {
    const [size, checksum] = [reader.varint("chunk length"), reader.uint32("chunk checksum")];
    const network = version < 5 ? 0 : reader.varint("network of a chunk");
    return { size, checksum, network: Math.floor(network / 2), follows: network % 2 === 1 };
}

function checkTable(table, networks, isBase, version) {
    let following = 0;
    table.forEach(({ size, network, follows }, segment) => {
        const before = table[segment - 1];
        following = follows ? following + 1 : 0;
        if (following > MAX_FOLLOWING || (follows && !segment)) {
            throw new StreamError(`segment ${segment} cannot follow another`);
        }
        if (network >= networks) {
            throw new StreamError(`segment ${segment}: network ${network} of ${networks}`);
        }
        if (!size && (isBase || follows) && version >= 5) {
            throw new StreamError(`segment ${segment}: its chunk is empty`);
        }
        if (follows && (!before.size || before.network !== network)) {
            throw new StreamError(`segment ${segment} cannot follow one of another network`);
        }
    });
}

function takeChunk(reader, { size, checksum, network, follows }, segment) {
    const payload = reader.raw(size, `segment ${segment}`);
    const groups = () => {
        if (crc32(payload) !== checksum) {
            throw new StreamError(`segment ${segment} does not match its checksum`);
        }
        const fields = new ByteReader(payload);
        const found = [];
        while (fields.left) {
            found.push(fields.raw(fields.varint("group length"), "tensor group"));
        }
        return found;
    };
    return { network, follows, size, groups };
}

function readAttachment(reader, { size, checksum }) {
    const attachment = reader.raw(size, "the attachment");
    return crc32(attachment) === checksum ? attachment : null;
}

/** A header of versions 1 to 3, which has no records. */
function readHeaderOnly(bytes) {
    const fields = new ByteReader(bytes);
    const header = completed(readVideo(fields), readSegments(fields));
    fields.finish("header");
    return header;
}

/** Versions 1 and 2: the base's model stands in the header, and layers above it have no meaning. */
function readFirstVersions(reader, version) {
    const fields = new ByteReader(reader.raw(reader.varint("header length", MAX_HEADER_BYTES), "header"));
    const video = readVideo(fields);
    const [model, config] = [fields.uint8("model"), readNumbers(fields)];
    const header = completed(video, readSegments(fields));
    fields.finish("header");
    const layers = reader.uint8("layers");
    if (layers < 1 || layers > MAX_LAYERS) {
        throw new StreamError(`${layers} layers are announced, a file has 1 to ${MAX_LAYERS}`);
    }
    const tables = repeated(layers, () => header.segments.map(() => readEntry(reader, version)));
    reader.checksum(0, "the header");
    const chunks = tables[0].map((entry, segment) => takeChunk(reader, entry, segment));
    for (const table of tables.slice(1)) {
        if (reader.left) {
            table.forEach((entry, segment) => takeChunk(reader, entry, segment));
        }
    }
    reader.finish("file");
    return { version, header, layers: [{ model, configs: [config], chunks }], attachment: null };
}

function joinedBytes(parts) {
    const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
    parts.reduce((at, part) => (whole.set(part, at), at + part.length), 0);
    return whole;
}
