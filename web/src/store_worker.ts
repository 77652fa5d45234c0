/// Keeps messages in a file, first in, first out. Only one page at a time has the file of its number; what an earlier page
/// left is written over.

import type {Answered, Asked} from "./lib/disk_store.ts";

/// Not in TypeScript's library for pages.
interface SyncFile {
    read(into: Uint8Array, options: {at: number}): number;
    write(bytes: Uint8Array, options: {at: number}): number;
    truncate(size: number): void;
}
const filesMax = 8;

let file: SyncFile | null = null;
let end = 0;
let begin = 0;
const sizes: number[] = [];

async function open(): Promise<void> {
    const folder = await navigator.storage.getDirectory();
    for (let number = 1; number <= filesMax && !file; ++number) {
        const handle = await folder.getFileHandle(`unsent-${number}`, {create: true});
        file = await (handle as unknown as {createSyncAccessHandle(): Promise<SyncFile>}).createSyncAccessHandle().catch(() => null);
    }
    if (!file) throw new Error("no file is free");
    file.truncate(0);
}

function put(message: ArrayBuffer): void {
    if (!file) throw new Error("no file");
    const bytes = new Uint8Array(message);
    if (file.write(bytes, {at: end}) !== bytes.length) throw new Error("the disk is full");
    sizes.push(bytes.length);
    end += bytes.length;
}

function take(): ArrayBuffer {
    const size = sizes.shift();
    if (!file || size === undefined) throw new Error("nothing is stored");
    const bytes = new Uint8Array(size);
    if (file.read(bytes, {at: begin}) !== size) throw new Error("the file cannot be read");
    begin += size;
    if (begin === end) {
        file.truncate(0);
        begin = end = 0;
    }
    return bytes.buffer;
}

async function answer(asked: Asked): Promise<void> {
    try {
        if ("open" in asked) await open();
        else if ("put" in asked) put(asked.put);
        else {
            const message = take();
            return postMessage({id: asked.id, message} satisfies Answered, {transfer: [message]});
        }
        postMessage({id: asked.id} satisfies Answered);
    } catch (error) {
        postMessage({id: asked.id, error: String(error)} satisfies Answered);
    }
}

onmessage = ({data}: MessageEvent<Asked>) => void answer(data);
