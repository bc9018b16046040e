import { render } from "preact";
import { Article } from "./article/Article.tsx";
import { Compute } from "./compute/compute.ts";
import { followTheme } from "./draw/theme.ts";
import { panels } from "./panels/panels.ts";
import { Store } from "./store.ts";

/** The page as it runs, and how to end it. */
export interface Mounted {
  readonly store: Store;
  end(): void;
}

/** Puts the page into an element, with a store on the address and a worker to compute. */
export function mount(root: HTMLElement, compute: Compute = new Compute()): Mounted {
  const store = new Store(panels, window);
  const endTheme = followTheme(document.documentElement);
  render(<Article panels={panels} store={store} compute={compute} />, root);
  return {
    store,
    end: () => {
      render(null, root);
      endTheme();
    },
  };
}
