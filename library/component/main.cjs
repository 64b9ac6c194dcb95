// What Pulumi's language host loads, by package.json. Plain JavaScript: in the repository the rest is TypeScript, which the host would
// compile itself, in an older dialect, if it was required.
const { existsSync } = require("node:fs");
const path = require("node:path");

module.exports = () => import(existsSync(path.join(__dirname, "host.ts")) ? "./host.ts" : "./host.js");
