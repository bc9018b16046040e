import { writeSafetensors } from "@convlens/layers";
import { zipSync } from "fflate";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inspectFile } from "../src/index.ts";
import { onnxBytes } from "./onnxBytes.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const latin = (value: string): Uint8Array => Uint8Array.from(value, (letter) => letter.charCodeAt(0));
const json = (value: unknown): Uint8Array => text(JSON.stringify(value));
const zip = (...names: string[]): Uint8Array =>
  zipSync(Object.fromEntries(names.map((name) => [name, text("content")])));

const model = onnxBytes({
  inputs: { image: ["n", 3, 8, 8] },
  weights: {
    w: { shape: [4, 3, 1, 1], values: Array<number>(12).fill(0) },
    far: { shape: [2], values: [], external: { location: "net.bin" } },
  },
  nodes: [
    ["Conv", ["image", "w"], ["a"]],
    ["Conv", ["image", "w"], ["b"]],
    ["TopK", ["a", "b"], ["y"]],
  ],
  outputs: ["y"],
});

describe("inspectFile", () => {
  it.each([
    ["onnx", model],
    ["safetensors", writeSafetensors(new Map([["w", { shape: [2], values: Float32Array.of(1, 2) }]]))],
    ["safetensors index", json({ metadata: {}, weight_map: { a: "model-1.safetensors" } })],
    ["tfjs layers-model", json({ format: "layers-model", modelTopology: { model_config: {} }, weightsManifest: [] })],
    ["tfjs layers-model", json({ modelTopology: { class_name: "Sequential" } })],
    ["tfjs layers-model", json({ modelTopology: "text" })],
    ["safetensors index", json({ weight_map: null })],
    ["tfjs graph-model", json({ format: "graph-model", modelTopology: { node: [] } })],
    ["keras", zip("metadata.json", "config.json", "model.weights.h5")],
    ["pytorch", zip("archive/data.pkl", "archive/data/0", "archive/version")],
    ["npz", zip("images.npy", "labels.npy")],
    ["hdf5", latin("\x89HDF\r\n\x1a\n....")],
    ["pickle", latin("\x80\x02\x8a\nl\xfc\x9cF")],
    ["tflite", latin("\x1c\0\0\0TFL3....")],
    ["npy", latin("\x93NUMPY\x01\0v\0{}")],
    ["git-lfs pointer", text("version https://git-lfs.github.com/spec/v1\noid sha256:1\n")],
    ["web page", text("<!DOCTYPE html><title>404</title>")],
    ["gzip", latin("\x1f\x8b\x08\0")],
    ["empty", new Uint8Array()],
    ["damaged", model.subarray(0, 200)],
    ["damaged", zip("a.npy").subarray(0, 40)],
    ["damaged", text('{"modelTopology": ')],
    ["unknown", zip("readme.txt")],
    ["unknown", text("hello, world, this is a text")],
    ["unknown", json({ name: "package" })],
  ])("recognizes %s", (kind, bytes) => {
    const found = inspectFile(bytes);
    expect(found.kind).toBe(kind);
    expect(found.about.length).toBeGreaterThan(5);
    expect(found.advice.length).toBeGreaterThan(5);
  });

  it("lists what an ONNX model needs", () => {
    expect(inspectFile(model)).toEqual({
      kind: "onnx",
      about: "an ONNX model of test writer 1.0, version 17 of the operators, with 3 nodes",
      advice: "cut it before TopK, which cannot be read, by the option outputs of importOnnx",
      model: {
        producer: "test writer 1.0",
        opset: 17,
        operators: [
          { name: "Conv", count: 2, supported: true },
          { name: "TopK", count: 1, supported: false },
        ],
        inputs: [{ name: "image", type: "float32", shape: ["n", 3, 8, 8] }],
        outputs: [{ name: "y", type: "float32", shape: undefined }],
        weights: { tensors: 2, numbers: 14 },
        external: ["net.bin"],
      },
    });
  });

  it("says something of any bytes", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.constantFrom("", "PK\x03\x04", "{", "\x08\x08", "\x40\0\0\0\0\0\0\0{"),
        (bytes, start) => {
          const found = inspectFile(Uint8Array.from([...latin(start), ...bytes]));
          expect(typeof found.about).toBe("string");
        },
      ),
    );
  });
});
