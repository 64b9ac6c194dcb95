/**
 * protobuf's Struct takes a value apart into an object for each number and text of it, and puts it together again at the other end. This one
 * keeps the value as it is, which is what a line of JSON needs (calls.cjs); for plugins it makes the real one.
 */

/** @typedef {import("google-protobuf/google/protobuf/struct_pb.js").Struct} Struct */
/** @typedef {{ [key: string]: import("google-protobuf/google/protobuf/struct_pb.js").JavaScriptValue }} Properties */

const { FLOAT, SIGNATURE } = require("../signatures.cjs");

/**
 * The value as a Struct would give it back: with its keys in order, since a provider may depend on that, and of an object of any class what it
 * has of its own. What no Struct can hold is an error; a number that JSON cannot hold is marked, for the engine to refuse.
 * @param {unknown} value
 * @returns {unknown} The value itself if nothing is to be changed.
 */
function inOrder(value) {
  if (typeof value === "string" || typeof value === "boolean" || value === null) return value;
  if (typeof value === "number") {
    return Number.isFinite(value) ? value : { [SIGNATURE]: FLOAT, value: String(value) };
  }
  if (typeof value !== "object") throw new Error(`Unexpected struct type: ${typeof value}`);
  if (Array.isArray(value)) {
    const items = value.map(inOrder);
    return items.every((item, index) => item === value[index]) ? value : items;
  }
  const entries = Object.entries(value);
  // An object of a class may tell JSON something else, as a Date does.
  let isInOrder = Object.getPrototypeOf(value) === Object.prototype;
  let before = "";
  for (const entry of entries) {
    const child = inOrder(entry[1]);
    if (child !== entry[1] || entry[0] < before) isInOrder = false;
    [before] = entry;
    entry[1] = child;
  }
  return isInOrder ? value : Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * @param {typeof import("google-protobuf/google/protobuf/struct_pb.js")} real
 * @returns {typeof import("google-protobuf/google/protobuf/struct_pb.js").Struct}
 */
function lightStruct(real) {
  return class LightStruct extends real.Struct {
    /**
     * As a message is made of the array that it keeps; the types do not know that.
     * @param {unknown} value
     * @returns {LightStruct}
     */
    static of(value) {
      return Reflect.construct(LightStruct, [[value]]);
    }

    /**
     * @override
     * @param {Properties} value
     */
    static fromJavaScript(value) {
      return LightStruct.of(inOrder(value));
    }

    /** @override */
    toJavaScript() {
      return /** @type {Properties} */ (this.toArray()[0] ?? {});
    }

    /** The real one, for whatever wants more than the value. */
    real() {
      return real.Struct.fromJavaScript(this.toJavaScript());
    }

    /** @override */
    getFieldsMap() {
      return this.real().getFieldsMap();
    }

    /** @override */
    serializeBinary() {
      return this.real().serializeBinary();
    }

    /**
     * @override
     * @param {boolean} includeInstance
     * @param {LightStruct} message
     */
    static toObject(includeInstance, message) {
      return real.Struct.toObject(includeInstance, message.real());
    }

    /**
     * @override
     * @param {LightStruct} message
     * @param {import("google-protobuf").BinaryWriter} writer
     */
    static serializeBinaryToWriter(message, writer) {
      real.Struct.serializeBinaryToWriter(message.real(), writer);
    }

    /**
     * @override
     * @param {LightStruct} message
     * @param {import("google-protobuf").BinaryReader} reader
     */
    static deserializeBinaryFromReader(message, reader) {
      message.toArray()[0] = real.Struct.deserializeBinaryFromReader(
        new real.Struct(),
        reader,
      ).toJavaScript();
      return message;
    }

    /**
     * @override
     * @param {Uint8Array} bytes
     */
    static deserializeBinary(bytes) {
      return LightStruct.of(real.Struct.deserializeBinary(bytes).toJavaScript());
    }
  };
}

module.exports = { lightStruct };
