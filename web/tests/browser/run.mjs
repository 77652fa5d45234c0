// Runs the browser tests one after the other: node tests/browser/run.mjs [NAME...]
import {spawnSync} from "node:child_process";
import {readdirSync} from "node:fs";
import path from "node:path";
import {fileURLToPath} from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const wanted = process.argv.slice(2);
const files = readdirSync(here).filter((name) => name.endsWith(".test.mjs"))
    .filter((name) => wanted.length === 0 || wanted.includes(name.replace(".test.mjs", "")));
const {status} = spawnSync(process.execPath, ["--test", "--test-concurrency=1", "--test-timeout=120000",
    ...files.map((name) => path.join(here, name))], {stdio: "inherit"});
process.exit(status ?? 1);
