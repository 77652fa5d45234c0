/// A WebSocket of what is live: opened again when it is lost, and left while the page is hidden.

const firstRetryMs = 1000;
const retryMaxMs = 10_000;

export interface LiveEvents {
    /// A connection is tried.
    begun(): void;
    opened(): void;
    came(data: string | ArrayBuffer): void;
    /// Nothing comes any more: the server's reason, which may be empty, or null if the page left.
    ended(reason: string | null): void;
}

export class LiveSocket {
    private socket: WebSocket | null = null;
    private retryMs = firstRetryMs;
    private retry = 0;
    private readonly onVisible = () => document.hidden ? this.stop() : this.start();

    constructor(private readonly url: string, private readonly events: LiveEvents) {
        document.addEventListener("visibilitychange", this.onVisible);
    }

    /// Again, if it is open already.
    start(): void {
        this.stop();
        this.events.begun();
        const socket = this.socket = new WebSocket(this.url);
        socket.binaryType = "arraybuffer";
        socket.onopen = () => socket === this.socket && this.events.opened();
        socket.onmessage = ({data}) => {
            if (socket !== this.socket) return;
            this.retryMs = firstRetryMs;
            this.events.came(data as string | ArrayBuffer);
        };
        socket.onclose = ({reason}) => {
            if (socket !== this.socket) return;
            this.socket = null;
            this.events.ended(reason);
            this.retry = setTimeout(() => this.start(), this.retryMs) as unknown as number;
            this.retryMs = Math.min(2 * this.retryMs, retryMaxMs);
        };
    }

    send(text: string): void {
        if (this.isOpen) this.socket?.send(text);
    }
    get isOpen(): boolean {
        return this.socket?.readyState === WebSocket.OPEN;
    }

    /// For good.
    leave(): void {
        document.removeEventListener("visibilitychange", this.onVisible);
        this.stop();
    }

    private stop(): void {
        clearTimeout(this.retry);
        const {socket} = this;
        this.socket = null;
        socket?.close();
        this.events.ended(null);
    }
}
