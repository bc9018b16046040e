import type { ReadonlySignal } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { PanelProps } from "./panel.ts";
import type { Store } from "./store.ts";

/** The store of the page. */
export const StoreContext: ReturnType<typeof createContext<Store | undefined>> = createContext<Store | undefined>(
  undefined,
);

/** The state of another panel, shown or not. Panels of a chapter may share a part of their state. */
export function usePanelState<F>(id: string): PanelProps<F> {
  const store = useContext(StoreContext);
  if (store === undefined) throw new Error("usePanelState needs a StoreContext above the component");
  return {
    state: store.state(id) as ReadonlySignal<never>,
    set: (change) => store.set(id, change),
  };
}
