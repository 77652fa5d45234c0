import assert from "node:assert/strict";
import {test} from "node:test";
import {commonInstant, StepQueue} from "../src/lib/step.ts";

class Picture {
    isClosed = false;
    close(): void {
        this.isClosed = true;
    }
}

test("the common instant is the newest that all have, but nobody waits for a tile that is dead", () => {
    assert.equal(commonInstant([5_000_000, 5_040_000, 4_980_000]), 4_980_000);
    assert.equal(commonInstant([5_000_000, 2_000_000]), 5_000_000);
    assert.equal(commonInstant([5_000_000]), 5_000_000);
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
