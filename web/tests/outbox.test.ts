import assert from "node:assert/strict";
import {test} from "node:test";
import {Outbox, type Store} from "../src/lib/outbox.ts";

class Line {
    bufferedAmount = 0;
    got: number[] = [];
    send(message: ArrayBuffer): void {
        this.got.push(new Uint8Array(message)[0]!);
    }
}

class FakeDisk implements Store {
    messages = new Map<number, ArrayBuffer>();
    isFull = false;
    isBroken = false;
    isClosed = false;
    async put(number: number, message: ArrayBuffer): Promise<void> {
        if (this.isFull) throw new Error("full");
        this.messages.set(number, message);
    }
    async get(number: number): Promise<ArrayBuffer> {
        const message = this.messages.get(number);
        if (!message || this.isBroken) throw new Error("nothing is stored");
        return message;
    }
    forget(below: number): void {
        for (const number of this.messages.keys()) if (number < below) this.messages.delete(number);
    }
    close(): void {
        this.isClosed = true;
    }
}

const message = (seq: number) => Uint8Array.from([seq & 0xff, 1, 2, 3, 4, 5, 6, 7, 8, 9]).buffer;
const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

test("what was not acknowledged is sent again on the next connection, and nothing else", () => {
    const outbox = new Outbox(async () => new FakeDisk());
    const first = new Line();
    outbox.connect(first);
    for (let seq = 0; seq < 5; ++seq) outbox.add(seq, message(seq));
    assert.deepEqual(first.got, [0, 1, 2, 3, 4]);
    outbox.received(1);
    assert.equal(outbox.first, 2);
    outbox.connect(null);
    outbox.add(5, message(5));
    assert.equal(outbox.waiting, 4);
    const second = new Line();
    outbox.received(2);
    outbox.connect(second);
    assert.deepEqual(second.got, [3, 4, 5]);
    outbox.received(5);
    assert.deepEqual([outbox.first, outbox.isAllSent, outbox.waiting, outbox.sent], [null, true, 0, 6], "six pictures, two of them twice");
});

test("a slow connection is not given more than it takes", () => {
    const outbox = new Outbox(async () => new FakeDisk());
    const line = new Line();
    outbox.connect(line);
    line.bufferedAmount = 3 * 1024 * 1024;
    outbox.add(0, message(0));
    assert.deepEqual([line.got, outbox.isAllSent, outbox.waitingBytes], [[], false, 10]);
    line.bufferedAmount = 0;
    outbox.pump();
    assert.deepEqual(line.got, [0]);
});

test("what memory does not hold waits on the disk, in order", async () => {
    const disk = new FakeDisk();
    const outbox = new Outbox(async () => disk, 40);
    for (let seq = 250; seq < 262; ++seq) outbox.add(seq, message(seq));
    await settled();
    assert.equal(disk.messages.size, 8);
    assert.equal(outbox.waitingBytes, 120);
    const line = new Line();
    outbox.connect(line);
    for (let seq = 250; seq < 262; ++seq) {
        outbox.received(seq);
        await settled();
    }
    assert.deepEqual(line.got, [250, 251, 252, 253, 254, 255, 0, 1, 2, 3, 4, 5]);
    assert.deepEqual([outbox.isAllSent, outbox.lost, disk.messages.size], [true, 0, 0]);
    outbox.close();
    await settled();
    assert.ok(disk.isClosed);
});

test("what is on the disk goes out as fast as the connection takes it, however seldom the server acknowledges", async () => {
    const disk = new FakeDisk();
    const outbox = new Outbox(async () => disk, 15);
    for (let seq = 0; seq < 6; ++seq) outbox.add(seq, message(seq));
    const line = new Line();
    outbox.connect(line);
    await settled();
    assert.deepEqual([line.got, outbox.waiting], [[0, 1, 2, 3, 4, 5], 0]);
    // More comes meanwhile, which memory does not hold either.
    outbox.add(6, message(6));
    assert.equal(line.got.at(-1), 6);
    await settled();
    assert.equal(disk.messages.size, 6);
    // Only now is it known to be safe: memory has room again.
    outbox.received(6);
    await settled();
    assert.deepEqual([disk.messages.size, outbox.first], [0, null]);
    outbox.add(7, message(7));
    await settled();
    assert.deepEqual([disk.messages.size, line.got.at(-1), outbox.isAllSent, outbox.lost], [0, 7, true, 0]);
});

test("what was sent from the disk is sent again on the next connection, unless it was acknowledged", async () => {
    const disk = new FakeDisk();
    const outbox = new Outbox(async () => disk, 25);
    for (let seq = 0; seq < 6; ++seq) outbox.add(seq, message(seq));
    const first = new Line();
    outbox.connect(first);
    await settled();
    outbox.connect(null);
    outbox.received(3);
    assert.equal(outbox.first, 4);
    const second = new Line();
    outbox.connect(second);
    // A third comes while the disk is read for the second.
    const third = new Line();
    outbox.connect(third);
    await settled();
    assert.deepEqual([first.got, second.got, third.got], [[0, 1, 2, 3, 4, 5], [], [4, 5]]);
    assert.deepEqual([outbox.isAllSent, outbox.lost], [true, 0]);
});

test("what the disk does not give back is lost, counted, and holds up nothing", async () => {
    const disk = new FakeDisk();
    const outbox = new Outbox(async () => disk, 25);
    for (let seq = 0; seq < 5; ++seq) outbox.add(seq, message(seq));
    await settled();
    disk.isBroken = true;
    const line = new Line();
    outbox.connect(line);
    await settled();
    outbox.received(1);
    outbox.add(5, message(5));
    assert.deepEqual([line.got, outbox.lost, outbox.isAllSent, outbox.first], [[0, 1, 5], 3, true, 5]);
});

test("a disk that is full, or none, loses what it cannot take, and that is counted", async () => {
    const disk = new FakeDisk();
    disk.isFull = true;
    for (const open of [async () => disk, async () => { throw new Error("none"); }]) {
        const outbox = new Outbox(open, 40);
        for (let seq = 0; seq < 6; ++seq) outbox.add(seq, message(seq));
        await settled();
        const line = new Line();
        outbox.connect(line);
        assert.deepEqual([outbox.lost, line.got], [2, [0, 1, 2, 3]]);
    }
});

test("the disk is opened before anything has to go there, and closed with what lies on it", async () => {
    const disk = new FakeDisk();
    let opened = 0;
    const outbox = new Outbox(async () => {
        opened += 1;
        return disk;
    }, 5);
    assert.equal(opened, 1, "by then the network may have failed");
    outbox.add(0, message(0));
    outbox.close();
    await settled();
    assert.deepEqual([opened, disk.isClosed], [1, true]);
});

test("numbers run over", () => {
    const outbox = new Outbox(async () => new FakeDisk());
    outbox.add(0xffffffff, message(255));
    outbox.add(0, message(0));
    outbox.received(0xffffffff);
    assert.equal(outbox.first, 0);
    outbox.received(0);
    assert.equal(outbox.first, null);
});
