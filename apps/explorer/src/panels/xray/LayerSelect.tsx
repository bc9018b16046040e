import type { LayerMaps } from "../../compute/takeApart.ts";
import { Select } from "../../controls/Choice.tsx";
import { titleOf } from "./model.ts";

/** Selects a layer of the net, from 1. */
export function LayerSelect(props: {
  readonly layers: readonly LayerMaps[];
  readonly value: number;
  readonly set: (change: { readonly layer: number }) => void;
}) {
  const names = props.layers.map((layer, i) => `${i + 1}. ${titleOf(layer)}`);
  return (
    <Select
      label="Layer"
      options={names.map((_, i) => i + 1)}
      value={props.value}
      onChange={(layer) => props.set({ layer })}
      nameOf={(layer) => names[layer - 1] ?? ""}
    />
  );
}
