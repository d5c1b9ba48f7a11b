// Reads "Flight.bin" where a program asks for "Flight.proto": the same descriptors, as the server's reflection gives them.
const fs = require("node:fs");
const loader = require("@grpc/proto-loader");

loader.loadSync = (name, options) =>
  loader.loadFileDescriptorSetFromBuffer(fs.readFileSync(name.replace(/\.proto$/, ".bin")), options);
