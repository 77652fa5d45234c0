/// Keeps messages in a file, one behind the other, each under its number. Only one page at a time has the file of its
/// number. It goes when it is closed; what pages left that were closed before goes when the next one opens its own.

import type {Answered, Asked} from "./lib/disk_store.ts";

/// Not in TypeScript's library for pages.
interface SyncFile {
    read(into: Uint8Array, options: {at: number}): number;
    write(bytes: Uint8Array, options: {at: number}): number;
    truncate(size: number): void;
    close(): void;
}
const filesMax = 8;

let file: SyncFile | null = null;
let name = "";
let end = 0;
/// By number, rising.
const places = new Map<number, {at: number; size: number}>();

async function open(): Promise<void> {
    const folder = await navigator.storage.getDirectory();
    const names = Array.from({length: filesMax}, (_, i) => `unsent-${i + 1}`);
    // Refused for those that another page has open.
    for (const left of names) await folder.removeEntry(left).catch(() => undefined);
    for (name of names) {
        const handle = await folder.getFileHandle(name, {create: true});
        file = await (handle as unknown as {createSyncAccessHandle(): Promise<SyncFile>}).createSyncAccessHandle().catch(() => null);
        if (file) return;
    }
    throw new Error("no file is free");
}

async function closeFile(): Promise<void> {
    if (!file) return;
    file.truncate(0);
    file.close();
    file = null;
    await (await navigator.storage.getDirectory()).removeEntry(name);
}

function put(number: number, message: ArrayBuffer): void {
    if (!file) throw new Error("no file");
    const bytes = new Uint8Array(message);
    if (file.write(bytes, {at: end}) !== bytes.length) throw new Error("the disk is full");
    places.set(number, {at: end, size: bytes.length});
    end += bytes.length;
}

function get(number: number): ArrayBuffer {
    const place = places.get(number);
    if (!file || !place) throw new Error("nothing is stored");
    const bytes = new Uint8Array(place.size);
    if (file.read(bytes, {at: place.at}) !== place.size) throw new Error("the file cannot be read");
    return bytes.buffer;
}

function forget(below: number): void {
    for (const number of places.keys()) {
        if (number >= below) break;
        places.delete(number);
    }
    if (!file || places.size > 0) return;
    file.truncate(0);
    end = 0;
}

async function answer(asked: Asked): Promise<void> {
    try {
        if ("open" in asked) await open();
        else if ("put" in asked) put(asked.number, asked.put);
        else if ("forget" in asked) forget(asked.forget);
        else if ("close" in asked) await closeFile();
        else {
            const message = get(asked.get);
            return postMessage({id: asked.id, message} satisfies Answered, {transfer: [message]});
        }
        postMessage({id: asked.id} satisfies Answered);
    } catch (error) {
        postMessage({id: asked.id, error: String(error)} satisfies Answered);
    }
}

onmessage = ({data}: MessageEvent<Asked>) => void answer(data);
