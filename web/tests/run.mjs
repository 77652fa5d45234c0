// Builds the unit tests into a folder and runs them: node tests/run.mjs OUT
import {spawnSync} from "node:child_process";
import {readdirSync} from "node:fs";
import path from "node:path";

const out = path.resolve(process.argv[2] ?? "../build/web-tests");
const run = (...args) => {
    const {status} = spawnSync(process.execPath, args, {stdio: "inherit"});
    if (status !== 0) process.exit(status ?? 1);
};
run("build.mjs", "--tests", out);
run("--test", ...readdirSync(out).filter((name) => name.endsWith(".mjs")).map((name) => path.join(out, name)));
