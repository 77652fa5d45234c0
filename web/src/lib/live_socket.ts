/// A WebSocket of what is live.

import {KeptLive} from "./kept_live.ts";

export interface LiveEvents {
    /// A connection is tried.
    begun(): void;
    opened(): void;
    came(data: string | ArrayBuffer): void;
    /// Nothing comes any more: the reason, or null if the page left.
    ended(reason: string | null): void;
}

export class LiveSocket {
    private socket: WebSocket | null = null;
    private readonly kept = new KeptLive(() => this.open(), (reason) => {
        const {socket} = this;
        this.socket = null;
        socket?.close();
        this.events.ended(reason);
    });

    /// `refused`: what is said of a connection that never opened, since a browser does not tell why.
    constructor(private readonly url: string, private readonly events: LiveEvents, private readonly refused: string) {}

    /// Again, if it is open already.
    start(): void {
        this.kept.start();
    }

    send(text: string): void {
        if (this.isOpen) this.socket?.send(text);
    }
    get isOpen(): boolean {
        return this.socket?.readyState === WebSocket.OPEN;
    }

    /// For good.
    leave(): void {
        this.kept.leave();
    }

    private open(): void {
        this.events.begun();
        let hasOpened = false;
        const socket = this.socket = new WebSocket(this.url);
        socket.binaryType = "arraybuffer";
        socket.onopen = () => {
            if (socket !== this.socket) return;
            hasOpened = true;
            this.kept.came();
            this.events.opened();
        };
        socket.onmessage = ({data}) => {
            if (socket !== this.socket) return;
            this.kept.came();
            this.events.came(data as string | ArrayBuffer);
        };
        socket.onclose = ({reason}) => {
            if (socket !== this.socket) return;
            this.kept.lost(reason || (hasOpened ? "the connection was lost" : this.refused));
        };
    }
}
