import { render } from "preact";
import { Article } from "./article/Article.tsx";
import { Compute } from "./compute/compute.ts";
import { followTheme } from "./draw/theme.ts";
import { panels } from "./panels/panels.ts";
import { Store } from "./store.ts";

/** The running page, and a function that ends it. */
export interface Mounted {
  readonly store: Store;
  end(): void;
}

/** Renders the page into an element, with a store for the address and a worker that computes. */
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
