import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { PanelProps } from "../controls/panelProps.tsx";

type View<F> = (props: PanelProps<F>) => JSX.Element;

/** A view whose code is loaded when it is first shown. If that fails, the panel shows the error. */
export function lazyView<F extends object>(load: () => Promise<View<F>>): View<F> {
  return function LazyView(props: PanelProps<F>) {
    const loaded = useSignal<{ readonly View: View<F> } | undefined>(undefined);
    const error = useSignal<unknown>(undefined);
    useEffect(() => {
      load().then(
        (View) => (loaded.value = { View }),
        (reason: unknown) => (error.value = reason),
      );
    }, []);
    if (error.value !== undefined) throw error.value;
    if (loaded.value === undefined) return <div class="coming" />;
    const { View } = loaded.value;
    return <View {...props} />;
  };
}
