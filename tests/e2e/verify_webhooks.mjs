// Reads {"secret","headers","body"}, one a line, and holds each against the reference library of Standard Webhooks;
// `npm ci` in web/ installs it. Prints the parsed bodies, one a line; ends with 1 at the first that is not right.
import {createInterface} from "node:readline";
import {createRequire} from "node:module";

const require = createRequire(new URL("../../web/package.json", import.meta.url));
const {Webhook} = require("standardwebhooks");

for await (const line of createInterface({input: process.stdin})) {
    const {secret, headers, body} = JSON.parse(line);
    console.log(JSON.stringify(new Webhook(secret).verify(body, headers)));
}
