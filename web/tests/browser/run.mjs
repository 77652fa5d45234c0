// Runs the browser tests one after the other: node tests/browser/run.mjs [NAME...]
import {spawnSync} from "node:child_process";
import {readdirSync} from "node:fs";
import path from "node:path";
import {fileURLToPath} from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const wanted = process.argv.slice(2);
const files = readdirSync(here).filter((name) => name.endsWith(".test.mjs"))
    .filter((name) => wanted.length === 0 || wanted.includes(name.replace(".test.mjs", "")));
let failed = 0;
for (const name of files) {
    const {status} = spawnSync(process.execPath, ["--test", path.join(here, name)], {stdio: "inherit", timeout: process.env.ST_EXHAUSTIVE ? 900_000 : 450_000});
    if (status !== 0) failed += 1;
}
process.exit(failed > 0 ? 1 : 0);
