import assert from "node:assert/strict";
import {test} from "node:test";
import {wallStreams} from "../src/lib/stream_url.ts";

const streams = (address: string) => {
    const query = new URL(address, "http://host/").searchParams;
    const shared = new URLSearchParams(query.get("token") ? {token: query.get("token") as string} : {});
    return wallStreams(query.get("paths") ?? "", shared).map(({path, proof}) => [path, proof.toString()]);
};

test("each stream of a wall may bring its own proof", () => {
    assert.deepEqual(streams("wall?paths=/camera/door?sign=17-ab,/camera/cellar?token=x,/live/x"),
                     [["/camera/door", "sign=17-ab"], ["/camera/cellar", "token=x"], ["/live/x", ""]]);
    assert.deepEqual(streams("wall?paths=/camera/door?sign=17-ab,/live/x&token=all"),
                     [["/camera/door", "sign=17-ab"], ["/live/x", "token=all"]], "the page's is for those without");
});

test("a proof may be written as an address is, whatever stands in it", () => {
    const item = encodeURIComponent(`/camera/door?token=${encodeURIComponent("a,b&c+d")}`);
    assert.deepEqual(streams(`wall?paths=${item},/live/x`), [["/camera/door", "token=a%2Cb%26c%2Bd"], ["/live/x", ""]]);
});

test("what is no stream, or is there already, is left out", () => {
    assert.deepEqual(streams("wall?paths=door,/live/x, /live/x,/live/y?evil=1,,/live"), [["/live/x", ""], ["/live/y", ""]]);
    assert.deepEqual(streams("wall"), []);
});
