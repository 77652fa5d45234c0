/// A camera whose pictures are JPEGs (docs/camera.md, "JPEG cameras"): each picture as it comes, decoded by the browser. The
/// server also says the camera's rate once a second, so that a connection is never silent.

import {LiveSocket} from "./live_socket.ts";
import {Stillness} from "./stillness.ts";
import {socketUrl} from "./stream_url.ts";

export class JpegPlayer {
    private readonly socket: LiveSocket;
    private readonly stillness = new Stillness();
    private isStill = false;
    private readonly context: CanvasRenderingContext2D | null;
    /// The newest picture that waits for the one before to be decoded.
    private next: Blob | null = null;
    private isDecoding = false;

    /// `path`: "/mjpeg/door" or "/camera/door". `proof`: what the page was given for it. `say`: what is in the way of
    /// pictures; "": nothing.
    constructor(private readonly canvas: HTMLCanvasElement, path: string, page: URL, proof: URLSearchParams,
                private readonly say: (text: string) => void, private readonly onShown: () => void = () => undefined) {
        this.context = canvas.getContext("2d", {alpha: false});
        const query = new URLSearchParams(proof);
        query.set("name", path.split("/")[2] ?? "");
        this.socket = new LiveSocket(socketUrl("dev", page, query), {
            begun: () => say("waiting for the camera"),
            opened: () => undefined,
            came: (data) => typeof data === "string" ? this.told(data) : this.push(data),
            ended: (reason) => {
                this.next = null;
                this.stillness.reset();
                this.isStill = false;
                if (reason !== null) say(`${reason}; trying again`);
            },
        }, "no right to this camera");
        setInterval(() => this.watch(), 1000);
    }

    start(): void {
        this.socket.start();
    }

    /// Of what the server says only that there is no camera is news; what the camera says is for consoles.
    private told(line: string): void {
        const [, words] = /^\[[^\]]*\] \[server\] (.*)/.exec(line) ?? [];
        if (words !== "error: no camera" && words !== "the camera is gone") return;
        this.stillness.reset();
        this.isStill = false;
        this.say("no such camera is connected");
    }

    private push(bytes: ArrayBuffer): void {
        this.next = new Blob([bytes], {type: "image/jpeg"});
        if (!this.isDecoding) void this.decode();
    }

    /// What comes while a picture is decoded takes the place of what waits: pictures are left out, not shown late.
    private async decode(): Promise<void> {
        this.isDecoding = true;
        while (this.next) {
            const jpeg = this.next;
            this.next = null;
            const picture = await createImageBitmap(jpeg).catch(() => null);
            if (!this.socket.isOpen) picture?.close();
            else if (picture) this.show(picture);
            else this.say("this browser cannot decode it");
        }
        this.isDecoding = false;
    }

    private show(picture: ImageBitmap): void {
        const {canvas} = this;
        if (canvas.width !== picture.width) canvas.width = picture.width;
        if (canvas.height !== picture.height) canvas.height = picture.height;
        this.context?.drawImage(picture, 0, 0);
        picture.close();
        canvas.hidden = false;
        this.stillness.shown(performance.now());
        this.say("");
        this.onShown();
    }

    private watch(): void {
        const text = this.stillness.text(performance.now());
        if (text !== "" || this.isStill) this.say(text);
        this.isStill = text !== "";
    }
}
