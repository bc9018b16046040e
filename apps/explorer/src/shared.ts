import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { panelProps, type PanelProps } from "./controls/panelProps.tsx";
import type { Store } from "./store.ts";

/** The store of the page. */
export const StoreContext = createContext<Store | undefined>(undefined);

/** The properties of another panel, shown or not. Panels of a chapter may share a part of their state. */
export function usePanel<F extends object>(id: string, fields: F): PanelProps<F> {
  const store = useContext(StoreContext);
  if (store === undefined) throw new Error("usePanel needs a StoreContext above the component");
  return panelProps(fields, store.state(id) as PanelProps<F>["signal"], (change) => store.set(id, change));
}
