import assert from "node:assert/strict";
import {test} from "node:test";
import {commonInstant, StepQueue} from "../src/lib/step.ts";

class Picture {
    isClosed = false;
    close(): void {
        this.isClosed = true;
    }
}

const tiles = (...newestUs: number[]) => newestUs.map((newest) => ({newestUs: newest, dueUs: -Infinity}));

test("the common instant is the newest that all have, but nobody waits for a tile that is dead", () => {
    assert.equal(commonInstant(tiles(5_000_000, 5_040_000, 4_980_000, -Infinity)), 4_980_000);
    assert.equal(commonInstant(tiles(5_000_000, 2_000_000)), 5_000_000);
    assert.equal(commonInstant(tiles(5_000_000)), 5_000_000);
});

/** What tiles of these delays show of pictures that are taken each 33 ms, as often as a screen is drawn. */
function play(delaysMs: readonly number[], seconds = 5): {shown: number; behindMs: number}[] {
    const played = delaysMs.map((delayMs) => ({delayMs, queue: new StepQueue<Picture>(), next: 0, shown: 0, behindMs: 0}));
    for (let nowMs = 0; nowMs < seconds * 1000; nowMs += 16) {
        for (const tile of played) {
            for (; tile.next * 33 + tile.delayMs <= nowMs; ++tile.next) tile.queue.push(new Picture(), tile.next * 33_000);
        }
        const instant = commonInstant(played.map(({queue}) => queue));
        for (const tile of played) {
            const found = Number.isFinite(instant) ? tile.queue.take(instant) : null;
            if (!found) continue;
            tile.shown += 1;
            tile.behindMs = (instant - found.atUs) / 1000;
        }
    }
    return played;
}

test("tiles of unequal delays are in step while there is room for what waits", () => {
    for (const tile of play([0, 50, 300])) assert.ok(tile.shown > 120 && tile.behindMs < 33, JSON.stringify([tile.shown, tile.behindMs]));
});

test("a tile that is later than there is room for holds up no other", () => {
    for (const late of [450, 600, 1500, 1990]) {
        const [quick, other, slow] = play([0, 40, late]) as [{shown: number; behindMs: number}, {shown: number; behindMs: number}, {shown: number; behindMs: number}];
        assert.ok(quick.shown > 100 && other.shown > 100 && slow.shown > 80, `${late}: ${[quick.shown, other.shown, slow.shown].join()}`);
        assert.ok(quick.behindMs < 33 && other.behindMs < 33 && slow.behindMs >= late - 450, `${late}: ${slow.behindMs}`);
    }
});

test("a tile shows the picture of the instant and gives older ones back", () => {
    const queue = new StepQueue<Picture>();
    const pictures = [40, 120, 80, 160].map((atUs) => {
        const picture = new Picture();
        queue.push(picture, atUs);
        return picture;
    });
    assert.equal(queue.newestUs, 160);
    const taken = queue.take(125);
    assert.equal(taken?.atUs, 120);
    assert.deepEqual(pictures.map((picture) => picture.isClosed), [true, false, true, false]);
    assert.equal(queue.take(125), null, "it is shown already");
    queue.clear();
    assert.ok(pictures[3]!.isClosed);
});

test("no more pictures wait than a decoder can miss", () => {
    const queue = new StepQueue<Picture>();
    const pictures = Array.from({length: 30}, (_, i) => {
        const picture = new Picture();
        queue.push(picture, i);
        return picture;
    });
    assert.equal(pictures.filter((picture) => !picture.isClosed).length, 12);
    assert.ok(!pictures[29]!.isClosed);
});
