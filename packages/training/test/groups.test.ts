import { Variable } from "@convlens/tensor";
import { expect, it } from "vitest";
import { learningParameters } from "../src/groups.ts";

const parameters = new Map(
  ["stem.filters", "stem.bias", "body.0.filters", "body.0.bias", "body.1.filters", "head.weights"].map((path) => [
    path,
    new Variable([0], [1]),
  ]),
);
const learning = (match: RegExp): string[] =>
  learningParameters(parameters, [{ match, frozen: true }], 1).map(({ path }) => path);

it.each(["", "g", "y", "gy", "gi"])(
  "a pattern with the flags %o freezes all paths that match, in every call",
  (flags) => {
    const plain = [...parameters.keys()].filter((path) => !/^[a-z.\d]*filters/.test(path));
    const pattern = new RegExp("^[a-z.\\d]*filters", flags);
    for (let again = 0; again < 3; again++) expect(learning(pattern)).toEqual(plain);
    // A pattern that was used before.
    pattern.exec("stem.filters");
    expect(learning(pattern)).toEqual(plain);
  },
);
