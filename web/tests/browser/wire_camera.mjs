// A camera whose pictures carry their number as bits, and which remembers when each went out: who reads a number off a page
// knows how late the picture is. The camera protocol on a bare socket, as docs/camera.md has it.
import {spawnSync} from "node:child_process";
import {randomBytes} from "node:crypto";
import {mkdtempSync, readFileSync, rmSync} from "node:fs";
import http from "node:http";
import os from "node:os";
import path from "node:path";

export const bits = 10;

/** The width of a bit's block in a picture of that width. */
export const blockOf = (width) => Math.floor(width / 20);

/** A filter that burns each picture's number into its top left corner: white is 1, the lowest bit first. */
export function numberFilter(width) {
    const block = blockOf(width);
    const boxes = Array.from({length: bits}, (_, bit) =>
        `drawbox=x=${bit * block}:y=0:w=${block}:h=${block}:t=fill:color=white:enable='mod(floor(n/${2 ** bit}),2)'`);
    return `drawbox=x=0:y=0:w=${bits * block}:h=${block}:t=fill:color=black,${boxes.join(",")}`;
}

/** A clip of numbered pictures as a bare H.264 stream; it lies in a folder that goes with this process. */
export function numberedClip({width = 640, height = 360, fps = 30, seconds = 20} = {}) {
    const folder = mkdtempSync(path.join(os.tmpdir(), "streamd-numbered-"));
    process.on("exit", () => rmSync(folder, {recursive: true, force: true}));
    const file = path.join(folder, "numbered.h264");
    const made = spawnSync("ffmpeg", ["-v", "error", "-f", "lavfi", "-i", `testsrc2=size=${width}x${height}:rate=${fps}`, "-t", String(seconds),
        "-vf", numberFilter(width), "-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-profile:v", "baseline",
        "-x264-params", `keyint=${fps}:min-keyint=${fps}:scenecut=0:aud=1`, "-pix_fmt", "yuv420p", "-f", "h264", file], {encoding: "utf8"});
    if (made.status !== 0) throw new Error(`ffmpeg: ${made.stderr}`);
    return file;
}

/** The access units of a stream in which each begins with a delimiter. */
export function accessUnits(stream) {
    const delimiter = Buffer.from([0, 0, 0, 1, 9]);
    const begins = [];
    for (let at = stream.indexOf(delimiter); at >= 0; at = stream.indexOf(delimiter, at + 1)) begins.push(at);
    return begins.map((begin, i) => stream.subarray(begin, begins[i + 1] ?? stream.length));
}

/** A masked WebSocket frame; the mask is 0, which changes nothing. */
function frame(opcode, payload) {
    const long = payload.length > 125 ? (payload.length > 65535 ? 8 : 2) : 0;
    const head = Buffer.alloc(2 + long + 4);
    head[0] = 0x80 | opcode;
    head[1] = 0x80 | (long === 8 ? 127 : long === 2 ? 126 : payload.length);
    if (long === 2) head.writeUInt16BE(payload.length, 2);
    if (long === 8) head.writeBigUInt64BE(BigInt(payload.length), 2);
    return Buffer.concat([head, payload]);
}

const nowUs = () => process.hrtime.bigint() / 1000n;

/** The client's end of a WebSocket. What a server sends to cameras is short and not fragmented. */
class Wire {
    static async connect(server, where, onText) {
        const wire = new Wire();
        const request = http.request({host: "127.0.0.1", port: server.ports.http, path: where, headers: {
            Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": randomBytes(16).toString("base64")}});
        request.end();
        wire.socket = await new Promise((resolve, reject) => {
            request.on("upgrade", (_, socket, head) => {
                if (head.length > 0) socket.unshift(head);
                resolve(socket);
            });
            request.on("response", (response) => reject(new Error(`the server answered ${response.statusCode}`)));
            request.on("error", reject);
        });
        wire.socket.setNoDelay(true);
        wire.socket.on("error", () => {});
        wire.pending = Buffer.alloc(0);
        wire.socket.on("data", (bytes) => wire.#read(bytes, onText));
        return wire;
    }

    text(words) {
        this.socket.write(frame(1, Buffer.from(words)));
    }
    binary(bytes) {
        this.socket.write(frame(2, bytes));
    }
    destroy() {
        this.socket.destroy();
    }

    #read(bytes, onText) {
        this.pending = Buffer.concat([this.pending, bytes]);
        for (;;) {
            if (this.pending.length < 2) return;
            const short = this.pending[1] & 0x7f;
            const head = short === 126 ? 4 : 2;
            if (this.pending.length < head) return;
            const length = short === 126 ? this.pending.readUInt16BE(2) : short;
            if (this.pending.length < head + length) return;
            const opcode = this.pending[0] & 0x0f;
            const payload = this.pending.subarray(head, head + length);
            this.pending = this.pending.subarray(head + length);
            if (opcode === 9) this.socket.write(frame(10, payload));
            if (opcode === 1) onText(payload.toString());
        }
    }
}

/** A board that sends JPEG pictures of something that moves (docs/camera.md, "JPEG cameras"), ten a second, once it is started. */
export class JpegCamera {
    static async connect(server, name, size = "320x180") {
        const made = spawnSync("ffmpeg", ["-v", "error", "-f", "lavfi", "-i", `testsrc2=size=${size}:rate=10`, "-frames:v", "30", "-f", "mjpeg", "-"]);
        if (made.status !== 0) throw new Error(`ffmpeg: ${made.stderr}`);
        const startOfImage = Buffer.from([0xff, 0xd8, 0xff]);
        const begins = [];
        for (let at = 0; at >= 0; at = made.stdout.indexOf(startOfImage, at + 1)) begins.push(at);
        const pictures = begins.map((begin, i) => made.stdout.subarray(begin, begins[i + 1]));
        const camera = new JpegCamera();
        let sent = 0;
        camera.wire = await Wire.connect(server, `/esp?name=${name}`, (words) => {
            clearInterval(camera.timer);
            if (words === "stop") return camera.wire.text("ACK: stopped");
            if (words.startsWith("start")) camera.timer = setInterval(() => camera.wire.binary(pictures[sent++ % pictures.length]), 100);
        });
        return camera;
    }

    /** Nothing is sent any more, but it stays connected. */
    fallSilent() {
        clearInterval(this.timer);
    }

    stop() {
        clearInterval(this.timer);
        this.wire.destroy();
    }
}

export class WireCamera {
    /** Date.now() when the picture of each number, modulo 2^bits, went out last. */
    sentAt = [];

    static async connect(server, name, file, fps) {
        const camera = new WireCamera();
        camera.units = accessUnits(readFileSync(file));
        camera.fps = fps;
        camera.wire = await Wire.connect(server, `/ingest/${name}`, (text) => camera.#obey(JSON.parse(text)));
        camera.#say({type: "capabilities", deviceModel: "numbered", clock: {unit: "us", exchange: 1}});
        camera.#say({status: "ready"});
        return camera;
    }

    stop() {
        clearTimeout(this.timer);
        this.wire.destroy();
    }

    #say(value) {
        this.wire.text(JSON.stringify(value));
    }

    #obey({command, payload}) {
        if (command === "clock") {
            const received = Number(nowUs());
            this.#say({type: "clock", id: payload.id, received, sent: Number(nowUs())});
        } else if (command === "start_capture") {
            this.#say({status: "capture_started"});
            this.seq = 0;
            this.beginUs = nowUs();
            this.#send();
        } else if (command === "stop_capture") {
            clearTimeout(this.timer);
            this.#say({status: "capture_stopped"});
        }
    }

    /** Each picture at its time; its stamp is that time. */
    #send() {
        const dueUs = this.beginUs + BigInt(Math.round(this.seq * 1e6 / this.fps));
        const early = Number(dueUs - nowUs()) / 1000;
        if (early > 0.5) {
            this.timer = setTimeout(() => this.#send(), early);
            return;
        }
        const number = this.seq % this.units.length;
        const unit = this.units[number];
        const header = Buffer.alloc(16);
        header.writeBigUInt64BE(dueUs);
        header.writeUInt32BE(this.seq, 8);
        header.writeUInt32BE(unit.length, 12);
        this.sentAt[number] = Date.now();
        this.wire.binary(Buffer.concat([header, unit]));
        this.seq += 1;
        this.timer = setTimeout(() => this.#send(), 0);
    }
}

/** In a page: notes each new number that the canvas or video shows, and when. */
export function watchNumbers({selector, bits, block}) {
    const source = document.querySelector(selector);
    const seen = globalThis.seen = [];
    const strip = new OffscreenCanvas(bits * block, 1).getContext("2d", {willReadFrequently: true});
    let last = -1;
    const look = (shownAt) => {
        strip.drawImage(source, 0, block / 2, bits * block, 1, 0, 0, bits * block, 1);
        const {data} = strip.getImageData(0, 0, bits * block, 1);
        let number = 0;
        for (let bit = 0; bit < bits; ++bit) number += data[4 * (bit * block + block / 2)] > 128 ? 2 ** bit : 0;
        if (number !== last) seen.push({number, at: Date.now() + shownAt - performance.now()});
        last = number;
    };
    if (source instanceof HTMLVideoElement) {
        const next = (_, {expectedDisplayTime}) => {
            look(expectedDisplayTime);
            source.requestVideoFrameCallback(next);
        };
        source.requestVideoFrameCallback(next);
    } else {
        const next = (at) => {
            if (source.width >= bits * block) look(at);
            requestAnimationFrame(next);
        };
        requestAnimationFrame(next);
    }
}
