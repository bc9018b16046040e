import { expect, it } from "vitest";
import { piecesIn } from "../texts.ts";

it("a text is parsed into pieces", () => {
  const text =
    "One *neuron*, **many** `copies`: [try it](set:window=3), or [read on](#v=1).\n\n- first\n- second *one*\n";
  expect(piecesIn(text)).toEqual([
    {
      element: "p",
      parts: [
        ...["One ", { element: "em", parts: ["neuron"] }, ", ", { element: "strong", parts: ["many"] }, " "],
        ...[{ element: "code", parts: ["copies"] }, ": ", { element: "a", href: "set:window=3", parts: ["try it"] }],
        ...[", or ", { element: "a", href: "#v=1", parts: ["read on"] }, "."],
      ],
    },
    {
      element: "ul",
      parts: [
        { element: "li", parts: ["first"] },
        { element: "li", parts: ["second ", { element: "em", parts: ["one"] }] },
      ],
    },
  ]);
});
