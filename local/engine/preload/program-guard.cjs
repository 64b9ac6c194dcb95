/**
 * Loaded into the program before anything else. A program whose engine was killed before it had connected would try to for ever. The
 * engine holds the other end of this pipe open and never writes to it: when it ends, the engine is gone, and the program has nothing to save.
 */
const { Socket } = require("node:net");

const engine = new Socket({ fd: 3 });
const leave = () => process.exit(1);
engine.on("error", leave).on("end", leave).resume().unref();
