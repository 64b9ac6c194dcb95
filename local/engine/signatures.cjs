/**
 * How Pulumi marks values that JSON does not have: by an object with a signature. JavaScript, since rpc/light-struct.cjs needs it where no
 * TypeScript is loaded yet.
 */

/** The property that holds the signature. */
exports.SIGNATURE = "4dabf18193072939515e22adb298388d";
/** A number that JSON does not have. */
exports.FLOAT = "8ad145fe-0d11-4827-bfd7-1abcbf086f5c";
