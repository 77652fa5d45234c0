// Reads the MCAP file named by its argument with the reference library @mcap/core, by its index; `npm ci` in web/
// installs it. Prints one JSON object: schemas, channels and statistics, and of each message in the order of log times
// its topic, sequence, log time and the SHA-256 of its data.
import {createHash} from "node:crypto";
import {open} from "node:fs/promises";
import {createRequire} from "node:module";

const require = createRequire(new URL("../../web/package.json", import.meta.url));
const {McapIndexedReader, McapStreamReader} = require("@mcap/core");

const file = await open(process.argv[2]);
const {size} = await file.stat();
const readable = {
    size: async () => BigInt(size),
    read: async (offset, length) => {
        const {buffer, bytesRead} = await file.read(new Uint8Array(Number(length)), 0, Number(length), Number(offset));
        if (bytesRead !== Number(length)) throw new Error(`only ${bytesRead} of ${length} bytes at ${offset}`);
        return buffer;
    },
};
const reader = await McapIndexedReader.Initialize({readable});
const messages = [];
for await (const message of reader.readMessages()) {
    messages.push({
        topic: reader.channelsById.get(message.channelId).topic,
        sequence: message.sequence,
        log_time: String(message.logTime),
        sha256: createHash("sha256").update(message.data).digest("hex"),
    });
}
// Once more from its beginning to its end, checksums included.
const stream = new McapStreamReader({validateCrcs: true});
stream.append(await readable.read(0n, BigInt(size)));
let streamed = 0;
for (let record; (record = stream.nextRecord()) !== undefined;) streamed += record.type === "Message" ? 1 : 0;
if (!stream.done()) throw new Error("the file has no end");
console.log(JSON.stringify({
    schemas: [...reader.schemasById.values()].map(({name, encoding}) => ({name, encoding})),
    channels: [...reader.channelsById.values()].map(({topic, messageEncoding}) => ({topic, messageEncoding})),
    message_count: String(reader.statistics.messageCount),
    messages,
    streamed,
}));
