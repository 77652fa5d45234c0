/// A file of the browser's own for this page (the origin private file system), behind a worker: only there may it be
/// written at once.

import type {Store} from "./outbox.ts";

type Question = {open: true} | {put: ArrayBuffer; number: number} | {get: number} | {forget: number} | {close: true};
export type Asked = {id: number} & Question;
export type Answered = {id: number; error: string} | {id: number; message: ArrayBuffer} | {id: number};

/// So long the worker may take to come and to open its file.
const openMs = 10_000;

export async function openDiskStore(): Promise<Store> {
    const worker = new Worker("web/store_worker.js");
    const waiting = new Map<number, {resolve: (answer: Answered) => void; reject: (error: Error) => void}>();
    let last = 0;
    worker.onmessage = ({data}: MessageEvent<Answered>) => {
        const asker = waiting.get(data.id);
        waiting.delete(data.id);
        if ("error" in data) asker?.reject(new Error(data.error));
        else asker?.resolve(data);
    };
    let isOver = false;
    const end = () => {
        isOver = true;
        worker.terminate();
        for (const asker of waiting.values()) asker.reject(new Error("the worker has ended"));
        waiting.clear();
    };
    worker.onerror = end;
    const ask = (what: Question) => new Promise<Answered>((resolve, reject) => {
        if (isOver) return reject(new Error("the worker has ended"));
        last += 1;
        waiting.set(last, {resolve, reject});
        worker.postMessage({id: last, ...what}, "put" in what ? [what.put] : []);
    });
    const limit = setTimeout(end, openMs);
    try {
        await ask({open: true});
    } catch (error) {
        end();
        throw error;
    } finally {
        clearTimeout(limit);
    }
    return {
        put: async (number, message) => void await ask({put: message, number}),
        get: async (number) => {
            const answer = await ask({get: number});
            if (!("message" in answer)) throw new Error("nothing is stored");
            return answer.message;
        },
        forget: (below) => void ask({forget: below}).catch(() => undefined),
        close: () => void ask({close: true}).catch(() => undefined).then(end),
    };
}
