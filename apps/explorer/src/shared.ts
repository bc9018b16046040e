import type { ReadonlySignal } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { PanelProps } from "./panel.ts";
import type { Store } from "./store.ts";

/** The store of the page. */
export const StoreContext: ReturnType<typeof createContext<Store | undefined>> = createContext<Store | undefined>(
  undefined,
);

/** The state of another panel, whether that is shown or not: panels of one chapter may look at one thing. */
export function usePanelState<F>(id: string): PanelProps<F> {
  const store = useContext(StoreContext);
  if (store === undefined)
    throw new Error("A component that reads another panel's state needs a StoreContext above it.");
  return {
    state: store.state(id) as ReadonlySignal<never>,
    set: (change) => store.set(id, change),
  };
}
